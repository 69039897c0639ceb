"""Diffused vectors: their sources, their storage, and when they are stale."""

import numpy as np
import pytest

from diffusion_world import add_graph, diffused, two_songs
from earshot.index.graphs.diffused_vectors import (
    DiffusionResult,
    centre_vector,
    diffused_config,
    fill_catalog,
    level_graphs,
    n_catalog,
    node_vectors,
    sources_of,
    store_diffused,
)
from earshot.index.health.staleness import stale_diffusion
from earshot.index.library import LibraryError
from earshot.index.runs import head_run, start_run
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, current_space, read_vectors
from library_world import add, at, heard, open_library


@pytest.fixture
def hand_made(tmp_path):
    with two_songs(tmp_path) as library:
        yield library


def reasons(library):
    return [part.what for part in stale_diffusion(library)]


def test_graphs_of_one_level_are_merged_on_one_scale(hand_made):
    """Weights 2 and 6 have the mean 4; the other graph has one of 0.1."""
    add_graph(hand_made, "first", "artist", [(1, 2, 2.0), (1, 9, 6.0)])
    add_graph(hand_made, "second", "artist", [(2, 9, 0.1)])
    (level,) = level_graphs(hand_made, ["second", "first", "first"])
    assert level.kinds == ("second", "first")
    assert level.ids.all_ids.tolist() == [1, 2, 9], "also a node that the library has forgotten"
    edges = zip(level.source_rows.tolist(), level.target_rows.tolist(), level.weights.tolist(), strict=True)
    assert list(edges) == [(1, 2, 1.0), (0, 1, 0.5), (0, 2, 1.5)]


def test_a_node_sounds_as_the_mean_of_its_tracks(hand_made):
    _, head = head_run(hand_made, "embed-audio", "ear"), 1
    add(hand_made, head, [heard("/c.mp3", at(60), title="C", artist="Ann", album="Anthology"), heard("/d.mp3", at(10))])
    ids, vectors = read_vectors(hand_made, AUDIO)
    track_ids = ids.all_ids
    node_ids, sounds = node_vectors(hand_made, "artist", track_ids, vectors)
    assert node_ids.tolist() == [1, 2]
    np.testing.assert_allclose(sounds, [at(30), at(90)], atol=1e-6)
    albums, _ = node_vectors(hand_made, "album", track_ids, vectors)
    assert albums.tolist() == [1, 2]
    same_ids, same = node_vectors(hand_made, "track", track_ids, vectors)
    assert same_ids is track_ids and same is vectors


def test_the_finest_level_lends_first(hand_made):
    """Track 3 has a vector of its own node and of its artist; track 5 only of its artist."""
    hand_made.db.execute("UPDATE tracks SET artist_id = 1 WHERE id = 3")
    add_graph(hand_made, "y", "artist", [(1, 2)])
    counts, graphs = (2, 2, 0.0), {graph.level: graph for graph in level_graphs(hand_made)}
    spreads = [
        DiffusionResult(graphs["artist"], np.array([1]), np.stack([at(70)]), *counts),
        DiffusionResult(graphs["track"], np.array([1, 3]), np.stack([at(5), at(30)]), *counts),
    ]
    ids, vectors = fill_catalog(hand_made, np.array([1, 2]), np.stack([at(0), at(90)]), spreads)
    assert ids.tolist() == [1, 2, 3, 5]
    np.testing.assert_array_equal(vectors, [at(0), at(90), at(30), at(70)])


def test_all_or_nothing(hand_made):
    """A failure halfway leaves the earlier vectors where they were."""
    run_id, _ = start_run(hand_made, "diffuse-audio", sources_of(hand_made, ["listens"]))
    store_diffused(hand_made, run_id, np.array([1, 2]), np.stack([at(0), at(90)]), [])
    before = current_space(hand_made, DIFFUSED)
    second, _ = start_run(hand_made, "diffuse-audio", {})
    with pytest.raises(ValueError, match="shorter"):
        store_diffused(hand_made, second, np.array([1, 2]), at(5)[None], [])
    assert current_space(hand_made, DIFFUSED) == before and diffused_config(hand_made)["graphs"].keys() == {"listens"}
    assert sorted(diffused(hand_made)) == [1, 2] and n_catalog(hand_made, lacking=True) == 4


@pytest.mark.parametrize(
    "config", [{}, {"graphs": 5, "centre_vector": [1]}, {"graphs": [], "centre_vector": ["x"] * 2}]
)
def test_a_run_that_does_not_say_what_it_was_made_of(tmp_path, config):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/a.mp3", at(0))])
        space = current_space(library, AUDIO)
        run, _ = start_run(library, "diffuse-audio", {"audio": [space.run_id, space.revision], **config})
        library.db.execute("INSERT INTO spaces (space, run_id) VALUES (?, ?)", [DIFFUSED, run])
        if "graphs" in config:
            assert reasons(library) == ["the diffused vectors do not say which graphs they were made of"]
        with pytest.raises(LibraryError, match="Run `cli diffuse-audio`"):
            centre_vector(library, 2)
