"""Plex's database as it is read."""

from listen_exports import SECOND, read
from player_databases import PLEX, database


def test_views_and_what_is_counted_besides(tmp_path):
    rows = {
        "accounts": [(1, "ana"), (7, "")],
        "metadata_items": [
            (1, None, 8, "artist", "Air", ""), (2, 1, 9, "album", "Moon Safari", ""),
            (3, 2, 10, "g1", "Sexy Boy", ""), (4, 2, 10, "g2", "All I Need", "Air feat. Beth Hirsch"),
            (5, 2, 10, "g1", "Sexy Boy", ""), (6, None, 1, "film", "Alien", ""),
        ],
        "metadata_item_settings": [
            (1, 1, "g1", 10.0, 3, SECOND), (2, 1, "g2", 2.0, 1, SECOND + 1), (3, 7, "g2", 6.0, 4, SECOND + 2),
            (4, 1, "film", 10.0, 1, SECOND),
        ],
        "metadata_item_views": [
            (1, 1, "g1", 10, "Air", "Moon Safari", "Sexy Boy", SECOND),
            (2, 1, "g2", 10, "Air", "Moon Safari", "All I Need", "2009-05-04 23:08:58"),
            (3, 1, "film", 1, None, None, "Alien", SECOND),
            (4, 1, "gone", 10, "M83", "Hurry", "Intro", SECOND),
        ],
    }  # fmt: skip
    path = database(tmp_path / "com.plexapp.plugins.library.db", PLEX, rows)
    name, events, left_out = read(path, "user", "artist", "title", "album", "time_s", "plays", "kind")
    assert (name, left_out) == ("plex", {})
    boy, need = ("Air", "Sexy Boy", "Moon Safari"), ("Air feat. Beth Hirsch", "All I Need", "Moon Safari")
    assert events == [
        ("ana", *boy, SECOND, 1, 0), ("ana", *need, SECOND + 1, 1, 0), ("ana", "M83", "Intro", "Hurry", SECOND, 1, 0),
        ("ana", *boy, None, 2, 0), ("account 7", *need, SECOND + 2, 4, 0),
        ("ana", *boy, None, 1, 1), ("ana", *need, None, 1, 2),
    ]  # fmt: skip
