"""Sources of listens in files, archives and folders."""

import gzip
import json
import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest

from earshot.data.exports.listen_sources import READERS, find_sources, read_head, reader_of
from earshot.data.listens.listen_reader import ReadOptions
from earshot.data.tables.text_blocks import Member
from listen_exports import lastfm_1k, listen, listenbrainz, spotify, stream


def found(path, format="auto"):
    """The format and the names of the files of each source, and what was passed over."""
    sources = find_sources(path, format)
    return [
        (source.reader.name, [member.title for member in source.members]) for source in sources.sources
    ], sources.without_listens


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_an_export_in_old_letters(tmp_path, encoding):
    path = tmp_path / "x.csv"
    path.write_bytes("Artist,Album,Track,Date\nBjörk,Début,Één,04 May 2009 23:08\n".encode(encoding))
    (source,) = find_sources(path).sources
    (batch,) = source.open().batches
    assert source.reader.name == "lastfm-csv" and batch.events["artist"].to_list() == ["Björk"]


def test_what_is_packed(tmp_path):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(gzip.compress(lastfm_1k(tmp_path / "x.tsv").read_bytes()))
    assert found(path)[0] == [("lastfm-1k", ["x.tsv"])]
    names = ["5.jsonl", "user.json", "feedback.jsonl"]
    assert found(listenbrainz(tmp_path / "lb.zip", listen(), feedback=({"recording_mbid": "x"},))) == (
        [("listenbrainz", names)], ["pinned_recording.jsonl"]
    )  # fmt: skip
    with zipfile.ZipFile(tmp_path / "spotify.zip", "w") as archive:
        archive.writestr("a/Streaming_History_Audio_2009.json", json.dumps([stream()]))
        archive.writestr("a/ReadMe.pdf", b"%PDF")
    assert found(tmp_path / "spotify.zip") == ([("spotify", ["Streaming_History_Audio_2009.json"])], ["a/ReadMe.pdf"])


@pytest.mark.parametrize("suffix", ["", ".zip", ".tgz"])
def test_a_listenbrainz_export_is_its_users_however_it_is_packed(tmp_path, suffix):
    packed = listenbrainz(tmp_path / "lb.zip", listen(), feedback=({"recording_mbid": "x"},))
    shutil.unpack_archive(packed, tmp_path / "in" / "lb")
    if suffix:
        packed.unlink()
        root = shutil.make_archive(str(tmp_path / "lb"), {".zip": "zip", ".tgz": "gztar"}[suffix], tmp_path / "in")
        Path(root).rename(tmp_path / f"lb{suffix}")
    found_sources = find_sources(tmp_path / f"lb{suffix}" if suffix else tmp_path / "in")
    (source,), passed_over = found_sources.sources, found_sources.without_listens
    assert [member.title for member in source.members] == ["5.jsonl", "feedback.jsonl", "user.json"]
    assert [Path(name).name for name in passed_over] == ["pinned_recording.jsonl"]
    listens = next(iter(source.open().batches))
    assert listens.events["user"].to_list() == ["ana"] and listens.n_malformed == 0


def test_exports_of_two_people_are_two_imports(tmp_path):
    for user, title in (("ana", "One"), ("bob", "Two")):
        packed = listenbrainz(tmp_path / f"{user}.zip", listen(title), user=user)
        shutil.unpack_archive(packed, tmp_path / "in" / user)
    shutil.copy(tmp_path / "bob.zip", tmp_path / "in")
    sources = find_sources(tmp_path / "in").sources
    batches = [next(iter(source.open().batches)) for source in sources]
    assert [batch.events.select("user", "title").row(0) for batch in batches] == [
        ("ana", "One"), ("bob", "Two"), ("bob", "Two")
    ]  # fmt: skip


def test_a_user_without_listens_is_no_export(tmp_path):
    spotify(tmp_path / "in" / "a.json", stream())
    written(tmp_path / "in" / "user.json", '{"username": "ana"}')
    assert found(tmp_path / "in") == ([("spotify", ["a.json"])], ["user.json"])


def test_a_folder_of_one_export_is_one_import(tmp_path):
    spotify(tmp_path / "in" / "b.json", stream())
    spotify(tmp_path / "in" / "...and more" / "a.json", stream())  # no hidden folder
    spotify(tmp_path / "in" / "userdata.json", {"name": "x"})
    for name in (".hidden.json", "#recycle/c.json"):
        written(tmp_path / "in" / name, '{"msPlayed"')
    assert found(tmp_path / "in") == ([("spotify", ["a.json", "b.json"])], ["userdata.json"])


def test_tables_are_read_as_they_are_packed(tmp_path):
    text = "user,artist,track,time\na,Björk,One,5\n"
    for name in ("plain.csv", "a.csv.gz"):
        (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.write(tmp_path / "plain.csv", "tables/x.csv")
        archive.writestr("tables/y.jsonl", '{"user": "b", "track": "Two"}')
        archive.writestr("z.csv", "artist,track,date\nAir,Two,2009-05-04\n")
        archive.writestr("__MACOSX/._z.csv", b"\0\5\x16\7")
    expected = {"a.csv.gz": [("a", "One")], "b.zip": [("a", "One"), ("b", "Two")]}
    for name, rows in expected.items():
        tables = find_sources(tmp_path / name, "table")
        batches = [batch for source in tables.sources for batch in source.open().batches]
        assert [batch.events.select("user", "title").row(0) for batch in batches] == rows
    assert tables.without_listens == ["z.csv"]
    (source,) = find_sources(tmp_path / "b.zip", "lastfm-csv").sources
    assert [batch.events["title"].to_list() for batch in source.open().batches] == [["Two"]]


def test_a_table_beside_listens_is_none_of_them(tmp_path):
    (tmp_path / "in").mkdir()
    lastfm_1k(tmp_path / "in" / "listens.tsv")
    written(tmp_path / "in" / "userid-profile.tsv", "#id\tgender\tage\nuser_000001\tm\t30\n")
    assert found(tmp_path / "in") == ([("lastfm-1k", ["listens.tsv"])], ["userid-profile.tsv"])
    written(tmp_path / "in" / "plays.csv", "user,artist,track,time\na,Air,One,5\n")
    left = "plays.csv (Import it by itself if it holds listens that no export beside it holds)"
    assert found(tmp_path / "in")[1] == [left, "userid-profile.tsv"]


def test_tables_of_a_folder_are_imports_of_their_own(tmp_path):
    for name in "ab":
        written(tmp_path / "in" / f"{name}.csv", "user,track\nx,y\n")
    assert found(tmp_path / "in") == ([("table", ["a.csv"]), ("table", ["b.csv"])], [])


HETREC = {  # the beginning of the published files, whose lines end in CR LF
    "user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n",
    "artists.dat": "id\tname\turl\tpictureURL\n51\tDuran Duran\thttp://l/d\thttp://u/d.jpg\n52\tMorcheeba\thttp://l/m\t\n",
    "tags.dat": "tagID\ttagValue\n1\tmetal\n",
    "user_friends.dat": "userID\tfriendID\n2\t275\n",
    "user_taggedartists.dat": "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t52\t13\t1\t4\t2009\n",
    "user_taggedartists-timestamps.dat": "userID\tartistID\ttagID\ttimestamp\n2\t52\t13\t1238536800000\n",
    "readme.txt": "Last.fm, 92,800 artist listening records from 1892 users.\nBy HetRec.\n",
}


def test_the_listens_among_the_tables_of_a_data_set(tmp_path):
    for name, text in HETREC.items():
        written(tmp_path / "in" / name, text.replace("\n", "\r\n"))
    sources, others = found(tmp_path / "in")
    assert sources == [("table", ["user_artists.dat"])]
    names = "artists.dat (If it names the items of another table, import that one with --names and this one)"
    assert others == [names, "readme.txt", "tags.dat", *sorted(set(HETREC) - {"user_artists.dat"})[3:]]
    (source,) = find_sources(tmp_path / "in").sources
    opened = source.open()
    (batch,) = opened.batches
    assert opened.level == "artist" and batch.events.select("user", "title", "plays").rows() == [
        ("2", "51", 13_883), ("2", "52", 11_690)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="looks like a table of who gave which tag, not of listens"):
        find_sources(tmp_path / "in" / "user_taggedartists.dat")
    with pytest.raises(ValueError, match="none of listens by its columns userID, friendID"):
        find_sources(tmp_path / "in" / "user_friends.dat")


SHA1, MBID = "00000c289a1829a808ac09c00daf10bc3c4e223b", "3bd73256-3905-4f3a-97e2-8b341527f805"


@pytest.mark.parametrize(
    ("name", "text", "columns", "rows"),
    [
        ("u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n", ("user", "title", "time_s"),
         [("196", "242", 881_250_949), ("186", "302", 891_717_742)]),
        ("ratings.dat", "1::1193::5::978300760\n1::661::3::978302109\n", ("user", "title", "time_s"),
         [("1", "1193", 978_300_760), ("1", "661", 978_302_109)]),
        ("ratings.csv", "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n", ("user", "title", "time_s"),
         [("1", "31", 1_260_759_144)]),
        ("usersha1-artmbid-artname-plays.tsv", f"{SHA1}\t{MBID}\tbetty blowtorch\t2137\n{SHA1}\t\tdie Ärzte\t1099\n",
         ("user", "title", "plays"), [(SHA1, "betty blowtorch", 2_137), (SHA1, "die Ärzte", 1_099)]),
        ("out.lastfm_song", "% bip multi\n% 3 2\n1\t1\t1\t1234567890\n", ("user", "title", "time_s"),
         [("1", "1", 1_234_567_890)]),
        ("plays.inter.csv", "user_id:token,item_id:token,timestamp:float\n7,9,1234567890\n",
         ("user", "title", "time_s"), [("7", "9", 1_234_567_890)]),
    ],
)  # fmt: skip
def test_data_sets_as_they_are_published(tmp_path, name, text, columns, rows):
    (source,) = find_sources(written(tmp_path / name, text)).sources
    (batch,) = source.open().batches
    assert batch.events.select(columns).rows() == rows
    assert dict(batch.left_out) == ({"lines of comments": 2} if text.startswith("%") else {})


def test_yambda_knows_its_files(tmp_path):
    events = pl.DataFrame({"uid": [1], "timestamp": [5], "item_id": [3]})
    events.write_parquet(tmp_path / "listens.parquet")
    events.write_parquet(tmp_path / "dislikes.parquet")
    pl.DataFrame({"artist_id": [1], "item_id": [3]}).write_parquet(tmp_path / "artist_item_mapping.parquet")
    (source,) = find_sources(tmp_path).sources
    assert source.open().prefix == "yambda:" and len(source.paths) == 3
    assert sorted(batch.events["kind"].item() for batch in source.open().batches) == [0, 2]


def test_a_format_can_be_said(tmp_path):
    path = written(tmp_path / "x.csv", "uts,artist,track\n5,Air,One\n")
    assert found(path)[0] == [("lastfm-csv", ["x.csv"])] and found(path, "table")[0] == [("table", ["x.csv"])]
    (source,) = find_sources(path, "table").sources
    with pytest.raises(
        ValueError, match=r"x\.csv: no column of users; .* with --user, or say whose listens these are with --listener"
    ):
        source.open()
    with pytest.raises(ValueError, match=r"x\.csv cannot be read as a table: parquet: "):
        find_sources(path, "yambda").sources[0].open()
    with pytest.raises(ValueError, match="There is no format 'tabel' of listens; give auto, lastfm-1k, "):
        find_sources(path, "tabel")
    (batch,) = source.open(ReadOptions(listener="ana")).batches
    assert batch.events.rows() == [("ana", "Air", "One", 5)]


@pytest.mark.parametrize("format", [reader.name for reader in READERS if reader.name != "table"])
def test_what_is_no_listens_is_refused(tmp_path, format):
    path = written(tmp_path / "x.pdf", "%PDF-1.4")
    with pytest.raises(ValueError, match=r"x\.pdf contains no listening export in a supported format; give a file of "):
        find_sources(path)
    table = written(tmp_path / "in" / "x.csv", "user,track\n").parent
    with pytest.raises(ValueError, match=f"in contains no listening export in the format {format}"):
        find_sources(table, format)


@pytest.mark.parametrize(
    ("format", "make"),
    [
        ("lastfm-1k", lambda path: lastfm_1k(path / "x.tsv")),
        ("spotify", lambda path: spotify(path / "x.json", stream())),
        ("listenbrainz", lambda path: listenbrainz(path / "x.zip", listen(time=5))),
        ("lastfm-csv", lambda path: written(path / "x.csv", "Air,Moon,One,04 May 2009 23:08\n")),
    ],
)
def test_every_format_is_read(tmp_path, format, make):
    (source,) = find_sources(make(tmp_path)).sources
    reading = source.open()
    assert source.reader.name == format and reading.level == "track"
    events = [batch.events for batch in reading.batches]
    assert sum(map(len, events)) > 0 and {"user", "artist", "title", "time_s"} <= set(events[0].columns)


def test_parquet_that_is_damaged(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 and no more PAR1")
    with pytest.raises(ValueError, match=r"x\.parquet cannot be read as a table: parquet: "):
        find_sources(path)
    whole = tmp_path / "listens.parquet"
    pl.DataFrame({"uid": range(9_000), "timestamp": range(9_000), "item_id": range(9_000)}).write_parquet(whole)
    content = bytearray(whole.read_bytes())
    content[4:2_000] = bytes(1_996)
    whole.write_bytes(content)
    (source,) = find_sources(whole).sources
    with pytest.raises(ValueError, match=r"listens\.parquet cannot be read as a table: "):
        list(source.open().batches)


def detected(path):
    """The name of the format of a file."""
    reader = reader_of(read_head(Member(path)))
    return None if reader is None else reader.name


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
