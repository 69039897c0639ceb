"""The databases of Strawberry and Clementine as they are read."""

from listen_exports import SECOND, read
from player_databases import STRAWBERRY, database

COLUMNS = ("user", "artist", "title", "time_s", "plays", "kind")


def test_play_counts_and_stars(tmp_path):
    url = "file:///m/1.mp3"
    rows = {
        "songs": [
            ("Sexy Boy", "Moon Safari", "Air", "", url, 12, 1, SECOND, 1.0, "8f34", ""),
            ("Intro", "Hurry", "", "M83", url, 2, 0, -1, 0.2, "", None),
            ("Two", "", "Air", "", url, 0, 0, -1, -1, None, None),
            ("", "", "", None, url, 3, 0, -1, 0.6, None, None),
            ("", "", "", "", url, 4, 0, -1, 0.6, None, "/m/a.cue"),
        ]
    }  # fmt: skip
    name, events, left_out = read(database(tmp_path / "strawberry.db", STRAWBERRY, rows), *COLUMNS)
    assert (name, left_out) == ("strawberry", {"malformed": 1})  # a part of a file without a title
    assert events == [
        ("me", "Air", "Sexy Boy", SECOND, 12, 0), ("me", "M83", "Intro", None, 2, 0),
        ("me", None, "1", None, 3, 0),
        ("me", "Air", "Sexy Boy", None, 1, 1), ("me", "M83", "Intro", None, 1, 2),
    ]  # fmt: skip
    facts = read(tmp_path / "strawberry.db", "mbid", "album", "path", listener="ana")[1]
    assert facts[:3] == [("8f34", "Moon Safari", None), (None, "Hurry", None), (None, None, url)]


def test_clementine(tmp_path):
    schema = STRAWBERRY.replace("url TEXT", "filename TEXT").replace(
        ", musicbrainz_recording_id TEXT, cue_path TEXT", ""
    )
    rows = {"songs": [("Sexy Boy", "", "Air", "", "file:///1.mp3", 1, 0, SECOND, 0.8)]}
    path = database(tmp_path / "clementine.db", schema.replace("(20)", "(54)"), rows)
    assert read(path, *COLUMNS)[1] == [("me", "Air", "Sexy Boy", SECOND, 1, 0), ("me", "Air", "Sexy Boy", None, 1, 1)]
