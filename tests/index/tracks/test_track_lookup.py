"""Rows of tracks, read by id; a sample of a space."""

import os
from dataclasses import replace

import numpy as np
import pytest

from earshot.data.playlists.playlist import ListedTrack
from earshot.index.tracks.track_lookup import sample_tracks, track_rows
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.spaces import AUDIO
from library_world import add, at, heard, open_library


def test_rows_of_many_ids(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(0), excerpts=[]) for number in range(1_201)])
        rows = track_rows(library, [*range(1_300, 0, -1), 5, 5])
        assert sorted(rows) == list(range(1, 1_202))
        assert all(track_id == row.id for track_id, row in rows.items())
        assert track_rows(library, []) == {}


def test_a_track_as_a_playlist_lists_it(tmp_path):
    library, head = open_library(tmp_path)
    path = os.fsdecode(b"/caf\xe9.mp3")
    with library:
        add(library, head, [heard(path, at(0), title="Jóga", artist="Björk", album="Homogenic", duration=304.5)])
        (row,) = track_rows(library, [1]).values()
    assert row.listed == ListedTrack(path, "Jóga", "Björk", "Homogenic", 304.5)
    assert replace(row, path=None, path_bytes=None).listed.path is None


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """Tracks 1 to 12 at 0, 10, ... 110 degrees; the last one's file is gone."""
    library, head = open_library(tmp_path_factory.mktemp("mapped"))
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(10 * n), title=f"Song {n}", genre="Jazz") for n in range(12)])
        set_status(library, "/11.mp3", 1, 1, "missing", None)
        yield library


def test_all_that_search_would_find(mapped):
    tracks, vectors, n_all = sample_tracks(mapped, AUDIO, 100)
    assert [track.id for track in tracks] == list(range(1, 12)) and n_all == 11
    assert tracks[3].title == "Song 3" and tracks[3].genre == "Jazz"
    assert vectors == pytest.approx(np.array([at(10 * n) for n in range(11)]))


def test_a_sample_is_bounded_and_repeatable(mapped):
    samples = [sample_tracks(mapped, AUDIO, 5, seed) for seed in (1, 1, 2)]
    ids = [[track.id for track in tracks] for tracks, *_ in samples]
    assert ids[0] == ids[1] != ids[2] and [n_all for *_, n_all in samples] == [11] * 3
    assert len(set(ids[0])) == 5 and ids[0] == sorted(ids[0])
    for track, vector in zip(*samples[0][:2], strict=True):
        assert vector == pytest.approx(at(10 * (track.id - 1))), "each has its own vector"


def test_an_empty_space(mapped):
    tracks, vectors, n_all = sample_tracks(mapped, "tower", 5)
    assert tracks == [] and n_all == 0 and len(vectors) == 0
