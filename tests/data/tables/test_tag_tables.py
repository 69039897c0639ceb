"""Tables of tags, with columns of many names."""

import pytest

from earshot.data.tables.tag_tables import TagRow, read_tag_table

TEXT = (
    "file,title,artist,album,genres,date\n"
    "clips/MT1.mp3,Hunter,Björk,Homogenic,Electronic; Pop/Rock,1997-09-22\n"
    "clips/MT9.mp3,None,,,,\n"
    ",lost,,,,\n"
)


def table(folder, text):
    (folder / "tracks.csv").write_text(text, encoding="utf-8")
    return read_tag_table(folder / "tracks.csv")


def test_a_table_is_read(tmp_path):
    tags = table(tmp_path, TEXT)
    assert tags.rows == [
        TagRow("clips/MT1.mp3", "Hunter", "Björk", "Homogenic", "Electronic; Pop/Rock", 1997),
        TagRow("clips/MT9.mp3", "None", None, None, None, None),
    ]
    assert tags.fields == ("title", "artist", "album", "genre", "year")
    assert tags.n_malformed == 1 and tags.malformed == ("row 3: , lost, , , , ",)


def test_columns_that_are_missing_are_no_fields(tmp_path):
    tags = table(tmp_path, "Path\tRelease_Year\na.mp3\tin 2001 or so\nb.mp3\tlong ago\n")
    assert tags.fields == ("year",) and [row.year for row in tags.rows] == [2001, None]


def test_a_table_without_files_or_tags_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"tracks\.csv has no column `file` or `path`; it has title, artist"):
        table(tmp_path, "title,artist\na,b\n")
    with pytest.raises(ValueError, match=r"no column title, artist, album, genre or year; it has file, mood"):
        table(tmp_path, "file,mood\na,b\n")


def test_a_folder_and_a_name_make_a_path(tmp_path):
    text = "\ufeffTitle;Path;Filename;\nAlpha;C:\\Music\\;a.flac;\nBeta;/music/;b.flac;\nC;/m/c.mp3;c.mp3;\n"
    assert [row.path for row in table(tmp_path, text).rows] == ["C:\\Music\\a.flac", "/music/b.flac", "/m/c.mp3"]
