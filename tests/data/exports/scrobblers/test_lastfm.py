"""Exports of last.fm as they are read: users, items, times, and what was malformed."""

import gzip
import tarfile
import zipfile

import polars as pl
import pytest

from earshot.data.exports.scrobblers.lastfm import read_lastfm_1k, read_lastfm_csv
from earshot.data.tables.text_blocks import Member, members_of
from listen_exports import SECOND, lastfm_1k, read, rows


def test_lastfm_1k(tmp_path):
    (batch,) = read_lastfm_1k(Member(lastfm_1k(tmp_path / "x.tsv")))
    assert rows([batch], "user", "artist", "title", "mbid", "time_s") == [
        ("user_000001", "Deep Dish", "Fuck Me Im Famous (Pacha Ibiza)-09-28-2007", None, SECOND),
        ("user_000001", "坂本龍一", 'Behind The "Mask"', "f7c1f8f8-7935", SECOND - 33_287),  # 9 h 14 min 47 s before
        ("user_000002", "坂本龍一", 'behind the "mask"', "f7c1f8f8-7935", SECOND - 33_287),
    ]
    assert batch.n_malformed == 4
    assert batch.malformed[0] == "row 4: user_000002, yesterday, a7f7df4a-77d8, 坂本龍一, , Tibetan Dance, "
    assert batch.malformed[1].startswith("row 5: user_000002, 2009-05-04T13:42:52Z, a7f7df4a-77d8, , , ")
    assert batch.malformed[2].endswith("A, , B, C")


@pytest.mark.parametrize("suffix", [".tsv.gz", ".tar.gz", ".zip"])
def test_lastfm_1k_as_it_is_packed(tmp_path, suffix):
    plain = lastfm_1k(tmp_path / "plain.tsv")
    packed = tmp_path / f"packed{suffix}"
    if suffix == ".tsv.gz":
        packed.write_bytes(gzip.compress(plain.read_bytes()))
    elif suffix == ".tar.gz":
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(plain, "lastfm-dataset-1K/x.tsv")
    else:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(plain, "x.tsv")
    (member,) = members_of(packed)
    assert [batch.n_malformed for batch in read_lastfm_1k(member)] == [4]


def test_bytes_that_are_no_text_cost_only_themselves(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_bytes(b"u\t2009-05-04T23:08:57Z\t\tA\xff\t\tB\n")
    assert rows(read_lastfm_1k(Member(path)), "artist", "title") == [("A\ufffd", "B")]
    assert pl.read_csv(path, separator="\t", has_header=False, encoding="utf8-lossy").shape == (1, 6)


def test_lastfm_csv_with_a_header(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
        f'"{SECOND}","04 May 2009, 23:08","Air","a","Moon","b","One, Two","c"\n'
        '"x","04 May 2009, 23:08","Air","","","","One",""\n'
    )
    (batch,) = read_lastfm_csv(path, "ana")
    assert rows([batch], "user", "artist", "album", "title", "mbid", "time_s") == [
        ("ana", "Air", "Moon", "One, Two", "c", SECOND)
    ]
    assert batch.n_malformed == 1 and batch.malformed[0].startswith("row 2: x, 04 May 2009, 23:08, Air")


def test_a_first_scrobble_of_a_title_track(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Air,Air,Air,04 May 2009 23:08\nCan,Ege,Two,04 May 2009 23:09\n")
    assert rows(read_lastfm_csv(path, None), "artist", "album", "title") == [("Air",) * 3, ("Can", "Ege", "Two")]


@pytest.mark.parametrize(
    ("header", "time"),
    [
        ("Artist,Album,Track,Date", "04 May 2009 23:08"),
        ("artist,album,name,date", "2009-05-04 23:08"),
        ("artist,album,track,timestamp", SECOND - 57),
        ('Artist,Album,Track,"Date#bob"', f"{SECOND - 57}000"),
        ("Artist;Album;Track;Date#bob", f"{SECOND - 57}000"),
    ],
)
def test_lastfm_csv_as_many_tools_write_it(tmp_path, header, time):
    path = tmp_path / "x.csv"
    mark = ";" if ";" in header else ","
    path.write_text(f"{header}\n" + mark.join(("Air", "Moon", "One", str(time))) + "\n")
    whose = "bob" if "#" in header else "me"
    assert rows(read_lastfm_csv(path, None), "user", "artist", "album", "title", "time_s") == [
        (whose, "Air", "Moon", "One", SECOND - 57)
    ]
    assert rows(read_lastfm_csv(path, "ana"), "user") == [("ana",)]


def test_lastfm_csv_without_times(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Artist,Track,When\nAir,One,1\n")
    words = r"x\.csv has no column uts, utc_time, date, time, timestamp; it has Artist, Track, When"
    with pytest.raises(ValueError, match=words):
        list(read_lastfm_csv(path, "ana"))


def test_lastfm_csv_without_a_header(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('Air,Moon,One,04 May 2009 23:08\n"Can",,Two,"04 May 2009 23:09"\nCan,,,04 May 2009 23:09\n')
    (batch,) = read_lastfm_csv(path, "ana")
    assert rows([batch], "artist", "album", "title", "time_s") == [
        ("Air", "Moon", "One", SECOND - 57), ("Can", None, "Two", SECOND + 3)
    ]  # fmt: skip
    assert batch.n_malformed == 1


@pytest.mark.parametrize("header", ["", "artist,album,track,date\n"])
def test_what_was_playing_costs_only_its_line(tmp_path, header):
    (tmp_path / "x.csv").write_text(
        f'{header}Air,Moon,Playing,\nAir,Moon,"Playing, too",""\nCan,Ege,Two,04 May 2009 23:08\nCan,Ege,,\n'
    )
    name, events, left_out = read(tmp_path / "x.csv", "title", "time_s")
    assert (name, events) == ("lastfm-csv", [("Two", SECOND - 57)])
    assert left_out == {"tracks that were playing": 2, "malformed": 1}
    (batch,) = read_lastfm_csv(tmp_path / "x.csv", None)
    assert batch.examples == {"tracks that were playing": "row 1: Air, Moon, Playing, "}


def test_the_year_1970_is_an_unknown_time(tmp_path):
    (tmp_path / "x.csv").write_text(
        f'uts,utc_time,artist,album,track\n0,"01 Jan 1970, 00:00",Air,,One\n{SECOND},,Air,,Two\nsoon,,Air,,Three\n'
    )
    (batch,) = read_lastfm_csv(tmp_path / "x.csv", "ana")
    assert rows([batch], "title", "time_s") == [("One", None), ("Two", SECOND)] and batch.n_malformed == 1


def test_dates_of_other_lands(tmp_path):
    (tmp_path / "x.csv").write_text("artist,track,date\nAir,One,5/4/2009 11:08 PM\n")
    (batch,) = read_lastfm_csv(tmp_path / "x.csv", "ana")
    assert rows([batch], "time_s") == [(SECOND - 57,)] and "month first" in batch.notes[0]


def test_dates_as_a_browser_writes_them(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        'artist,track,album,date\nAir,x,,"5/4/2009, 11:08:57\u202fPM"\nAir,y,,"12/31/2008, 12:10:00\u202fAM"\n',
        encoding="utf-8",
    )
    assert rows(read_lastfm_csv(path, "ana"), "time_s") == [(SECOND,), (1230682200,)]
