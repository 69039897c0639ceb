"""Tables of JSON lines: damaged lines cost only themselves."""

from collections import Counter

import polars as pl
import pytest

from earshot.data.tables import json_rows, text_blocks
from earshot.data.tables.text_blocks import Member


def rows(path, text):
    path.write_text(text)
    columns = json_rows.json_columns(text.encode(), path.name)
    return pl.concat(json_rows.json_rows(Member(path), list(columns), Counter())).rows()


def test_damaged_json_lines_cost_only_themselves(tmp_path):
    half = '{"a": "' + "\\ud800" + 'y", "n": 1e400}'  # of a letter
    lines = ['{"a": "x", "n": 1}', "no json", "[1]", half, '{"a":' * 5_000, '{"a": "z"}']
    assert rows(tmp_path / "x.jsonl", "\n".join(lines)) == [
        ("x", "1"), (None, None), (None, None), ("?y", "Infinity"), (None, None), ("z", None),
    ]  # fmt: skip


def test_a_line_too_long_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(text_blocks, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(json_rows, "_BLOCK_BYTES", 64)
    text = '{"user": "a"}\n{"user": "' + "x" * 5_000 + '"}\n{"user": "c"}\n'
    assert rows(tmp_path / "x.jsonl", text) == [("a",), ("c",)]


def test_columns_without_end(monkeypatch):
    monkeypatch.setattr(json_rows, "MAX_COLUMNS", 3)
    with pytest.raises(ValueError, match=r"x\.jsonl has more than 3 columns"):
        json_rows.json_columns(b'{"a":1,"b":1}\n{"c":1,"d":1}\n', "x.jsonl")
