"""The database of Mixxx as it is read."""

import pytest

from listen_exports import SECOND, read
from player_databases import MIXXX, MIXXX_ROWS, database

COLUMNS = ("user", "artist", "title", "time_s", "plays", "kind")


def test_histories_counts_and_stars(tmp_path):
    path = database(tmp_path / "mixxxdb.sqlite", MIXXX, MIXXX_ROWS)
    name, events, left_out = read(path, *COLUMNS)
    assert (name, left_out) == ("mixxx", {})
    assert events == [
        ("me", "Air", "One", SECOND - 537, 1, 0), ("me", "Air", "One", SECOND, 1, 0),
        ("me", "Air", "One", None, 1, 0), ("me", "Can", "Two", SECOND, 4, 0),
        ("me", "Air", "One", None, 1, 1), ("me", "Can", "Two", None, 1, 2),
    ]  # fmt: skip
    assert read(path, "user", "album", listener="ana")[1][0] == ("ana", "Moon")


def test_before_last_plays_were_kept(tmp_path):
    rows = {"library": [(1, "Air", "One", "", "", None, 3, 0)]}
    schema = MIXXX.replace(",\n    last_played_at DATETIME DEFAULT NULL", "")
    assert read(database(tmp_path / "mixxxdb.sqlite", schema, rows), *COLUMNS)[1] == [("me", "Air", "One", None, 3, 0)]
    other = database(tmp_path / "x.sqlite", schema.replace("timesplayed", "played"), {})
    with pytest.raises(
        ValueError, match=r"x\.sqlite is of Mixxx, schema version 39, .* it has no library\.timesplayed"
    ):
        read(other)
