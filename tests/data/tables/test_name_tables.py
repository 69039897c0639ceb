"""Names of another program, looked up in its own tables."""

import polars as pl
import pytest

from earshot.data.tables.name_tables import level_of, translate


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "tracks.csv"
    path.write_text("file,artist_id,artist,title\na.mp3,1,Air,La Femme\nb.mp3,2, Can ,Vitamin C\nc.mp3,1,Air,\n")
    return path


def test_the_column_that_holds_the_names_says_what_they_mean(table):
    found = translate(["2", "7", "1"], table)
    assert found.names == ["Can", "7", "Air"] and found.n_known == 2
    assert (found.key, found.value) == ("artist_id", "artist")


def test_columns_can_be_named(table):
    assert translate(["a.mp3", "c.mp3"], table, key="file", value="title").names == ["La Femme", "c.mp3"]
    assert translate(["2"], table, value="file").names == ["b.mp3"]


def test_of_equal_columns_the_one_that_speaks_of_the_level(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("track_id\talbum_id\ttitle\talbum\n1\t1\tA\tX\n2\t2\tB\tY\n")
    assert translate(["1", "2"], path, level="album").names == ["X", "Y"]
    assert translate(["1", "2"], path, level="track").names == ["A", "B"]
    assert translate(["1", "2"], path).key == "track_id"


def test_a_columns_name_says_what_it_holds():
    assert level_of("follower_artist_id", "x") == "artist" and level_of("Album") == "album"
    assert level_of("track_id") == "track" and level_of("source", "target") is None and level_of() is None


def test_numbers_of_a_parquet_file_are_names_too(tmp_path):
    pl.DataFrame({"id": [1, 2], "name": ["Air", "Can"]}).write_parquet(tmp_path / "t.parquet")
    assert translate(["2", "1"], tmp_path / "t.parquet").names == ["Can", "Air"]


def test_json_lines(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"artist_id": "x1", "artist_name": "Air"}\nbroken\n{"artist_id": "x2"}\n')
    found = translate(["x1", "x2"], tmp_path / "t.jsonl")
    assert found.names == ["Air", "x2"] and found.n_known == 1


def test_a_table_that_does_not_help_is_refused(table):
    with pytest.raises(ValueError, match=r"no column of tracks\.csv holds any of the names, such as zz"):
        translate(["zz"], table)
    with pytest.raises(ValueError, match="which column says what 'artist' means"):
        translate(["Air"], table)
    with pytest.raises(ValueError, match=r"tracks\.csv has no column 'mbid'; it has file, artist_id"):
        translate(["1"], table, key="mbid")
    table.with_name("t.ods").write_bytes(b"PK\x03\x04...")
    with pytest.raises(ValueError, match=r"t\.ods: tables of names end in \.csv"):
        translate(["1"], table.with_name("t.ods"))
    with pytest.raises(ValueError, match=r"none\.csv cannot be read: No such file"):
        translate(["1"], table.with_name("none.csv"))
