"""Paths: by hand, against all paths of a small world, and where rules leave no way."""

from itertools import permutations

import numpy as np
import pytest

from earshot.index.playlists import path_search
from earshot.index.playlists.artist_spacing import ArtistRows
from earshot.index.playlists.path_search import angles, find_path
from library_world import at, random_units


def search(vectors, first, last, k, artists=None, spacing=0, **options):
    artists = ArtistRows(artists or [set()] * len(vectors))
    options = {"candidates": np.ones(len(vectors), dtype=bool)} | options
    return find_path(vectors, first, last, k, artists=artists, spacing=spacing, **options)


def cost(vectors, rows):
    return float(np.sum(angles(np.sum(vectors[rows[1:]] * vectors[rows[:-1]], axis=1)) ** 4))


def test_even_steps_by_hand():
    vectors = np.stack([at(degrees) for degrees in (0, 5, 27, 31, 60, 62, 90)])
    assert search(vectors, 0, 6, 4).rows == [0, 3, 4, 6]  # 31, 29 and 30 degrees, not 27, 33 and 30
    assert search(vectors, 6, 0, 2).rows == [6, 0]
    assert search(vectors, 0, 6, 7).rows == [0, 1, 2, 3, 4, 5, 6]


def test_a_leap_costs_more_than_two_steps():
    # From 0 to 80 with one track between: 40 and 40 cost 2 x 40^4, 5 and 75 cost six times that.
    vectors = np.stack([at(degrees) for degrees in (0, 5, 40, 80)])
    assert search(vectors, 0, 3, 3).rows == [0, 2, 3]


@pytest.mark.parametrize("k", [3, 4, 5])
def test_no_path_of_a_small_world_is_better(rng, k):
    vectors = random_units(rng, 9, 4)
    best = min(cost(vectors, [0, *inner, 8]) for inner in permutations(range(1, 8), k - 2))
    assert cost(vectors, search(vectors, 0, 8, k).rows) == pytest.approx(best, rel=1e-5)


def test_rules_of_artists_are_kept(rng):
    vectors = random_units(rng, 40, 3)
    artists = [{f"artist {row % 8}"} for row in range(40)]
    found = search(vectors, 0, 9, 10, artists, spacing=3)
    names = [row % 8 for row in found.rows]
    assert found.spacing == 3 and len(set(found.rows)) == 10
    assert all(len(set(names[start : start + 4])) == 4 for start in range(7)), names


def test_ends_of_one_artist_are_no_obstacle(rng):
    vectors = random_units(rng, 12, 3)
    found = search(vectors, 0, 11, 4, [{"air"}, *[{str(row)} for row in range(10)], {"air"}], spacing=5)
    assert found.spacing == 5 and len(found.rows) == 4


def test_where_artists_are_too_few_they_come_again_sooner(rng):
    vectors = random_units(rng, 20, 3)
    two = search(vectors, 0, 19, 8, [{f"artist {row % 2}"} for row in range(20)], spacing=4)
    assert two.spacing == 1 and [row % 2 for row in two.rows] == [0, 1] * 4
    one = search(vectors, 0, 19, 20, [{"air"}] * 20, spacing=2)
    assert one.spacing == 0 and sorted(one.rows) == list(range(20))


def test_only_candidates_stand_between(rng):
    vectors = random_units(rng, 30, 3)
    may_be = np.zeros(30, dtype=bool)
    may_be[[3, 8, 14]] = True
    assert sorted(search(vectors, 0, 29, 5, candidates=may_be).rows) == [0, 3, 8, 14, 29]
    assert len(search(vectors, 0, 29, 10, candidates=may_be).rows) == 5, "fewer where there are no more"
    assert may_be.sum() == 3, "the caller's rows are as they were"


def test_no_other_track_fits_better_between_its_neighbours(rng):
    vectors, artists = random_units(rng, 200, 5), [{f"artist {row % 50}"} for row in range(200)]
    rows = search(vectors, 0, 199, 8, artists, spacing=2).rows
    for place in range(1, 7):
        near = {row % 50 for row in (*rows[max(place - 2, 0) : place], *rows[place + 1 : place + 3])}
        others = [row for row in range(200) if row not in rows and row % 50 not in near]
        best = min(cost(vectors, [*rows[:place], row, *rows[place + 1 :]]) for row in others)
        assert cost(vectors, rows) <= best + 1e-5


def test_another_seed_is_another_path(rng):
    vectors = random_units(rng, 300, 3)
    paths = [search(vectors, 0, 299, 8, variety=0.4, seed=seed).rows for seed in (1, 2, 1)]
    assert paths[0] == paths[2] != paths[1]
    all_in = [
        search(vectors, 0, 29, 30, variety=0.9, seed=seed, candidates=np.arange(300) < 30).rows for seed in (1, 2)
    ]
    assert [len(path) for path in all_in] == [30, 30], "nobody sits out who is needed"


def test_the_nearest_thousands_are_enough(rng, monkeypatch):
    vectors = random_units(rng, 2_000, 6)
    whole = search(vectors, 0, 1_999, 6)
    monkeypatch.setattr(path_search, "_POOL", 300)
    assert cost(vectors, search(vectors, 0, 1_999, 6).rows) == pytest.approx(cost(vectors, whole.rows), rel=0.05)
