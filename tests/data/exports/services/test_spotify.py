"""Spotify's streaming history as it is read."""

import pytest

from earshot.data.exports.services.spotify import read_spotify
from earshot.data.tables.text_blocks import Member
from listen_exports import SECOND, read, rows, spotify, stream


def test_spotify_extended(tmp_path):
    podcast = stream(None, None, episode_name="Talk")
    broken = [stream(ts="soon"), stream(None, None), stream(ms_played=-1), "x"]
    path = spotify(tmp_path / "x.json", stream(), stream("Two", username="bob", ms_played=0), podcast, *broken)
    (batch,) = read_spotify(Member(path), None)
    # It ended at 57; 7 seconds of it were played.
    assert rows([batch], "user", "artist", "title", "album", "time_s", "played_ms") == [
        ("me", "Air", "One", "Moon", SECOND - 7, 7_000), ("bob", "Air", "Two", "Moon", SECOND, 0)
    ]  # fmt: skip
    assert rows(read_spotify(Member(path), "ana"), "user") == [("ana",)] * 2
    assert batch.left_out == {"podcasts": 1, "streams without a name": 1} and batch.n_malformed == 3
    assert batch.malformed[0] == "row 3: soon, 7000, One, Air, Moon, "


def test_spotify_of_the_last_year(tmp_path):
    short = {"endTime": "2009-05-04 23:08", "artistName": "Air", "trackName": "One", "msPlayed": 60_000}
    (batch,) = read_spotify(Member(spotify(tmp_path / "x.json", short)), "ana")
    assert rows([batch], "user", "artist", "title", "time_s") == [("ana", "Air", "One", SECOND - 57 - 60)]


@pytest.mark.parametrize(("text", "words"), [("[{", r"x\.json is not JSON: "), ("{}", r"x\.json is no list")])
def test_spotify_that_is_none(tmp_path, text, words):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match=words):
        list(read_spotify(Member(tmp_path / "x.json"), "ana"))


def test_a_time_with_a_blank_of_older_exports(tmp_path):
    path = spotify(tmp_path / "endsong_0.json", stream(ts="2009-05-04 23:08:57"))
    assert rows(read_spotify(Member(path), None), "time_s") == [(SECOND - 7,)]


def test_what_is_no_music_of_account_data_is_left_out(tmp_path):
    ended = {"endTime": "2009-05-04 23:08", "msPlayed": 60_000}
    book = ended | {"audiobookName": "Book", "chapterName": "One", "authorName": "Somebody"}
    show = ended | {"podcastName": "Show", "episodeName": "Talk"}
    (batch,) = read_spotify(Member(spotify(tmp_path / "x.json", book, show, show)), None)
    assert batch.left_out == {"audiobooks": 1, "podcasts": 2} and batch.n_malformed == len(batch.events) == 0


def test_streams_without_a_name_are_left_out(tmp_path):
    unknown = {
        "endTime": "2009-05-04 23:08",
        "msPlayed": 0,
        "artistName": "Unknown Artist",
        "trackName": "Unknown Track",
    }
    half = stream(None)  # an artist alone is damage
    (batch,) = read_spotify(Member(spotify(tmp_path / "x.json", unknown, stream(None, None), stream(), half)), None)
    assert batch.left_out == {"streams without a name": 2} and batch.n_malformed == len(batch.events) == 1


def test_equal_lines_are_one_stream(tmp_path):
    other = [stream(ms_played=8_000), stream(ts="2009-05-04T23:08:58Z"), stream("Two")]
    spotify(tmp_path / "x.json", stream(), stream(platform="ios"), *other, stream())
    _, events, left_out = read(tmp_path / "x.json", "title", "played_ms")
    assert events == [("One", 7_000), ("One", 8_000), ("One", 7_000), ("Two", 7_000)] and left_out["equal lines"] == 2


def test_the_only_name_means_those_without_one(tmp_path):
    spotify(tmp_path / "endsong_0.json", stream(username="ana ć"))
    spotify(tmp_path / "Streaming_History_Audio_0.json", stream(), stream("Two"))
    assert {user for (user,) in read(tmp_path, "user")[1]} == {"ana ć"}
    assert {user for (user,) in read(tmp_path, "user", listener="bob")[1]} == {"bob"}
    spotify(tmp_path / "endsong_1.json", stream(username="cem"))
    assert {user for (user,) in read(tmp_path, "user")[1]} == {"ana ć", "cem", "me"}
