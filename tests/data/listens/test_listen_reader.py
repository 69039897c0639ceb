"""The beginning of a file as detection sees it, and how files are grouped into imports."""

from pathlib import Path

import pytest

from earshot.data.listens.listen_reader import Head, one_by_one, together
from earshot.data.tables.text_blocks import Member

FILES = [Member(Path("a.csv")), Member(Path("b.csv"))]


@pytest.mark.parametrize(
    ("text", "is_json", "first_line"),
    [("a,b\n1,2\n", False, "a,b"), ("[{}]", True, ""), ('{"a": 1}\n', True, ""), ("", False, "")],
)
def test_json_has_no_first_line(text, is_json, first_line):
    head = Head(FILES[0], text)
    assert (head.is_json, head.first_line) == (is_json, first_line)


def test_files_are_imported_one_by_one_or_together():
    assert one_by_one(FILES) == [[FILES[0]], [FILES[1]]] and together(FILES) == [FILES]
