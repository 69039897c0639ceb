"""Navidrome's database as it is read."""

import pytest

from listen_exports import SECOND, read
from player_databases import NAVIDROME, NAVIDROME_SCROBBLES, database

DATE = "2009-05-04 23:08:57.123456789+00:00"
ROWS = {
    "user": [("u1", "ana", "Ana", "x"), ("u2", "bob", "", "x")],
    "media_file": [
        ("m1", "Air/1.mp3", "Sexy Boy", "Moon Safari", "Air", "8f34", 1),
        ("m2", "2.mp3", "2", "[Unknown Album]", "[Unknown Artist]", "", 1),
    ],
    "annotation": [
        ("u1", "m1", "media_file", 5, DATE, 5, 0, None),
        ("u1", "m2", "media_file", 1, "2009-05-04T23:08:57Z", 1, 0, None),
        ("u2", "m1", "media_file", 2, None, 0, 1, "2009-05-05 01:08:57+02:00"),
        ("u2", "m2", "media_file", 0, None, 3, 0, None),
        ("u1", "al1", "album", 7, DATE, 5, 1, DATE),
    ],
}
LIKES = [
    ("ana", "Air", "Sexy Boy", None, 1, 1),
    ("ana", None, "2", None, 1, 2),
    ("bob", "Air", "Sexy Boy", SECOND, 1, 1),
]
COLUMNS = ("user", "artist", "title", "time_s", "plays", "kind")


def test_totals_at_the_time_of_the_last_play(tmp_path):
    name, events, left_out = read(database(tmp_path / "navidrome.db", NAVIDROME, ROWS), *COLUMNS)
    assert (name, left_out) == ("navidrome", {})
    assert events == [
        ("ana", "Air", "Sexy Boy", SECOND, 5, 0), ("ana", None, "2", SECOND, 1, 0),
        ("bob", "Air", "Sexy Boy", None, 2, 0), *LIKES,
    ]  # fmt: skip
    facts = read(tmp_path / "navidrome.db", "album", "mbid", "path")[1]
    assert facts[:2] == [("Moon Safari", "8f34", None), ("[Unknown Album]", None, "/music/2.mp3")]


def test_single_plays_and_what_was_counted_before_them(tmp_path):
    rows = ROWS | {"scrobbles": [("m1", "u1", SECOND), ("m1", "u1", SECOND + 9), ("m2", "u1", SECOND)]}
    path = database(tmp_path / "navidrome.db", NAVIDROME + NAVIDROME_SCROBBLES, rows)
    assert read(path, *COLUMNS)[1] == [
        ("ana", "Air", "Sexy Boy", SECOND, 1, 0), ("ana", "Air", "Sexy Boy", SECOND + 9, 1, 0),
        ("ana", None, "2", SECOND, 1, 0),
        ("ana", "Air", "Sexy Boy", None, 3, 0), ("bob", "Air", "Sexy Boy", None, 2, 0), *LIKES,
    ]  # fmt: skip


def test_a_listener_is_for_one_person(tmp_path):
    path = database(tmp_path / "navidrome.db", NAVIDROME, ROWS)
    with pytest.raises(ValueError, match=r"navidrome.db has plays of ana, bob; --listener is for"):
        read(path, listener="eve")
    alone = ROWS | {"annotation": ROWS["annotation"][:2]}
    events = read(database(tmp_path / "one.db", NAVIDROME, alone), "user", listener="eve")[1]
    assert {user for (user,) in events} == {"eve"}
