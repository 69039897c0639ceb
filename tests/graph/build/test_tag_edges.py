"""Sharing a tag joins tracks: all of a small group, a bounded and connected part of a large one."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.graph.build.tag_edges import tag_edges


def pairs(edges):
    return [tuple(sorted(pair)) for pair in zip(edges.source_ids.tolist(), edges.target_ids.tolist(), strict=True)]


def test_small_groups_by_hand():
    # group 0 holds items 1, 2 and 3; group 1 item 4 alone; group 2 items 2 and 5
    edges = tag_edges(np.array([0, 2, 0, 1, 0, 2]), np.array([1, 2, 2, 4, 3, 5]))
    assert sorted(pairs(edges)) == [(1, 2), (1, 3), (2, 3), (2, 5)]
    assert not edges.directed and edges.weights is None


@given(st.lists(st.integers(0, 4), min_size=1, max_size=25), st.integers(2, 7))
def test_small_groups_are_complete_and_large_ones_bounded(groups, top_n):
    items = np.arange(len(groups)) + 100
    found = pairs(tag_edges(np.array(groups), items, top_n=top_n))
    for group in set(groups):
        members = [item for item, of in zip(items.tolist(), groups, strict=True) if of == group]
        inside = [pair for pair in found if set(pair) <= set(members)]
        if len(members) <= top_n + 1:
            assert sorted(inside) == sorted(itertools.combinations(members, 2))
        else:
            graph = nx.Graph(inside)
            assert set(graph) == set(members) and nx.is_connected(graph)
            assert max(degree for _, degree in graph.degree) <= top_n
    assert len(found) <= len(groups) * top_n


def test_one_genre_of_many_tracks_stays_small_and_near():
    n_items = 20_000  # all pairs would be 200 million
    edges = tag_edges(np.zeros(n_items, np.int64), np.arange(n_items), top_n=20)
    assert len(edges.source_ids) == 10 * n_items
    reached = nx.single_source_shortest_path_length(nx.Graph(pairs(edges)), 0, cutoff=5)
    assert len(reached) == n_items  # rings that cross at random make short ways


def test_the_choice_is_the_seeds():
    groups, items = np.zeros(50, np.int64), np.arange(50)
    one, same, other = (pairs(tag_edges(groups, items, top_n=4, seed=seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_no_tags_no_edges():
    assert pairs(tag_edges(np.array([], int), np.array([], int))) == []


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="columns of 2 groups and 1 items"):
        tag_edges(np.array([0, 1]), np.array([0]))
    with pytest.raises(ValueError, match="top_n is 1; a ring needs two neighbours per item"):
        tag_edges(np.array([0]), np.array([0]), top_n=1)
