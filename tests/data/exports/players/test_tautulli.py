"""The history of Tautulli as it is read."""

import pytest

from listen_exports import SECOND, read
from player_databases import TAUTULLI, database

ROWS = {
    "session_history": [
        (1, 1, SECOND, SECOND + 200, "ann", 20, "track"),
        (2, 1, SECOND + 300, SECOND + 400, "ann", 0, "track"),  # went on after a pause
        (3, 3, SECOND + 500, SECOND + 510, "ann", 0, "track"),
        (4, 4, SECOND + 600, SECOND + 7_000, "ann", 0, "movie"),
        (5, None, SECOND + 700, SECOND + 650, "bob", None, "track"),
    ],
    "session_history_metadata": [
        (1, "Sexy Boy", "Moon Safari", "Air", ""),
        (2, "Sexy Boy", "Moon Safari", "Air", ""),
        (3, "Get Lucky", "Now 90", "Various Artists", "Daft Punk"),
        (4, "Alien", "", "", ""),
        (5, "Talisman", "Moon Safari", "Air", None),
    ],
}


def test_plays_of_music(tmp_path):
    path = database(tmp_path / "tautulli.db", TAUTULLI, ROWS)
    name, events, left_out = read(path, "user", "artist", "title", "album", "time_s", "played_ms")
    assert (name, left_out) == ("tautulli", {})
    assert sorted(events) == [
        ("ann", "Air", "Sexy Boy", "Moon Safari", SECOND, 280_000),
        ("ann", "Daft Punk", "Get Lucky", "Now 90", SECOND + 500, 10_000),
        ("bob", "Air", "Talisman", "Moon Safari", SECOND + 700, 0),
    ]
    with pytest.raises(ValueError, match=r"tautulli\.db has plays of ann, bob; --listener is for the plays of one"):
        read(path, "user", listener="ana")


def test_an_older_one_knows_no_artists_of_tracks(tmp_path):
    schema = TAUTULLI.replace(", original_title TEXT", "")
    rows = ROWS | {"session_history_metadata": [row[:4] for row in ROWS["session_history_metadata"]]}
    artists = [artist for (artist,) in read(database(tmp_path / "t.db", schema, rows), "artist")[1]]
    assert sorted(artists) == ["Air", "Air", "Various Artists"]
