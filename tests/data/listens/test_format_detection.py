"""Each service's export, as it is read: who, what, when, how much, and what was wrong."""

import gzip
import tarfile
import zipfile

import polars as pl
import pytest

from earshot.data.events.interactions import KINDS
from earshot.data.listens.lastfm import read_lastfm_1k, read_lastfm_csv
from earshot.data.listens.listenbrainz import read_listenbrainz
from earshot.data.listens.spotify import read_spotify
from earshot.data.tables.text_blocks import Member, line_blocks, members_of
from listen_exports import SECOND, lastfm_1k, listen, listenbrainz, spotify, stream


def rows(batches, *columns):
    """The events of all batches."""
    return [row for batch in batches for row in batch.events.select(columns).iter_rows()]


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


def test_blocks_end_with_lines(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"one\ntwo\r\nthree and more\n\nfive")
    for size in (1, 2, 5, 100):
        with path.open("rb") as file:
            blocks = list(line_blocks(file, size))
        assert b"".join(blocks) == path.read_bytes() and all(block.endswith(b"\n") for block in blocks[:-1])
    monkeypatch.setattr(
        "earshot.data.tables.text_blocks.line_blocks", lambda file, **options: line_blocks(file, 100, **options)
    )
    batches = list(read_lastfm_1k(Member(lastfm_1k(tmp_path / "x.tsv"))))
    assert len(batches) > 3 and sum(len(batch.events) for batch in batches) == 3
    # The number of a row counts those of the blocks before.
    assert [text[:5] for batch in batches for text in batch.malformed] == ["row 4", "row 5", "row 6", "row 7"]


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


def test_spotify_extended(tmp_path):
    podcast = stream(None, None, episode_name="Talk")
    broken = [stream(ts="soon"), stream(None, None), stream(ms_played=-1), "x"]
    path = spotify(tmp_path / "x.json", stream(), stream("Two", username="bob", ms_played=0), podcast, *broken)
    (batch,) = read_spotify(Member(path), None)
    # It ended at 57; 7 seconds of it were played.
    assert rows([batch], "user", "artist", "title", "album", "time_s", "played_ms") == [
        ("me", "Air", "One", "Moon", SECOND - 7, 7_000), ("bob", "Air", "Two", "Moon", SECOND, 0)
    ]  # fmt: skip
    assert rows(read_spotify(Member(path), "ana"), "user") == [("ana",)] * 2
    assert batch.left_out == {"podcasts": 1} and batch.n_malformed == 4
    assert batch.malformed[0] == "row 3: soon, 7000, One, Air, Moon, "


def test_spotify_of_the_last_year(tmp_path):
    short = {"endTime": "2009-05-04 23:08", "artistName": "Air", "trackName": "One", "msPlayed": 60_000}
    (batch,) = read_spotify(Member(spotify(tmp_path / "x.json", short)), "ana")
    assert rows([batch], "user", "artist", "title", "time_s") == [("ana", "Air", "One", SECOND - 57 - 60)]


@pytest.mark.parametrize(("text", "words"), [("[{", r"x\.json is not JSON: "), ("{}", r"x\.json is no list")])
def test_spotify_that_is_none(tmp_path, text, words):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match=words):
        list(read_spotify(Member(tmp_path / "x.json"), "ana"))


def loved(score=1, **fields):
    return {"recording_mbid": "mbid of One", "score": score, "created": SECOND, **fields}


def test_listenbrainz(tmp_path):
    listens = [listen(), listen("Two", SECOND + 9), listen("Three", "soon"), '{"listened_at": \n', "[1]\n"]
    by_msid = loved(-1, recording_mbid=None, recording_msid="msid of Two")
    unknown, broken = loved(recording_mbid="of nothing here"), loved(5)
    path = listenbrainz(tmp_path / "x.zip", *listens, feedback=(loved(), by_msid, unknown, broken))
    members = [member for member in members_of(path) if "pinned" not in member.name]
    assert set(rows(read_listenbrainz(members, "bob"), "user")) == {("bob",)}
    batches = list(read_listenbrainz(members, None))
    assert rows(batches, "user", "title", "time_s", "kind") == [
        ("ana", "One", SECOND, 0),
        ("ana", "Two", SECOND + 9, 0),
        ("ana", "One", SECOND, KINDS.index("like")),
        ("ana", "Two", SECOND, KINDS.index("dislike")),
    ]
    facts = rows(batches, "artist", "album", "mbid", "isrc", "played_ms")
    assert facts[0] == ("Air", "Moon", "mbid of One", "FR One", 12_000)
    assert facts[2] == ("Air", None, "mbid of One", None, None)
    assert [batch.n_malformed for batch in batches] == [3, 1]
    assert batches[1].left_out == {"loves and hates of recordings that were never listened to": 1}


def test_listenbrainz_as_one_list(tmp_path):
    path = spotify(tmp_path / "ana_lb-2020.json", listen(user_name="bob"), listen("Two"))
    batches = list(read_listenbrainz([Member(path)], None))
    assert rows(batches, "user", "title") == [("bob", "One"), ("me", "Two")]
    later = spotify(tmp_path / "ana_lb-2021.json", listen("Two"), listen("Three"))
    assert [batch.part for batch in read_listenbrainz([Member(path), Member(later)], "ana")] == [0, 1]


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz"])
def test_a_damaged_archive(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 and no more" * 50)
    with pytest.raises(ValueError, match=rf"{name} is a damaged archive"):
        members_of(tmp_path / name)


def packed(path, plain):
    """The zip packed with bzip2, which tells damage in another way than others do."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if path.stem == "x" else zipfile.ZIP_BZIP2) as archive:
            archive.write(plain, "x.tsv")
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path, "w:gz") as archive:
            archive.add(plain, "x.tsv")
            archive.add(plain, "y.tsv")
    else:
        path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


@pytest.mark.parametrize("name", ["x.zip", "y.zip", "x.tar.gz", "x.tsv.gz"])
def test_no_damage_is_read_as_something_else(tmp_path, rng, name):
    lines = [f"u\t2009-05-04T23:08:57Z\t\t{artist}\t\tOne\n" for artist in rng.bytes(40).hex(" ").split()]
    path = packed(tmp_path / name, lastfm_1k(tmp_path / "x.tsv", "".join(lines)))

    def told():
        return [rows(read_lastfm_1k(member), "artist") for member in members_of(path)]

    whole, content = told(), path.read_bytes()
    n_refused = 0
    for place in range(0, len(content) - 120, 3):  # a zip's end is a list of names and lengths that nothing checks
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        try:
            assert told() == whole, place  # the date of a file is nothing to us
        except ValueError as error:
            assert str(error).startswith(f"{name} is "), place
            n_refused += 1
    assert n_refused > 0.7 * (len(content) - 120) / 3


def test_an_encrypted_zip(tmp_path):
    path = packed(tmp_path / "x.zip", lastfm_1k(tmp_path / "x.tsv"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the archive's directory
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.zip is encrypted; unpack it, and import the folder"):
        members_of(path)


def test_json_that_never_ends_beginning(tmp_path):
    deep = "[" * 100_000
    (tmp_path / "x.json").write_text(f'[{{"msPlayed": {deep}')
    with pytest.raises(ValueError, match=r"x\.json is not JSON: maximum recursion depth"):
        list(read_spotify(Member(tmp_path / "x.json"), "ana"))
    path = listenbrainz(tmp_path / "lb.zip", f'{{"listened_at": {deep}\n', listen())
    assert [(len(batch.events), batch.n_malformed) for batch in read_listenbrainz(members_of(path)[:2], "ana")] == [
        (1, 1)
    ]


def test_a_damaged_gzip_file(tmp_path):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(gzip.compress(lastfm_1k(tmp_path / "x.tsv").read_bytes())[:-20])
    with pytest.raises(ValueError, match=r"x\.tsv\.gz is a damaged archive"):
        list(read_lastfm_1k(Member(path)))


def test_bytes_that_are_no_text_cost_only_themselves(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_bytes(b"u\t2009-05-04T23:08:57Z\t\tA\xff\t\tB\n")
    assert rows(read_lastfm_1k(Member(path)), "artist", "title") == [("A\ufffd", "B")]
    assert pl.read_csv(path, separator="\t", has_header=False, encoding="utf8-lossy").shape == (1, 6)


ODD = (None, True, -1, 1.5, 10**30, float("nan"), float("inf"), "", "\ud800", "\x00", [], [1], {"a": 1}, "99999-01-01")


def with_odd_fields(line):
    """The line with each of its fields, however deep, taken away or made odd, one at a time."""
    for name, value in line.items():
        yield {key: other for key, other in line.items() if key != name}
        odd_values = with_odd_fields(value) if isinstance(value, dict) else ()
        yield from ({**line, name: odd} for odd in (*ODD, *odd_values))


@pytest.mark.parametrize("format", ["spotify", "listenbrainz"])
def test_no_field_whatever_it_holds_costs_more_than_its_line(tmp_path, format):
    if format == "spotify":
        lines = [*with_odd_fields(stream()), stream()]
        batches = list(read_spotify(Member(spotify(tmp_path / "x.json", *lines)), "ana"))
    else:
        lines, feedback = [*with_odd_fields(listen()), listen()], tuple(with_odd_fields(loved()))
        batches = list(
            read_listenbrainz(members_of(listenbrainz(tmp_path / "x.zip", *lines, feedback=feedback))[:3], "ana")
        )
        lines += feedback
    n_told = sum(len(batch.events) + batch.n_malformed + sum(batch.left_out.values()) for batch in batches)
    assert n_told == len(lines) and sum(len(batch.events) for batch in batches) > len(lines) / 3
    assert sum(batch.n_malformed for batch in batches) > 10
    texts = pl.concat([batch.events.select("user", "artist", "title") for batch in batches])
    assert not [text for row in texts.rows() for text in row if text != text.encode().decode()]
