"""Edges from listening together: by hand, by a plain loop, and in a world whose tastes are known."""

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from earshot.data.synthetic.world import WorldConfig, make_world
from earshot.graph.build.co_occurrence import co_occurrence_edges


def as_dict(edges):
    columns = edges.source_ids.tolist(), edges.target_ids.tolist(), edges.weights.tolist()
    return {(source, target): weight for source, target, weight in zip(*columns, strict=True)}


def test_cosine_by_hand():
    # Items 0 and 1 share listeners 0 and 1, with one play each: x = log 2 everywhere.
    # Item 2 has one listener, whom both know: cosine 1 / sqrt(2).
    groups, items = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
    edges = as_dict(co_occurrence_edges(groups, items, weighting="cosine", min_together=1))
    assert edges[0, 1] == pytest.approx(1.0) and edges[0, 2] == pytest.approx(1 / math.sqrt(2))
    assert set(edges) == set(itertools.permutations(range(3), 2))
    assert set(as_dict(co_occurrence_edges(groups, items, weighting="cosine"))) == {(0, 1), (1, 0)}


def test_ids_come_back_as_ids():
    # Items 70 and 500 share both listeners, 9 one of them.
    edges = co_occurrence_edges(np.array([0, 0, 1, 1, 1]), np.array([70, 500, 70, 500, 9]), weighting="cosine")
    assert edges.directed and as_dict(edges) == pytest.approx({(70, 500): 1.0, (500, 70): 1.0})


def test_ppmi_is_what_a_loop_computes(rng):
    groups, items = rng.integers(0, 12, 80), rng.integers(0, 9, 80)
    plays = defaultdict(float)
    for pair in zip(groups.tolist(), items.tolist(), strict=True):
        plays[pair] += 1
    x = {pair: math.log(1 + n) for pair, n in plays.items()}
    c = {
        (i, j): sum(x.get((g, i), 0) * x.get((g, j), 0) for g in range(12))
        for i, j in itertools.product(range(9), repeat=2)
    }
    of = {i: sum(c[i, j] for j in range(9)) for i in range(9)}
    smoothed = sum(value**0.75 for value in of.values())
    expected = {}
    for i, j in itertools.permutations(range(9), 2):
        common = sum((g, i) in x and (g, j) in x for g in range(12))
        if common >= 2:
            chance = of[i] / sum(of.values()) * of[j] ** 0.75 / smoothed
            if (score := math.log(c[i, j] / sum(of.values()) / chance)) > 0:
                expected[i, j] = score
    edges = as_dict(co_occurrence_edges(groups, items, top_n=100))
    assert edges.keys() == expected.keys() and expected
    assert all(edges[pair] == pytest.approx(expected[pair], rel=1e-5) for pair in edges)


def test_only_the_strongest_stay():
    groups = np.repeat(np.arange(6), 5)
    items = np.tile(np.arange(5), 6)
    items[groups >= 3] %= 3  # the last three groups repeat items 0 to 2
    edges = co_occurrence_edges(groups, items, weighting="cosine", top_n=2)
    assert np.bincount(edges.source_ids, minlength=5).tolist() == [2] * 5


def test_neighbours_in_taste_are_found_from_listens_alone():
    world = make_world(WorldConfig(n_listeners=200))
    listens = world.listens
    artists = [world.tracks[row].artist_row for row in listens.track_rows]
    for weighting in ("cosine", "ppmi"):
        edges = co_occurrence_edges(listens.user_rows, artists, weighting=weighting, top_n=4, min_together=5)
        genres = np.array([artist.genre_row for artist in world.artists])
        assert (genres[edges.source_ids] == genres[edges.target_ids]).mean() > 0.7  # by chance 4 / 19 = 0.21


def test_nothing_played_gives_no_edges():
    edges = co_occurrence_edges(np.array([], int), np.array([], int))
    assert len(edges.source_ids) == len(edges.target_ids) == len(edges.weights) == 0


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="weighting 'lift'; there are cosine and ppmi"):
        co_occurrence_edges(np.array([0]), np.array([0]), weighting="lift")
    with pytest.raises(ValueError, match="columns of 2, 1 and 1 events"):
        co_occurrence_edges(np.array([0, 1]), np.array([0]))
