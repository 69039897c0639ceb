"""The database of MediaMonkey as it is read, whose texts have an order of their own."""

from listen_exports import SECOND, read
from player_databases import MEDIAMONKEY, database

COLUMNS = ("user", "artist", "title", "time_s", "plays", "kind")
HOUR = 1 / 24  # of a day


def test_single_plays_counts_and_stars(tmp_path):
    local = 25_569 + (SECOND + 2 * 3_600) / 86_400  # days since the end of 1899, in Berlin's summer
    rows = {
        "Songs": [
            (1, "Air", "Sexy Boy", "Moon Safari", ":\\m\\1.mp3", 80, 3, local),
            (2, "Daft Punk;Pharrell Williams", "Get Lucky", "", ":\\m\\2.mp3", 20, 2, 0),
            (3, "", "", "", ":\\m\\3.mp3", -1, 1, 0),
            (4, "Air", "Talisman", "", ":\\m\\4.mp3", 60, 0, 0),
        ],
        "Played": [(1, 1, local, 2 * HOUR), (2, 1, local - 1, 2 * HOUR), (3, 3, local, 2 * HOUR), (4, 9, local, 0)],
    }
    path = database(tmp_path / "MM5.DB", MEDIAMONKEY, rows)
    name, events, left_out = read(path, *COLUMNS)
    assert (name, left_out) == ("mediamonkey", {})
    assert events == [
        ("me", "Air", "Sexy Boy", SECOND, 1, 0), ("me", "Air", "Sexy Boy", SECOND - 86_400, 1, 0),
        ("me", None, "3", SECOND, 1, 0),
        ("me", "Air", "Sexy Boy", None, 1, 0), ("me", "Daft Punk;Pharrell Williams", "Get Lucky", None, 2, 0),
        ("me", "Air", "Sexy Boy", None, 1, 1), ("me", "Daft Punk;Pharrell Williams", "Get Lucky", None, 1, 2),
    ]  # fmt: skip
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 7
