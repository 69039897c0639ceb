"""Sheets of workbooks."""

import zipfile

import pytest

from earshot.data.tables.table_blocks import open_table
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.workbooks import read_sheet, sheet_names
from workbook_files import workbook


def test_cells_are_text(tmp_path):
    path = workbook(tmp_path / "x.xlsx", {"first": [["a"], ["1"]], "second": [["b", "c"], ["Größe", 22], ["", 5.5]]})
    assert sheet_names(Member(path)) == ["first", "second"]
    assert read_sheet(Member(path)).rows() == [("1",)]
    assert read_sheet(Member(path), "second").to_dict(as_series=False)["c"] == ["22", "5.5"]
    assert open_table(path, sheet="second").columns == ["b", "c"] and open_table(path).whole().rows() == [("1",)]


def test_what_is_none_is_refused(tmp_path):
    path = workbook(tmp_path / "x.xlsx", {"first": [["a"]]})
    with pytest.raises(ValueError, match=r"x\.xlsx cannot be read as a workbook: .*third"):
        read_sheet(Member(path), "third")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(path, "x.xlsx")
    with pytest.raises(ValueError, match=r"x\.xlsx is a workbook inside x\.zip; unpack it first"):
        sheet_names(Member(tmp_path / "x.zip", "x.xlsx"))
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ValueError, match=r"x\.xlsx cannot be read as a workbook: "):
        sheet_names(Member(path))
