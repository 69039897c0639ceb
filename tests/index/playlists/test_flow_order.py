"""Orders that flow: by hand, against all orders of few tracks, and never worse than what was given."""

from itertools import permutations

import numpy as np
import pytest

from earshot.index.playlists.flow_order import flow_order
from earshot.index.playlists.path_search import angles
from library_world import at, random_units


def ordered(vectors, recordings=None):
    return flow_order(np.asarray(vectors), np.arange(len(vectors)) if recordings is None else recordings).tolist()


def length(vectors, order):
    return float(angles(np.sum(vectors[order[1:]] * vectors[order[:-1]], axis=1)).sum())


def test_on_an_arc_from_its_end_and_from_within():
    arc = [at(degrees) for degrees in (0, 50, 20, 70, 10)]
    assert ordered(arc) == [0, 4, 2, 1, 3]
    # From 20: to 0 and back to 70 is 20 + 70; to 70 and back to 0 is 50 + 70.
    assert ordered([arc[2], arc[3], arc[1], arc[0], arc[4]]) == [0, 4, 3, 2, 1]


@pytest.mark.parametrize("seed", range(8))
def test_few_tracks_lie_as_well_as_they_can(seed):
    """Local search may stay short of the best; of six tracks on a sphere it does so by little."""
    vectors = random_units(np.random.default_rng(seed), 6, 3)
    best = min(length(vectors, [0, *rest]) for rest in permutations(range(1, 6)))
    assert length(vectors, ordered(vectors)) <= 1.05 * best


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 40])
def test_all_stay_and_the_first_is_the_first(rng, n):
    vectors = random_units(rng, n, 5)
    order = ordered(vectors)
    assert order[0] == 0 and sorted(order) == list(range(n))
    assert length(vectors, order) <= length(vectors, list(range(n))) + 1e-5


def test_no_turn_and_no_move_helps_any_more(rng):
    vectors = random_units(rng, 25, 4)
    order = ordered(vectors)
    now = length(vectors, order)
    for start in range(1, 25):
        for stop in range(start + 1, 26):
            part, rest = order[start:stop], order[:start] + order[stop:]
            assert length(vectors, order[:start] + part[::-1] + order[stop:]) > now - 1e-4
            for place in range(1, len(rest) + 1) if len(part) <= 3 else ():
                for way in (part, part[::-1]):
                    assert length(vectors, rest[:place] + way + rest[place:]) > now - 1e-4


def test_two_entries_of_one_recording_are_apart():
    vectors = [at(degrees) for degrees in (0, 10, 10, 30, 50)]
    order = ordered(vectors, np.array([1, 2, 2, 3, 4]))
    assert abs(order.index(1) - order.index(2)) > 1
    assert ordered(vectors)[:3] == [0, 1, 2], "unless they are two"


def test_a_hundred_tracks_take_no_time(rng):
    vectors = random_units(rng, 300, 16)
    assert length(vectors, ordered(vectors)) < 0.8 * length(vectors, list(range(300)))
