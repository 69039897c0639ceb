"""Deezer's data as it is read."""

import zipfile

import pytest

from earshot.data.exports.listen_sources import find_sources
from listen_exports import SECOND, read


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_sheet_of_listens(tmp_path, separator):
    lines = [
        ("Song Title", "Artist", "ISRC", "Album Title", "IP Address", "Listening Time", "Platform Name", "Date"),
        ("One", "Air", "FRZ119800020", "Moon Safari", "0.0.0.0", "298", "android", "2009-05-04 23:08:57"),
        ("Two", "Air", "", "", "0.0.0.0", "-1", "android", "2009-05-04 23:08:57"),
        ("Three", "Air", "", "", "0.0.0.0", "5", "android", "yesterday"),
    ]
    path = tmp_path / "deezer.csv"
    path.write_text("".join(separator.join(line) + "\n" for line in lines))
    assert read(path, "user", "artist", "title", "album", "isrc", "time_s", "played_ms") == (
        "deezer",
        [
            ("me", "Air", "One", "Moon Safari", "FRZ119800020", SECOND, 298_000),
            ("me", "Air", "Two", None, None, SECOND, None),
        ],
        {"malformed": 1},
    )
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 2


def test_a_workbook_is_refused_with_what_to_do(tmp_path):
    with zipfile.ZipFile(tmp_path / "deezer-data_2175.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="10_listeningHistory"/></sheets></workbook>')
    with pytest.raises(ValueError, match=r"deezer-data_2175\.xlsx is a workbook; open it, and save its sheet as CSV"):
        find_sources(tmp_path / "deezer-data_2175.xlsx")
