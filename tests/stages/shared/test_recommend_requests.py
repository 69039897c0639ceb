"""Requests for recommendations, as they are read and repeated."""

import pytest

from earshot.index.library import Library
from earshot.index.search.selected import AmbiguousError
from earshot.stages.shared.recommend_requests import read_request
from earshot.stages.shared.reports import InputError, StageError
from library_world import find_track


@pytest.fixture
def library(trained_library):
    with Library.open(trained_library) as library:
        yield library


def read(library, user=None, history=(), liked=(), seed_track=None):
    return read_request(library, user, history, liked, seed_track)


def test_what_was_taken_is_repeated(library):
    assert read(library, "listener 4").asked == "to listener 4"
    song = find_track(library, "Song 3", catalog=True)
    assert read(library, "listener 4", seed_track="song 3").asked == f"to listener 4, after {song.name}"
    assert read(library, liked=["Artist 1", song.id]).asked == (
        f"to somebody who likes Artist 1 (artist, 4 tracks) + {song.name}"
    )


def test_an_artist_is_liked_by_all_tracks(library):
    request = read(library, liked=["Artist 1", "Artist 1"]).request
    assert len(request) == 4
    assert sorted(read(library, seed_track="Artist 1").request.played) == sorted(request.played)
    with pytest.raises(InputError, match=r"Artist 1 \(artist, 4 tracks\) is several"):
        read(library, "listener 4", seed_track="Artist 1")


def test_strangers_of_a_history_are_left_out_and_numbers_in_it_are_names(library):
    song = find_track(library, "Song 3", catalog=True)
    asked = read(library, history=["nothing of it", "Song 3", str(song.id), f"id:{song.id}"])
    assert list(asked.strangers) == ["nothing of it", str(song.id)]
    assert asked.request.played.tolist() == [song.id, song.id]
    assert asked.asked == "to somebody who played 2 of 4 tracks given"
    with pytest.raises(StageError, match="answers to 'nothing of it'"):
        read(library, history=["nothing of it"])


def test_an_unclear_line_of_a_history_costs_only_itself(library):
    read_two = read(library, history=["Song", "C:\\Music\\music\\3.mp3"])
    (stranger,) = read_two.strangers
    assert stranger.startswith("Song (could be any of several: id:") and len(read_two.request) == 1
    with pytest.raises(AmbiguousError, match="'Song' could be any of"):
        read(library, history=["Song"])
