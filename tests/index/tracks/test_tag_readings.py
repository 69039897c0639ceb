"""Tags as earlier versions read them, and tags that somebody imported instead."""

import pytest

from earshot.index.tracks.tag_readings import is_older_reading


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Bj\ufffdrk", "Björk"),
        ("\ufffd\ufffd\ufffd\ufffd", None),
        ("Êèíî", "Кино"),  # bytes that call themselves Latin-1
        ("A title of more than thirty let", "A title of more than thirty letters"),
        ("Anna", "Anna; Ben"),
        ("Beyonce\u0301", "Beyoncé"),
        ("Unknown Artist", None),
        ("Various Artists", "Ann"),
    ],
)
def test_readings_of_earlier_versions(old, new):
    assert is_older_reading(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Air", "Ann"),
        ("Air", None),
        ("Air", "Airborne"),
        (1999, 2001),
        ("Björk", "Bjork"),
        ("Björk", "Bjørk"),
        ("Кино", "Kino"),
    ],
)
def test_names_that_somebody_imported(old, new):
    assert not is_older_reading(old, new)
