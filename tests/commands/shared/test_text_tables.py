"""Rows as people and programs read them."""

import csv
import io
import json
import os
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earshot.commands.shared.text_tables import as_csv, clock, json_text, one_line, table
from earshot.index.tracks.track_lookup import TrackRow

TRACK = TrackRow(1, "/music/joga.mp3", "Jóga", "Björk", "Homogenic", "Pop", 1997, 304.6, "abc")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0, "0:00"), (5, "0:05"), (59.9, "0:59"), (60, "1:00"), (185.2, "3:05"), (3_599, "59:59")],
        *[(3_600, "1:00:00"), (3_723, "1:02:03"), (36_000, "10:00:00"), (None, "")],
    ],
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_a_table_by_hand():
    rows = [(1, "Jóga", None, 0.98765), (12, "Hunter", "Björk", 0.5)]
    assert table(rows, ("id", "title", "artist", "score")).splitlines() == [
        "id  title   artist  score",
        " 1  Jóga            0.988",
        "12  Hunter  Björk   0.500",
    ]


def test_numbers_stay_to_the_right_where_one_is_missing():
    assert table([(1, "a"), (None, "b"), (12, None)], ("rank", "t")).splitlines()[1:] == ["   1  a", "      b", "  12"]


def test_a_table_of_nothing():
    assert table([], ("id", "title")) == "id  title"


def test_wide_characters_take_two_cells():
    rows = [("群青", "x"), ("abcd", "x"), ("a群", "x")]
    assert table(rows, ("t", "y")).splitlines() == ["t     y", "群青  x", "abcd  x", "a群   x"]


@pytest.mark.parametrize("text", [unicodedata.normalize("NFD", "Jóga"), "J̃o\u20dega", "ที่"])
def test_marks_take_none(text):
    """A combining tilde, an enclosing circle, and Thai vowels that sit above their letter."""
    n_letters = sum(unicodedata.category(character) not in ("Mn", "Me") for character in text)
    line = table([(text, "x")], ("t", "y")).splitlines()[1]
    assert line == text + "  x"
    header = table([(text, "x")], ("t", "y")).splitlines()[0]
    assert header == "t" + " " * (n_letters - 1) + "  y"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(None, ""), (0.12345, "0.123"), (7, "7"), ("a\tb\nc", "a b c"), ("\x1b]0;title\x07", " ]0;title ")],
        *[("a\u202eb", "a b"), ("a\u200bb", "a b"), (os.fsdecode(b"caf\xe9"), "caf "), ("Jóga 群青", "Jóga 群青")],
    ],
)
def test_nothing_moves_the_cursor(value, text):
    assert one_line(value) == text


def test_the_widest_column_is_cut_and_says_so():
    rows = [("short", "a rather long title that does not fit", 1)]
    lines = table(rows, ("artist", "title", "n"), width=30).splitlines()
    # 30 cells less two gaps of 2, "artist" of 6 and "n" of 1 leave 19 for the title.
    assert lines == ["artist  title                n", "short   a rather long titl…  1"]
    assert [len(line) for line in lines] == [30, 30]


def test_a_wide_character_is_not_cut_in_half():
    line = table([("群" * 20, 1)], ("title", "n"), width=20).splitlines()[1]
    assert line == "群" * 8 + "…" + "  1", "17 cells: eight characters and the dots"


def test_no_column_is_cut_to_nothing():
    rows = [("x" * 40, "y" * 40, "z" * 40)]
    line = table(rows, ("a", "b", "c"), width=10).splitlines()[1]
    assert line == "  ".join(letter * 11 + "…" for letter in "xyz")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.text(max_size=30), st.integers(), st.floats(allow_nan=False), st.none()), max_size=5),
    st.integers(0, 80),
)
def test_every_line_of_a_table_is_one_line(rows, width):
    assert len(table(rows, ("a", "b", "c", "d"), width).split("\n")) == len(rows) + 1


def test_json_round_trip():
    rows = [{"id": 1, "title": "Jóga 群青\x1b", "album": None, "score": 0.5}, {"id": 2, "title": '"'}]
    assert json.loads(json_text(rows, indent=2)) == rows
    assert "Jóga 群青" in json_text(rows, indent=2)
    assert json.loads(json_text([], indent=2)) == []


def parsed(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_round_trip():
    rows = [{"id": 1, "title": 'a, "b"\nc'}, {"id": -2, "title": None}, {"id": 0.5, "title": "群青"}]
    assert parsed(as_csv(rows)) == [
        {"id": "1", "title": 'a, "b"\nc'},
        {"id": "-2", "title": ""},
        {"id": "0.5", "title": "群青"},
    ]
    assert as_csv([]) == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_spreadsheet_runs_nothing(start):
    (row,) = parsed(as_csv([{"title": start + "HYPERLINK(1)"}]))
    assert row["title"] == "'" + start.replace("\r", "\n") + "HYPERLINK(1)"


def test_a_carriage_return_does_not_end_a_row():
    assert parsed(as_csv([{"title": "a\rb\r\nc", "n": 1}])) == [{"title": "a\nb\nc", "n": "1"}]


def test_csv_of_rows_that_differ():
    """Not every answer has a moment."""
    assert as_csv([{"id": 1}, {"id": 2, "moment": 5.0}]) == "id,moment\n1,\n2,5.0\n"
