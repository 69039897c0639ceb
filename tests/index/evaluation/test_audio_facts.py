"""What a library knows of its tracks, as facts to judge by."""

import json

import numpy as np
import pytest

from earshot.data.tables.label_tables import LabelTable, read_labels
from earshot.index.evaluation.audio_facts import (
    apply_labels,
    facts_from_tags,
    graph_rows,
    query_rows,
    read_track_table,
)
from earshot.index.graphs.graph_store import store_graph
from earshot.index.library import LibraryError
from earshot.index.runs import finish_run, start_run
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Rows 0 to 4; row 1 is the first again in another encoding, row 4 a song of that name by another artist."""
    library, head = open_library(tmp_path / "library")
    song = {"title": "Song", "artist": "Ann"}
    with library:
        add(
            library,
            head,
            [
                heard("/music/a.mp3", at(0), **song, genre="Rock; Pop", duration=100.0),
                heard("/music/b.ogg", at(1), **song, genre="rock", duration=100.9, sample_rate=48_000),
                heard("/music/c.mp3", at(40), title="song", artist="ann", duration=102.0),
                heard("/music/d.mp3", at(90), title="Other", duration=100.0),
                heard("/music/e.mp3", at(91), title="Song", artist="Bob", genre="Jazz", duration=100.0),
            ],
        )
        yield library


def labelled(library, folder, text, **asked):
    path = folder / "labels.csv"
    path.write_text(text)
    return apply_labels(library, read_track_table(library), read_labels(path, **asked), path)


def test_tags_become_facts(library):
    tracks = read_track_table(library)
    facts = facts_from_tags(tracks)
    assert repr(tracks) == "<TrackTable 5 tracks>"
    np.testing.assert_array_equal(facts.artists, [0, 0, 0, -4, 1])  # Ann and ann are one; nobody is alone
    np.testing.assert_array_equal(facts.sample_rates, [0, 1, 0, 0, 0])
    np.testing.assert_array_equal(facts.labels["genre"].known, [True, True, False, False, True])
    assert facts.labels["genre"].agree(np.array([0, 0]), np.array([1, 4])).tolist() == [True, False]


def test_twins_have_artist_title_and_length_in_common(library):
    # 100.0 and 100.9 s are one recording; the third is 1.1 s longer, the fifth by another artist
    np.testing.assert_array_equal(facts_from_tags(read_track_table(library)).twins, [0, 0, 1, 2, 3])


def test_a_copy_is_left_out(library):
    add(library, 1, [heard("/music/copy.mp3", at(0), content_hash=next(iter(read_track_table(library).paths)))])
    tracks = read_track_table(library)
    assert len(tracks) == 5 and tracks.n_copies == 1
    assert next(iter(tracks.paths.values())) == "/music/a.mp3"
    np.testing.assert_allclose(tracks.vectors[:, 0], np.cos(np.radians([0, 1, 40, 90, 91])), atol=1e-6)


def test_a_library_without_genres_has_no_labels(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/a.mp3", at(0))])
        assert facts_from_tags(read_track_table(library)).labels == {}


def test_an_empty_library_says_what_to_type(tmp_path):
    library, _ = open_library(tmp_path)
    with library, pytest.raises(LibraryError, match="Run `cli embed-audio FOLDER` first"):
        read_track_table(library)


def test_a_table_overrides_the_tags(library, tmp_path):
    text = "file,artist,mood\n/music/a.mp3,Cleo,calm\n/music/d.mp3,cleo,CALM\n/music/gone.mp3,Dan,wild\n"
    tracks, facts, n_known = labelled(library, tmp_path, text)
    assert n_known == 2
    np.testing.assert_array_equal(facts.artists, [0, 1, 1, 0, 2])
    assert list(facts.labels) == ["mood"]
    np.testing.assert_array_equal(facts.labels["mood"].known, [True, False, False, True, False])
    assert tracks.nodes["artist"].tolist() == [-1, 1, 1, -1, 2]  # Cleo is no artist of the library


def test_names_begin_where_the_table_lies(library, tmp_path):
    folder = tmp_path / "own"
    (folder / "clips").mkdir(parents=True)
    add(library, 1, [heard(str(folder / "clips" / "x.mp3"), at(5))])
    _, facts, n_known = labelled(library, folder, "file,genre\nclips/x.mp3,Folk\n")
    assert n_known == 1 and facts.labels["genre"].known.tolist() == [False] * 5 + [True]


def test_an_artist_of_the_library_keeps_its_node(library, tmp_path):
    tracks, _, _ = labelled(library, tmp_path, "file,artist\n/music/d.mp3,Bob\n")
    assert tracks.nodes["artist"].tolist() == [1, 1, 1, 2, 2]


def test_twins_from_a_table(library, tmp_path):
    text = "file,pair\n/music/a.mp3,\n/music/d.mp3,/music/e.mp3\n/music/c.mp3,/music/d.mp3\n"
    _, facts, _ = labelled(library, tmp_path, text, twins="pair")
    np.testing.assert_array_equal(facts.twins, [0, 1, 2, 2, 2])  # pairs that share a track are one group


def test_a_table_about_other_files_is_refused(library, tmp_path):
    with pytest.raises(LibraryError, match=r"None of the 1 files in labels\.csv is in this library, such as /x\.mp3"):
        labelled(library, tmp_path, "file,genre\n/x.mp3,Rock\n")
    with pytest.raises(LibraryError, match=r"labels\.csv names no pair of twins that are both in this library"):
        labelled(library, tmp_path, "file,pair\n/music/a.mp3,/music/gone.mp3\n", twins="pair")
    with pytest.raises(LibraryError, match=r"None of the 0 files in empty\.csv is in this library"):
        apply_labels(library, read_track_table(library), LabelTable([], None, {}, None), tmp_path / "empty.csv")


@pytest.mark.parametrize(
    ("level", "edges", "node_rows"),
    [
        ("track", ([1, 4], [4, 99]), [0, -1, -1, 1, -1]),
        ("artist", ([1], [2]), [0, 0, 0, -1, 1]),  # Ann and ann are artist 1, Bob is 2
    ],
)
def test_tracks_find_their_nodes(library, level, edges, node_rows):
    with library.transaction():
        store_graph(library, "liked", level, *map(np.array, edges), directed=False, origin="by hand")
    stored, nodes, found = graph_rows(library, read_track_table(library), "liked")
    np.testing.assert_array_equal(found, node_rows)
    np.testing.assert_array_equal(nodes.ids(nodes.rows(stored.source_ids)), edges[0])


def test_all_or_only_held_out_tracks_are_asked(library):
    tracks = read_track_table(library)
    assert query_rows(library, tracks, held_out=False).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(LibraryError, match="Run `cli train-audio` first"):
        query_rows(library, tracks, held_out=True)
    run, _ = start_run(library, "train-audio", {})
    library.db.execute("UPDATE runs SET metrics = ? WHERE id = ?", [json.dumps({"held_out_track_ids": [1]}), run])
    with pytest.raises(LibraryError, match="No training run has held out tracks"):
        query_rows(library, tracks, held_out=True)  # it is still going on
    finish_run(library, run, {"held_out_track_ids": [5, 2, 77]})
    assert query_rows(library, tracks, held_out=True).tolist() == [1, 4]
    for told in ("5", "{}", '"x"', '["x", null, [2], 1e99]', "[1000000000000000000000000000000]"):
        library.db.execute("UPDATE runs SET metrics = ?", [f'{{"held_out_track_ids": {told}}}'])
        with pytest.raises(LibraryError, match="No training run has held out tracks"):
            query_rows(library, tracks, held_out=True)
