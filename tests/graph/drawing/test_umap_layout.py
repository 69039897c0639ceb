"""Places on a sheet: what is near stays near, and the same seed draws the same map."""

import numpy as np
import pytest

from earshot.graph.drawing.umap_layout import landmark_layout, map_layout
from library_world import random_units

# Compiling UMAP's loops takes some seconds, once in a process.


@pytest.fixture(scope="module")
def heaps():
    """Three heaps of 20 around three axes of eight: cosines of about 1 within, of about 0 between."""
    middles = np.repeat(np.eye(8)[:3], 20, axis=0)
    return middles + 0.05 * np.random.default_rng(1).standard_normal((60, 8))


@pytest.fixture(scope="module")
def places(heaps):
    return map_layout(heaps, seed=3)


def test_heaps_stay_heaps(places):
    heap = np.repeat([0, 1, 2], 20)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    same = heap[:, None] == heap[None]
    assert places.shape == (60, 2) and places.dtype == np.float32
    assert distances[same].max() < distances[~same].min(), "each is nearer to all of its own than to any other"


def test_the_same_seed_is_the_same_map(heaps, places):
    assert (map_layout(heaps, seed=3) == places).all()
    assert (map_layout(heaps, seed=4) != places).any()


def test_only_the_direction_counts(heaps, places):
    lengths = 2.0 ** np.random.default_rng(2).integers(-3, 4, (60, 1))  # powers of two change no digit
    assert (map_layout(heaps * lengths, seed=3) == places).all()


def test_a_map_leaves_the_callers_randomness_alone(heaps, places):
    np.random.seed(5)
    expected = np.random.default_rng(5), np.random.random()
    np.random.seed(5)
    map_layout(heaps)
    assert np.random.random() == expected[1]


@pytest.mark.parametrize("n", range(8))
def test_few_tracks_have_places_too(rng, n):
    places = map_layout(random_units(rng, n, 3))
    assert places.shape == (n, 2) and np.isfinite(places).all()
    assert len(np.unique(places, axis=0)) == n, "nobody lies under another"


@pytest.mark.parametrize("n", [3, 20])
def test_copies_and_silence_have_places(n):
    places = map_layout(np.vstack([np.ones((n, 4)), np.zeros((1, 4))]))
    assert np.isfinite(places).all() and len(np.unique(places, axis=0)) == n + 1


def test_vectors_of_one_number(rng):
    assert np.isfinite(map_layout(rng.standard_normal((9, 1)))).all()


def test_three_lie_as_they_are_seen_from_where_they_spread_most():
    """Two opposite and one between: on the first axis at -1, 0 and 1, the third off to a side of the second."""
    places = map_layout(np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0]]))
    # the sheet is 10 wide, so x is 5, -5, 0; y has its mean, 1/3, taken off: -1/3, -1/3, 2/3 times 5
    assert places == pytest.approx(np.array([[5, -5 / 3], [-5, -5 / 3], [0, 10 / 3]]), abs=0.01)


def test_the_others_come_to_lie_among_their_landmarks(heaps):
    heap = np.repeat([0, 1, 2], 20)
    placed = landmark_layout(heaps, 30, seed=3)
    distances = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert placed.shape == (60, 2) and placed.dtype == np.float32
    assert (heap[distances.argmin(axis=1)] == heap).all()
    assert len(np.unique(placed, axis=0)) == 60, "none hides another"


def test_few_vectors_are_all_landmarks(heaps, places):
    assert (landmark_layout(heaps, 60, seed=3) == places).all()
