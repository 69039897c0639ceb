"""Deezer's data as it is read."""

import pytest

from earshot.data.exports.listen_sources import find_sources
from listen_exports import SECOND, read
from workbook_files import workbook

LINES = [
    ("Song Title", "Artist", "ISRC", "Album Title", "IP Address", "Listening Time", "Platform Name", "Date"),
    ("One", "Air", "FRZ119800020", "Moon Safari", "0.0.0.0", "298", "android", "2009-05-04 23:08:57"),
    ("Two", "Air", "", "", "0.0.0.0", "-1", "android", "2009-05-04 23:08:57"),
    ("Three", "Air", "", "", "0.0.0.0", "5", "android", "yesterday"),
]


def workbook_of(path, _):
    return workbook(path.with_suffix(".xlsx"), {"01_mobile": [["Phone"], ["1"]], "10_listeningHistory": LINES})


def text_of(path, separator):
    path.write_text("".join(separator.join(line) + "\n" for line in LINES))
    return path


@pytest.mark.parametrize(("write", "separator"), [(workbook_of, ""), (text_of, ","), (text_of, ";"), (text_of, "\t")])
def test_the_sheet_of_listens(tmp_path, write, separator):
    path = write(tmp_path / "deezer-data_2175.csv", separator)
    assert read(path, "user", "artist", "title", "album", "isrc", "time_s", "played_ms") == (
        "deezer",
        [
            ("me", "Air", "One", "Moon Safari", "FRZ119800020", SECOND, 298_000),
            ("me", "Air", "Two", None, None, SECOND, None),
        ],
        {"malformed": 1},
    )
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 2


def test_a_sheet_of_other_columns_is_refused(tmp_path):
    workbook(tmp_path / "x.xlsx", {"10_listeningHistory": [["Artist"], ["Air"]]})
    (source,) = find_sources(tmp_path / "x.xlsx").sources
    with pytest.raises(ValueError, match=r"x\.xlsx has no columns Album Title, Date, .*; it has Artist"):
        list(source.open().batches)


def test_another_workbook_is_a_table(tmp_path):
    workbook(tmp_path / "x.xlsx", {"plays": [["user", "artist", "track"], ["ana", "Air", "One"]]})
    assert read(tmp_path / "x.xlsx", "user", "artist", "title") == ("table", [("ana", "Air", "One")], {})


def test_dates_of_a_sheet_that_was_saved_in_another_country(tmp_path):
    rows = [LINES[0], (*LINES[1][:-1], "04/05/2009 23:08"), (*LINES[1][:-1], "31/05/2009 23:08")]
    (tmp_path / "x.csv").write_text("".join(";".join(row) + "\n" for row in rows))
    second = SECOND // 60 * 60
    assert read(tmp_path / "x.csv", "time_s")[1] == [(second,), (second + 27 * 86_400,)]
