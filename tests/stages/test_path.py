"""Paths from Python, on tracks that lie on a quarter of a circle."""

import math

import pytest

from earshot.index.library import LibraryError
from earshot.index.playlists.track_pool import read_pool
from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.search.filters import TrackFilters
from earshot.index.search.selected import AmbiguousError
from earshot.stages.path import path_tracks
from earshot.stages.playing.feedback import record_dislike, record_never
from earshot.stages.shared.reports import InputError, StageError
from playlist_world import make_quarter_circle


@pytest.fixture
def library(tmp_path):
    with make_quarter_circle(tmp_path / "library") as library:
        yield library


def numbers(report):
    return [place.track.id - 1 for place in report.tracks]


def test_a_path_in_even_steps(library):
    report = path_tracks(library, "Song 0", "Song 10", 6, artist_gap=0)
    assert numbers(report) == [0, 2, 4, 6, 8, 10]
    assert [place.rank for place in report.tracks] == [1, 2, 3, 4, 5, 6]
    assert report.tracks[0].angle is None
    assert [place.angle for place in report.tracks[1:]] == pytest.approx([math.radians(16)] * 5, abs=1e-5)
    assert (report.first, report.last, report.notes) == ("Artist 0 - Song 0", "Artist 5 - Song 10", [])
    assert numbers(path_tracks(library, 11, "id:1", 6, artist_gap=0)) == [10, 8, 6, 4, 2, 0]
    assert numbers(path_tracks(library, "Song 3", "Song 9", 2)) == [3, 9]


def test_of_many_tracks_the_nearest_to_the_other_end_is_taken(library, tmp_path):
    report = path_tracks(library, "artist:Artist 1", "album:Artist 4 - Album 2", 3, artist_gap=0)
    assert numbers(report) in ([3, 5, 8], [3, 6, 8])
    assert (report.first, report.last) == ("Artist 1 (artist, 2 tracks)", "Artist 4 - Album 2 (album, 2 tracks)")
    (tmp_path / "mix.m3u8").write_text("/music/B/10.mp3\n/music/A/01.mp3\n")
    assert numbers(path_tracks(library, tmp_path / "mix.m3u8", "Song 4", 2)) == [1, 4]
    assert numbers(path_tracks(library, "Artist 1", "Artist 1", 2)) in ([2, 3], [3, 2]), "two tracks of one"


def test_filters_are_for_the_tracks_between(library):
    report = path_tracks(library, "Song 2", "Song 11", 5, TrackFilters(not_genre=("christmas", "rock")), artist_gap=0)
    assert numbers(report) == [2, 4, 5, 8, 11] or set(numbers(report)[1:-1]) <= {0, 1, 4, 5, 8, 9}
    inside = path_tracks(library, "Song 0", "Song 11", 4, TrackFilters(under=("/music/A",)), artist_gap=0)
    assert set(numbers(inside)[1:-1]) <= {1, 2, 3, 4, 5}
    others = path_tracks(library, "Song 0", "Song 3", 4, TrackFilters(same_artist=False), artist_gap=0)
    assert not set(numbers(others)[1:-1]) & {0, 1, 2, 3}


def test_what_a_listener_does_not_want_is_not_between_the_ends(library):
    record_dislike(library, "ana", 3)
    record_never(library, 5, "ana")
    record_never(library, 1, "ana")
    report = path_tracks(library, "Song 0", "Song 10", 6, artist_gap=0, listener="ana")
    assert numbers(report)[0] == 0 and not {2, 4} & set(numbers(report)), "an end is what was asked for"
    assert numbers(path_tracks(library, "Song 0", "Song 10", 6, artist_gap=0, listener="new")) == [0, 2, 4, 6, 8, 10]


def test_too_few_tracks_are_said(library):
    report = path_tracks(library, "Song 0", "Song 11", 8, TrackFilters(genre="christmas"), artist_gap=0)
    assert numbers(report) == [0, 2, 6, 10, 11]
    assert report.notes == ["Only 3 other tracks pass the filters, so the path has 5 tracks."]


def test_artists_that_are_too_few_are_said(library):
    report = path_tracks(library, "Song 0", "Song 11", 12, artist_gap=9)
    assert sorted(numbers(report)) == list(range(12))
    assert report.notes and report.notes[0].startswith("With 9 tracks between two of one artist there is no path")
    spaced = path_tracks(library, "Song 0", "Song 11", 6, artist_gap=4)
    assert len({place.track.artist for place in spaced.tracks}) == 6 and not spaced.notes


def test_a_recording_comes_once_and_by_the_file_that_was_named(library):
    with library.transaction():
        store_same(library, [(1, 3, "sound", 0.9), (5, 7, "sound", 0.9)])
        group_recordings(library)
    report = path_tracks(library, "Song 2", "Song 11", 9, artist_gap=0)
    assert numbers(report)[0] == 2 and len(set(numbers(report))) == 9
    assert not {4, 6} <= set(numbers(report)) and 0 not in numbers(report)
    with pytest.raises(StageError, match="Artist 0 - Song 0 and Artist 1 - Song 2 are one recording"):
        path_tracks(library, "Song 0", "Song 2")


def test_variety_and_its_seed(library):
    paths = {tuple(numbers(path_tracks(library, 1, 12, 4, artist_gap=0, variety=0.5, seed=n))) for n in range(10)}
    assert len(paths) > 1
    report = path_tracks(library, 1, 12, 4, variety=0.5)
    assert path_tracks(library, 1, 12, 4, variety=0.5, seed=report.seed) == report


def test_a_pool_serves_many_paths_until_the_library_changes(library, monkeypatch):
    pool = read_pool(library)
    monkeypatch.setattr("earshot.index.playlists.track_pool.read_pool", lambda *_: pytest.fail("it was read again"))
    assert numbers(path_tracks(library, 1, 11, 3, pool=pool)) == [0, 5, 10]


@pytest.mark.parametrize(
    "wrong", [{"k": 1}, {"k": 501}, {"seed": -1}, {"artist_gap": -1}, {"variety": 1.0}, {"variety": -0.1}]
)
def test_numbers_out_of_range(library, wrong):
    with pytest.raises(InputError, match="2 to 500 tracks, an artist gap and a seed of 0 or more and a variety"):
        path_tracks(library, 1, 2, **wrong)


def test_ends_that_are_none(library, tmp_path):
    with pytest.raises(StageError, match="No track and no file answers to 'nothing of it'"):
        path_tracks(library, "nothing of it", 2)
    with pytest.raises(AmbiguousError, match="could be any of"):
        path_tracks(library, "Song", 2)
    with pytest.raises(LibraryError, match="cli train-tower"):
        path_tracks(library, 1, 2, space="tower")


def test_a_file_outside_is_no_end(library, tmp_path):
    (tmp_path / "new.mp3").touch()
    with pytest.raises(StageError, match=r"new\.mp3 is not in the library\.\n\nRun `cli embed-audio` on it first"):
        path_tracks(library, tmp_path / "new.mp3", 1)
