"""The collections of Traktor and rekordbox as they are read."""

import pytest

from dj_files import REKORDBOX, TRAKTOR, TRAKTOR_HISTORY, VIRTUAL_DJ
from listen_exports import SECOND, read

DAY = SECOND - SECOND % 86_400
COLUMNS = ("user", "artist", "title", "time_s", "plays", "kind")


def test_the_counts_of_traktor(tmp_path):
    (tmp_path / "collection.nml").write_text(TRAKTOR)
    name, events, left_out = read(tmp_path / "collection.nml", *COLUMNS)
    assert (name, left_out) == ("traktor", {"tracks that were never played": 1})
    assert events == [
        ("me", "Air", "Sexy Boy", DAY, 12, 0), ("me", "Air", "Sexy Boy", None, 1, 1),
        ("me", "Can", "Two", None, 1, 0), ("me", "Can", "Two", None, 1, 2),
        ("me", None, "Neu", None, 2, 0),
    ]  # fmt: skip
    facts = read(tmp_path / "collection.nml", "album", "path", listener="ana")[1]
    assert facts[0] == ("Moon Safari", None) and facts[-1] == (None, "C:/Music/Neu.mp3")


def test_a_count_that_is_none_costs_its_track(tmp_path):
    digits = "9" * 5_000  # more than Python reads as a number
    (tmp_path / "rekordbox.xml").write_text(REKORDBOX.replace('PlayCount="12"', f'PlayCount="{digits}"'))
    _, events, left_out = read(tmp_path / "rekordbox.xml", "title", "kind")
    assert ("Sexy Boy", 0) not in events and ("two", 0) in events and left_out["malformed"] == 1


def test_the_plays_of_a_history(tmp_path, in_berlin):
    (tmp_path / "history_2009y05m04d.nml").write_text(TRAKTOR_HISTORY)
    name, events, left_out = read(tmp_path / "history_2009y05m04d.nml", *COLUMNS, "played_ms")
    assert (name, events) == ("traktor", [("me", "Air", "Sexy Boy", SECOND, 1, 0, 180_500)])
    assert left_out == {"tracks that were only cued": 1, "malformed": 1}


def test_the_counts_of_rekordbox(tmp_path):
    (tmp_path / "rekordbox.xml").write_text(REKORDBOX)
    name, events, left_out = read(tmp_path / "rekordbox.xml", *COLUMNS)
    assert (name, left_out) == ("rekordbox", {"tracks that were never played": 1})
    assert events == [
        ("me", "Air", "Sexy Boy", None, 12, 0), ("me", "Air", "Sexy Boy", None, 1, 1),
        ("me", None, "two", None, 1, 0), ("me", "Can", "Three", None, 1, 2),
    ]  # fmt: skip


def test_the_counts_of_virtual_dj(tmp_path):
    (tmp_path / "database.xml").write_text(VIRTUAL_DJ)
    name, events, left_out = read(tmp_path / "database.xml", *COLUMNS, "path")
    assert (name, left_out) == ("virtual-dj", {"tracks that were never played": 1})
    assert events == [
        ("me", "Air", "Sexy Boy", SECOND, 12, 0, None), ("me", None, "two", None, 1, 0, "/Users/me/two.mp3"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TRAKTOR[:600], "x.nml is not XML"),
        (TRAKTOR.replace("<NML", '<!DOCTYPE a [<!ENTITY b "c">]><NML'), "x.nml declares XML entities"),
    ],
)
def test_damage(tmp_path, text, words):
    (tmp_path / "x.nml").write_text(text)
    with pytest.raises(ValueError, match=words):
        read(tmp_path / "x.nml")
