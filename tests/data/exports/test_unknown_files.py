"""Files without listens are refused by what they look like."""

import gzip
import zipfile

import pytest

from earshot.data.exports import unknown_files
from earshot.data.exports.listen_sources import READERS, find_sources
from player_databases import database


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.pdf", b"%PDF-1.4", r"give a file of .*\.\n\nx\.pdf looks like a PDF\.$"),
        ("watch-history.html", b"<html><title>My Activity</title>", "YouTube's history as a page. Ask .* as JSON"),
        ("x.html", b"<!DOCTYPE html><p>", "a page of the web. Ask for the export as JSON or CSV"),
        ("x.xml", b'<?xml version="1.0"?><!DOCTYPE rss><opml version="1">', "XML of <opml>"),
        ("x.db.gz", gzip.compress(b"SQLite format 3\0", mtime=0), "x.db cannot be read as a database"),
        ("x.m3u8", b"#EXTM3U", "a playlist. `cli import-playlists` reads playlists"),
        (
            "x.csv",
            b"Catalog#,Artist,Title,Label,release_id\nA1,Air,Moon Safari,Source,1\n",
            "a table of albums, as of a",
        ),
        ("x.csv", b"RYM Album, First Name,Title,Release_Date,Rating\n1,,Air,1998,9\n", "a table of albums, as of a"),
        (
            "x.txt",
            b"#\tTrack Title\tArtist\tBPM\tKey\n1\tOne\tAir\t110\t5A\n",
            "a playlist of rekordbox. `cli import-p",
        ),
        ("x.dat", b"\0\1\2", "no text"),
        ("x.log", b"something happened", "text, but no table by its name"),
        ("x.json", b'[{"ts": "2009", "ms_played": 5}]', "the keys ts, ms_played. The nearest format is spotify"),
        ("x.json", b'{"name": "ana", "age": 9}', r"JSON with the keys name, age\.$"),
        ("x.json", b'[{"artist": "Air", "track": "One", "timestamp": 5}]', r"as a table: `jq -c '\.\[\]' FILE"),
        ("x.json", b"[]", r"JSON without keys\.$"),
        ("Playlist1.json", b'{"playlists": [{"items": [{"track": {"trackName": "One"}}]}]}', "`cli import-playlists`"),
    ],
)
def test_a_refusal_says_what_the_file_looks_like(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        find_sources(tmp_path / name)


def test_the_tables_of_a_database_are_told(tmp_path):
    database(tmp_path / "x.db", "CREATE TABLE songs (a); CREATE TABLE b (c)", {})
    words = r"a SQLite database with the tables b, songs\. Those of Navidrome, .* are known here"
    with pytest.raises(ValueError, match=words):
        find_sources(tmp_path / "x.db")
    (tmp_path / "x.db").write_bytes(b"SQLite format 3\0 and no more")
    with pytest.raises(ValueError, match=r"x\.db cannot be read as a database"):
        find_sources(tmp_path / "x.db")


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        (
            "jellyfin.db",
            "ActivityLogs",
            r"without plays\. Before version 10\.11 they lie in library\.db: import that",
        ),
        ("library.db", "TypedBaseItems", r"without plays\. Since version 10\.11 they lie in jellyfin\.db: import that"),
    ],
)
def test_half_of_jellyfin_names_the_other_half(tmp_path, name, table, words):
    database(tmp_path / name, f"CREATE TABLE {table} (a); CREATE TABLE Users (Id, Username)", {})
    with pytest.raises(ValueError, match=words):
        find_sources(tmp_path / name)


def test_a_database_in_an_archive_that_cannot_be_read_costs_only_itself(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("listens.csv", "user,track\nana,One\n")
        archive.writestr("a.db", b"SQLite format 3\0 and no more")
    found = find_sources(tmp_path / "x.zip")
    assert len(found.sources) == 1
    assert found.without_listens == ["a.db (Unpack it, and import what was in it)"]


def test_of_several_files_the_one_to_mend_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w") as archive:
        archive.writestr("archive_browser.json", "{}")
        archive.writestr("history/watch-history.html", "<html>YouTube")
    with pytest.raises(
        ValueError, match=r"\n\nhistory/watch-history.html looks like YouTube's history as a page\. Ask"
    ):
        find_sources(tmp_path / "takeout.zip")


def test_advice_is_given_beside_listens(tmp_path):
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w") as archive:
        archive.writestr("listens.csv", "user,track\nana,One\n")
        archive.writestr("history/watch-history.html", "<html>YouTube")
        archive.writestr("more.zip", b"PK\x03\x04...")
        archive.writestr("deezer-data_2.xlsx", b"PK\x03\x04...")
        archive.writestr("x.pdf", b"%PDF")
    assert find_sources(tmp_path / "takeout.zip").without_listens == [
        "history/watch-history.html (Ask https://takeout.google.com for the history as JSON)",
        "more.zip (Unpack it, and import what was in it)",
        "deezer-data_2.xlsx (Open it, and save its sheet of listens as CSV)",
        "x.pdf",
    ]


def test_the_nearest_format_is_one_that_can_be_named():
    assert unknown_files._KEYS.keys() <= {reader.name for reader in READERS}
