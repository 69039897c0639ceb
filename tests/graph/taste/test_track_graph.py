"""Tracks in a graph: distances by hand, and held-out artists removed with their paths."""

import numpy as np
import pytest

from earshot.graph.bfs import UNREACHABLE
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste.track_graph import TrackDistances, TrackGraph, split_by_group

# Artists 0 - 1 - 2 - 3 in a chain and 4 alone. Tracks 0 and 1 are by artist 0, track 6 is of nobody.
CHAIN = build_graph([0, 1, 2], [1, 2, 3], [2.0, 1.0, 3.0], n_nodes=5)
TRACKS = TrackGraph("listens", CHAIN, np.array([0, 0, 1, 2, 3, 4, -1]))
ALL = np.arange(7)


def test_the_tracks_of_a_node_share_its_distances():
    hops = TrackDistances(TRACKS, max_hops=4).hops(ALL, ALL)
    n = UNREACHABLE
    assert hops.tolist() == [
        [0, 0, 1, 2, 3, n, n],
        [0, 0, 1, 2, 3, n, n],
        [1, 1, 0, 1, 2, n, n],
        [2, 2, 1, 0, 1, n, n],
        [3, 3, 2, 1, 0, n, n],
        [n, n, n, n, n, 0, n],
        [n, n, n, n, n, n, n],  # even from itself: the graph does not know it
    ]


def test_beyond_the_search_is_unreachable():
    hops = TrackDistances(TRACKS, max_hops=2).hops(np.array([4]), ALL)
    assert hops.tolist() == [[UNREACHABLE, UNREACHABLE, 2, 1, 0, UNREACHABLE, UNREACHABLE]]


def test_affinity_by_hand():
    # The mean weight is (2 + 1 + 3) / 3 = 2. From track 2 (artist 1): artist 0 is one hop of weight 2, artist 2 one of
    # weight 1, artist 3 two hops. With a decay of 1/2: 0.5 * 2/2, 0.5 * 1/2 and 0.25.
    affinity = TrackDistances(TRACKS, max_hops=3).affinity(np.array([2]), ALL, near_hops=2, decay=0.5)
    np.testing.assert_allclose(affinity, [[0.5, 0.5, 1.0, 0.25, 0.25, 0.0, 0.0]])
    near = TrackDistances(TRACKS, max_hops=3).affinity(np.array([2]), ALL, near_hops=1, decay=0.5)
    np.testing.assert_allclose(near, [[0.5, 0.5, 1.0, 0.25, 0.0, 0.0, 0.0]])


def test_a_small_memory_forgets_and_finds_again(monkeypatch, rng):
    graph = build_graph(rng.integers(40, size=60), rng.integers(40, size=60), n_nodes=40)
    tracks = TrackGraph("random", graph, rng.permutation(40))
    expected = TrackDistances(tracks, 3).hops(np.arange(40), np.arange(40))
    monkeypatch.setattr("earshot.graph.taste.track_graph._MAX_CACHE_BYTES", 40 * 10)  # ten rows
    small = TrackDistances(tracks, 3)
    for start in (0, 7, 3, 20, 0, 33):
        rows = np.arange(start, start + 7)
        assert (small.hops(rows, np.arange(40)) == expected[rows]).all()
        assert len(small._searched) <= 10


def test_who_never_saw_an_artist_knows_no_path_through_it():
    without = TRACKS.without(np.array([2]))  # artist 1, between 0 and 2
    assert without.node_rows.tolist() == [0, 0, -1, 2, 3, 4, -1]
    n = UNREACHABLE
    assert TrackDistances(without, 4).hops(np.array([0, 3]), ALL).tolist() == [
        [0, 0, n, n, n, n, n],
        [n, n, n, 0, 1, n, n],
    ]
    assert without.graph.n_edges == 1 and TRACKS.graph.n_edges == 3, "and the first graph is as it was"


def test_a_node_stays_while_one_of_its_tracks_does():
    without = TRACKS.without(np.array([0]))
    assert without.node_rows.tolist() == [-1, 0, 1, 2, 3, 4, -1]
    assert without.graph.n_edges == 3


def test_groups_are_nodes_without_edges():
    graph = TrackGraph.of_groups("artist", np.array([70, -1, 9, 70, -1]))
    assert graph.node_rows.tolist() == [1, -1, 0, 1, -1] and graph.graph.n_edges == 0
    n = UNREACHABLE
    assert TrackDistances(graph, 2).hops(np.array([0]), np.arange(5)).tolist() == [[0, n, n, 0, n]]
    assert repr(graph) == "<TrackGraph artist: 3 of 5 tracks in <PreferenceGraph 2 nodes, 0 undirected edges>>"


def test_a_split_keeps_artists_whole():
    artists = [f"artist {number % 23}" for number in range(200)]
    held_out = split_by_group(artists, 0.2, seed=1)
    inside = {artists[row] for row in held_out}
    outside = {artists[row] for row in np.setdiff1d(np.arange(200), held_out)}
    assert not inside & outside and 40 <= len(held_out) <= 49  # a fifth, and up to one artist of nine more
    assert (split_by_group(artists, 0.2, seed=1) == held_out).all()
    assert split_by_group(artists, 0.2, seed=2).tolist() != held_out.tolist()
    assert len(split_by_group(artists, 0.0, seed=1)) == 0


def test_in_a_grown_library_artists_stay_on_their_side():
    before = [f"artist {number}" for number in range(200)]
    after = sorted(before + [f"newcomer {number}" for number in range(200)])
    training = set(before) - {before[row] for row in split_by_group(before, 0.2, seed=0)}
    validation = {after[row] for row in split_by_group(after, 0.2, seed=0)}
    assert len(validation) == 80 and len(training) == 160
    assert len(training & validation) <= 8, "drawn anew, it would be 32 of them"


def test_who_has_most_of_a_library_teaches():
    artists = ["everything"] * 80 + [f"artist {number}" for number in range(20)]
    for seed in range(10):
        held_out = split_by_group(artists, 0.1, seed=seed)
        assert len(held_out) == 10 and held_out.min() >= 80


def test_two_artists_cannot_be_split():
    with pytest.raises(ValueError, match="2 artists cannot be split into training and validation"):
        split_by_group(["a", "a", "b"], 0.2, seed=0)
    with pytest.raises(ValueError, match=r"held_out is 1; it is a share from 0 up to, but not at, 1"):
        split_by_group(["a", "b", "c"], 1.0, seed=0)
