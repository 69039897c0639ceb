"""The music database of Kodi as it is read."""

from listen_exports import SECOND, read
from player_databases import KODI, database

COLUMNS = ("user", "artist", "title", "time_s", "plays", "kind")


def test_play_counts_and_ratings(tmp_path, in_berlin):
    rows = {
        "song": [
            (1, 1, 1, "Air", "Sexy Boy", "02.flac", "8f34", 3, "2009-05-05 01:08:57", 10),
            (2, 1, 1, "Air", "Talisman", "05.flac", None, 1, None, 0),
            (3, 1, 1, "Air", "Remember", "06.flac", None, 0, None, 2),
            (4, 9, 1, "", "", "07.flac", None, 2, "never", 5),
        ],
        "album": [(1, "Moon Safari")],
        "path": [(1, "/m/Air/")],
    }
    path = database(tmp_path / "MyMusic82.db", KODI, rows)
    name, events, left_out = read(path, *COLUMNS)
    assert (name, left_out) == ("kodi", {})
    assert events == [
        ("me", "Air", "Sexy Boy", SECOND, 3, 0), ("me", "Air", "Talisman", None, 1, 0), ("me", None, "07", None, 2, 0),
        ("me", "Air", "Sexy Boy", None, 1, 1), ("me", "Air", "Remember", None, 1, 2),
    ]  # fmt: skip
    facts = read(path, "mbid", "album", "path", listener="ana")[1]
    assert facts[0] == ("8f34", "Moon Safari", None) and facts[2] == (None, None, "/m/Air/07.flac")
