"""Text in blocks of whole lines: no line is cut, lost without a count, or held when it is too long."""

import gzip
import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from earshot.data.exports.scrobblers.lastfm import read_lastfm_1k
from earshot.data.tables import text_blocks
from earshot.data.tables.text_blocks import (
    Member,
    json_blocks,
    json_object,
    json_objects,
    json_value,
    line_blocks,
    members_of,
)
from listen_exports import lastfm_1k


@pytest.mark.parametrize(
    ("member", "text", "title", "suffix", "location"),
    [
        (Member(Path("/in/x.CSV")), "x.CSV", "x.CSV", ".csv", "/in/x.CSV"),
        (Member(Path("/in/x.csv.gz")), "x.csv.gz", "x.csv", ".csv", "/in/x.csv.gz"),
        (Member(Path("/in/x.zip"), "a/b.json"), "a/b.json", "b.json", ".json", "/in/x.zip/a/b.json"),
    ],
)
def test_names_of_members(member, text, title, suffix, location):
    assert (str(member), member.title, member.suffix, member.location) == (text, title, suffix, Path(location))


def test_members_of_a_file_and_of_an_archive(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress("ä\n".encode("utf-16")))
    (plain,) = members_of(tmp_path / "x.csv.gz")
    with plain.open_text() as text:
        assert text.read().decode() == "ä\n"
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/b.csv", b"b")
        archive.mkdir("c")
    assert members_of(tmp_path / "x.zip") == [Member(tmp_path / "x.zip", "a/b.csv")]


@pytest.mark.parametrize("text", [b"", b"\n", b"a", b"a\nbb\n\nccc", b"a\r\nbb\n" * 5])
@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
def test_blocks_are_whole_lines_and_together_the_text(text, size):
    blocks = list(line_blocks(io.BytesIO(text), size))
    assert b"".join(blocks) == text and all(block.endswith(b"\n") for block in blocks[:-1]) and b"" not in blocks


def test_a_block_of_short_lines_ends_by_their_number(monkeypatch):
    monkeypatch.setattr(text_blocks, "_PIECE_BYTES", 4)
    assert list(line_blocks(io.BytesIO(b"\n" * 10), lines=4)) == [b"\n" * 4, b"\n" * 4, b"\n" * 2]


def test_a_line_too_long_is_skipped_and_counted(monkeypatch):
    monkeypatch.setattr(text_blocks, "MAX_LINE_BYTES", 10)
    lost = Counter()
    blocks = list(line_blocks(io.BytesIO(b"a\n" + b"x" * 100 + b"\nb\n"), 16, lost=lost))
    assert b"".join(blocks) == b"a\nb\n" and lost == {"lines longer than 0 MiB": 1}


def test_values_of_json_lines(monkeypatch):
    monkeypatch.setattr(text_blocks, "_JSON_LINES", 2)
    blocks = json_blocks(io.BytesIO(b'{"a": 1}\n\n[2]\nno json\n'))
    assert list(blocks) == [[{"a": 1}, [2]], [None]]
    assert json_value(b"[" * 100_000) is None and json_value("1") == 1


def test_blocks_end_with_lines(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"one\ntwo\r\nthree and more\n\nfive")
    for size in (1, 2, 5, 100):
        with path.open("rb") as file:
            blocks = list(line_blocks(file, size))
        assert b"".join(blocks) == path.read_bytes() and all(block.endswith(b"\n") for block in blocks[:-1])
    monkeypatch.setattr(
        "earshot.data.tables.text_layouts.line_blocks", lambda file, **options: line_blocks(file, 100, **options)
    )
    batches = list(read_lastfm_1k(Member(lastfm_1k(tmp_path / "x.tsv"))))
    assert len(batches) > 3 and sum(len(batch.events) for batch in batches) == 3
    # The number of a row counts those of the blocks before.
    assert [text[:5] for batch in batches for text in batch.malformed] == ["row 4", "row 5", "row 6", "row 7"]


def test_what_is_no_object_is_an_empty_one():
    assert json_object({"a": 1}) == {"a": 1} and json_object([1]) == {} == json_object(None)
    assert json_objects([{"a": 1}, 2, None]) == [{"a": 1}] and json_objects("x") == []
