"""Lists in JSON, entry by entry, are the lists that json reads whole."""

import io
import json
from collections import Counter

import polars as pl
import pytest

from earshot.data.tables import json_lists, text_blocks
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member


def entries(content, size, monkeypatch):
    monkeypatch.setattr(json_lists, "_PIECE_BYTES", size)
    monkeypatch.setattr(json_lists, "_ENTRIES_AT_ONCE", 2)
    return [entry for some in json_entries(io.BytesIO(content), "x.json") for entry in some]


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_a_list_in_pieces(monkeypatch, size):
    values = [{"a": [1, {"b": "}, {é]"}]}, 12345678901, 1.5e-7, "x" * 50, None, True, [], {}, "🎵"]
    for content in (json.dumps(values), json.dumps(values, indent=3, ensure_ascii=False), " [ ] \n", "[1234]"):
        assert entries(content.encode(), size, monkeypatch) == json.loads(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[1, 2", "is not JSON: Expecting ',' delimiter, after 2 entries"),
        (b"[1, ", "is not JSON: Expecting value, after 1 entries"),
        (b"[1 2]", "is not JSON: Expecting ',' delimiter, after 1 entries"),
        (b"[1] 2", "is not JSON: Extra data"),
        (b'["\xff"]', "is not JSON: 'utf-8' codec"),
        (b"[" * 100_000, "is not JSON: maximum recursion depth"),
        (b"[" + b"9" * 5_000 + b"]", "is not JSON: Exceeds the limit"),
        (b'{"a": 1}', "is no list of streams"),
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
    ],
)
def test_what_is_no_list(monkeypatch, content, words):
    with pytest.raises(ValueError, match=f"^x.json {words}"):
        entries(content, 1_000, monkeypatch)


def test_long_entries_come_fewer_at_a_time(monkeypatch):
    monkeypatch.setattr(json_lists, "_LETTERS_AT_ONCE", 1_000)
    values = ["x" * 400] * 9 + ["y"] * 5
    pieces = list(json_entries(io.BytesIO(json.dumps(values).encode()), "x.json"))
    assert [len(piece) for piece in pieces] == [3, 3, 3, 5]
    assert [value for piece in pieces for value in piece] == values


def test_an_entry_without_end_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(json_lists, "_MAX_ENTRY_LETTERS", 1_000)
    file = io.BytesIO(b'["' + b"x" * 1_000_000)
    monkeypatch.setattr(json_lists, "_PIECE_BYTES", 100)
    with pytest.raises(ValueError, match="Unterminated string"):
        list(json_entries(file, "x.json"))
    assert file.tell() < 10_000


def rows(path, text):
    path.write_text(text)
    columns = json_lists.json_columns(text.encode(), path.name)
    return pl.concat(json_lists.json_rows(Member(path), list(columns), Counter())).rows()


def test_damaged_json_lines_cost_only_themselves(tmp_path):
    half = '{"a": "' + "\\ud800" + 'y", "n": 1e400}'  # of a letter
    lines = ['{"a": "x", "n": 1}', "no json", "[1]", half, '{"a":' * 5_000, '{"a": "z"}']
    assert rows(tmp_path / "x.jsonl", "\n".join(lines)) == [
        ("x", "1"), (None, None), (None, None), ("?y", "Infinity"), (None, None), ("z", None),
    ]  # fmt: skip


def test_a_line_too_long_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(text_blocks, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(json_lists, "_BLOCK_BYTES", 64)
    text = '{"user": "a"}\n{"user": "' + "x" * 5_000 + '"}\n{"user": "c"}\n'
    assert rows(tmp_path / "x.jsonl", text) == [("a",), ("c",)]


def test_columns_without_end(monkeypatch):
    monkeypatch.setattr(json_lists, "MAX_COLUMNS", 3)
    with pytest.raises(ValueError, match=r"x\.jsonl has more than 3 columns"):
        json_lists.json_columns(b'{"a":1,"b":1}\n{"c":1,"d":1}\n', "x.jsonl")
