"""Spotify's streaming history as it is read."""

import pytest

from earshot.data.exports.services.spotify import read_spotify
from earshot.data.tables.text_blocks import Member
from listen_exports import SECOND, rows, spotify, stream


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
    assert batch.left_out == {"podcasts": 1} and batch.n_malformed == 4
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
