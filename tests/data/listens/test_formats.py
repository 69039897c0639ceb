"""Formats are detected by content, not by name."""

import json

import polars as pl
import pytest

from earshot.data.listens.formats import READERS, detect_format
from earshot.data.tables.text_blocks import Member
from listen_exports import lastfm_1k, listen, spotify, stream


def detected(path):
    """The name of the format of a file."""
    reader = detect_format(Member(path))
    return None if reader is None else reader.name


def written(path, text):
    path.write_text(text)
    return path


def test_names_of_formats_are_different():
    assert len({reader.name for reader in READERS}) == len(READERS)


def test_a_file_of_no_format(tmp_path):
    for name, text in (("x.pdf", "%PDF-1.4"), ("x.json", '{"name": "x"}'), ("empty", "")):
        assert detected(written(tmp_path / name, text)) is None
    with pytest.raises(ValueError, match=r"x\.csv is packed \(gzip\); unpack it first"):
        (tmp_path / "x.csv").write_bytes(b"\x1f\x8b\x08")
        detected(tmp_path / "x.csv")


def test_one_file_of_each_format(tmp_path):
    assert detected(lastfm_1k(tmp_path / "some.tsv")) == "lastfm-1k"
    assert detected(spotify(tmp_path / "some.json", stream())) == "spotify"
    assert detected(spotify(tmp_path / "other.json", listen())) == "listenbrainz"
    assert detected(written(tmp_path / "5.jsonl", json.dumps(listen()) + "\n")) == "listenbrainz"
    assert detected(written(tmp_path / "t.jsonl", '{"user": "a", "track": "b"}\n')) == "table"
    assert detected(written(tmp_path / "a.csv", "Air,Moon,One,04 May 2009 23:08\n")) == "lastfm-csv"
    header = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
    assert detected(written(tmp_path / "b.csv", header)) == "lastfm-csv"
    assert detected(written(tmp_path / "c.csv", "user,uts,artist,track\n")) == "table"
    pl.DataFrame({"uid": [1], "timestamp": [5], "item_id": [3]}).write_parquet(tmp_path / "likes.parquet")
    assert detected(tmp_path / "likes.parquet") == "yambda"
    pl.DataFrame({"user": [1], "track": [5]}).write_parquet(tmp_path / "x.parquet")
    assert detected(tmp_path / "x.parquet") == "table"


@pytest.mark.parametrize(
    ("header", "format"),
    [
        *[
            (names, "lastfm-csv")
            for names in ("Artist,Album,Track,Date", "artist,album,name,date", "id,ARTIST,Track,Uts")
        ],
        *[('"Artist";"Album";"AlbumId";"Track";"Date#bob"', "lastfm-csv"), ("uts,artist,track,mood", "lastfm-csv")],
        *[
            (names, "table")
            for names in ("artist,track", "artist,date", "artist,track,date,plays", "user,artist,track,date")
        ],
    ],
)
def test_a_last_fm_csv_is_known_by_its_columns(tmp_path, header, format):
    assert detected(written(tmp_path / "x.csv", header + "\n")) == format
