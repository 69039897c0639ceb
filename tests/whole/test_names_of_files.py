"""Names in files as people and their programs write them, from the file to the answer."""

import unicodedata
from itertools import chain
from json import loads

import numpy as np
import pytest
import soundfile

from commands_typed import invoke, rows_of
from earshot.audio.decoding.audio_writer import write_audio
from tag_bytes import apev2, id3v1, id3v2, riff_chunk, riff_info, write_mp3, write_wav

RATE, SECONDS = 16_000, 4
MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"


def sound(number):
    """A tune of chords and noise, another for every number."""
    rng, step = np.random.default_rng(number), RATE // 5
    time = np.arange(step) / RATE
    chords = 110 * 2 ** (rng.integers(0, 36, (SECONDS * 5, 3)) / 12)
    notes = [sum(np.sin(2 * np.pi * pitch * time) for pitch in chord) for chord in chords]
    return (0.1 * np.concatenate(notes) + 0.02 * rng.standard_normal(step * len(notes))).astype(np.float32)


@pytest.fixture
def library(tmp_path):
    return tmp_path / "library"


@pytest.fixture
def music(tmp_path):
    return tmp_path / "m"


def similar(library, *words):
    return loads(invoke(library, "similar", *words, "--json").stdout)


def artists(library):
    return {artist for (artist,) in rows_of(library, "SELECT artist FROM tracks WHERE status = 'embedded'")}


def test_letters_of_id3v1(library, music):
    write_mp3(music / "b.mp3", sound(0), RATE, after=id3v1("Jóga", "Björk", "latin-1"))
    bands = ["Кино", "Чайф", "Танк"]
    for number, band in enumerate(bands):
        for half in range(2):
            tag = id3v1(f"Песня {number}{half}", band, "cp1251")
            write_mp3(music / f"{number}{half}.mp3", sound(1 + 2 * number + half), RATE, after=tag)
    invoke(library, "embed-audio", music)
    assert artists(library) == {"Björk", *bands}
    assert len(similar(library, "Björk Jóga", "-k", 1)) == 1
    rows = similar(library, music / "00.mp3", "--other-artists", "-k", 9)
    assert sorted(row["artist"] for row in rows) == sorted(["Björk", *bands[1:], *bands[1:]])


def test_letters_of_every_block_and_country(library, music):
    """ID3v1, ID3v2 frames that call themselves Latin-1, and RIFF INFO."""
    names = {
        "latin-1": ("Mötley Crüe", "Ænima"), "cp1250": ("Czesław Niemen", "Dziwny jest ten świat"),
        "cp1251": ("Земфира", "Хочешь?"), "koi8-r": ("Сплин", "Выхода нет"), "shift_jis": ("椎名林檎", "ギブス"),
        "gbk": ("邓丽君", "月亮代表我的心"), "big5": ("鄧麗君", "月亮代表我的心"), "euc-kr": ("아이유", "좋은 날"),
        "utf-8": ("Sigur Rós", "Hoppípolla"), "cp1254": ("Tarkan", "Şıkıdım"),
        "cp1257": ("Prāta Vētra", "Ziemeļu puse"), "windows-1250": ("Kabát", "Žízeň"), "windows-1251": ("Би-2", "Я"),
    }  # fmt: skip
    for number, (encoding, (artist, title)) in enumerate(names.items()):
        raw_artist, raw_title = artist.encode(encoding), title.encode(encoding)
        write_mp3(music / f"{number:02}a.mp3", sound(3 * number), RATE, after=id3v1(title, artist, encoding))
        frames = id3v2(("TPE1", b"\0" + raw_artist), ("TIT2", b"\0" + raw_title))
        write_mp3(music / f"{number:02}b.mp3", sound(3 * number + 1), RATE, before=frames)
        write_wav(music / f"{number:02}c.wav", sound(3 * number + 2), RATE, riff_info(IART=raw_artist, INAM=raw_title))
    invoke(library, "embed-audio", music)
    read = rows_of(library, "SELECT artist, title FROM tracks ORDER BY path")
    assert read == list(chain.from_iterable([name] * 3 for name in names.values()))


def test_apev2_and_id3v1_of_an_mp3(library, music):
    title = "A title of more than thirty letters"
    tag = apev2(Title=title, Artist="Ape Artist", Album="Ape Album", Album_Artist="Various Artists")
    write_mp3(music / "1.mp3", sound(1), RATE, after=tag)
    write_mp3(music / "2.mp3", sound(2), RATE, after=tag + id3v1(title, "Ape Artist", "latin-1", "Ape Album"))
    write_mp3(music / "3.mp3", sound(3), RATE, before=id3v2(("TIT2", b"\3Own"), version=4), after=tag)
    write_mp3(
        music / "4.mp3", sound(4), RATE, before=id3v2(("TSSE", b"\0LAME")), after=id3v1("Old", "Björk", "latin-1")
    )
    invoke(library, "embed-audio", music)
    names = ("Ape Artist", "Ape Album", "Various Artists")
    query = "SELECT title, artist, album, album_artist FROM tracks ORDER BY path"
    assert rows_of(library, query) == [
        *[(title, *names)] * 2, ("Own", *names), ("Old", "Björk", None, None)
    ]  # fmt: skip


def test_the_recording_of_an_mp3(library, music, tmp_path):
    ufid = ("UFID", b"http://musicbrainz.org\0" + MBID.encode())
    write_mp3(music / "1.mp3", sound(1), RATE, before=id3v2(ufid, ("TIT2", b"\0T"), ("TPE1", b"\0A")))
    chunk = riff_chunk(b"id3 ", id3v2(("TXXX", b"\3MusicBrainz Track Id\0" + MBID.upper().encode()), ufid))
    write_wav(music / "2.wav", sound(2), RATE, chunk)
    invoke(library, "embed-audio", music)
    assert rows_of(library, "SELECT DISTINCT mbid FROM tracks") == [(MBID,)]
    listens = tmp_path / "listens.csv"
    listens.write_text(f"user,artist,title,recording_mbid,time\nme,Another,Name,{MBID},2025-01-01T00:00:00Z\n")
    invoke(library, "import-listens", listens)
    assert rows_of(library, "SELECT count(*) FROM tracks WHERE status = 'catalog'") == [(0,)]


def write_flac(path, number, **tags):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(path, sound(number)[None], RATE, tags)


def test_one_artist_has_many_spellings(library, music):
    beyonce = [
        "Beyoncé",
        "Beyoncé feat. JAY-Z",
        "Beyoncé (ft. Sean Paul)",
        "Beyonce\u0301",
        "BEYONCÉ",
        "Solange; Beyoncé",
    ]
    assert unicodedata.normalize("NFC", beyonce[3]) == beyonce[0]
    guns = ["Guns N' Roses", "Guns N’ Roses", "Guns N‐Roses", "The Guns N Roses"]  # U+2010
    for number, name in enumerate([*beyonce, *guns]):
        write_flac(music / f"{number}.flac", number, title=f"{name[0]}{number}", artist=name)
    invoke(library, "embed-audio", music)
    others = similar(library, "B0", "--other-artists", "--max-per-artist", 9, "-k", 20)
    assert {row["title"] for row in others} == {"G6", "G7", "G8", "T9"}
    assert {row["title"] for row in similar(library, "B0", "--same-artist", "-k", 20)} == {"B1", "B2", "B3", "B4", "S5"}
    rows = similar(library, "G6", "--max-per-artist", 1, "-k", 20)
    assert len(rows) == 2 and sorted(row["title"][0] in "BS" for row in rows) == [False, True]
    assert rows_of(library, "SELECT key FROM artists ORDER BY key") == [("beyonce",), ("guns n roses",), ("solange",)]
    out = invoke(library, "build-graph", "--from", "artist").stdout
    assert "21 undirected edges between 10 of 10 tracks in 3 groups" in out  # pairs of six and of four


def test_a_sampler_is_one_album(library, music):
    tags = [{"album_artist": "Various Artists"}, {"compilation": "1"}, {"album_artist": "V.A.", "compilation": "1"}]
    for number in range(9):
        write_flac(
            music / f"{number}.flac",
            number,
            title=f"C{number}",
            artist=f"Singer {number}",
            album="Now 50",
            **tags[number % 3],
        )
    write_flac(music / "seed.flac", 20, title="Seed", artist="Somebody", album="Else")
    invoke(library, "embed-audio", music)
    rows = similar(library, "Seed", "--max-per-album", 1, "-k", 20)
    assert [row["album"] for row in rows] == ["Now 50"]
    assert rows_of(library, "SELECT count(*), max(artist_id) FROM albums WHERE name = 'Now 50'") == [(1, None)]
    out = invoke(library, "build-graph", "--from", "album").stdout
    assert "36 undirected edges between 9 of 10 tracks in 2 groups" in out  # all pairs of nine


def test_placeholders_are_nobody(library, music):
    names = ["Unknown Artist", "Various Artists", "<unknown>", "Неизвестный исполнитель"]
    for number, name in enumerate(names):
        write_flac(music / f"{number}.flac", number, title="Track 01", artist=name, album="Unknown Album")
    write_flac(music / "seed.flac", 9, title="Seed", artist="Unknown Artist", album="Unknown Album")
    invoke(library, "embed-audio", music)
    rows = similar(library, "Seed", "--max-per-artist", 1, "--max-per-album", 1, "--other-artists", "-k", 20)
    assert len(rows) == 4
    assert rows_of(library, "SELECT count(*) FROM artists UNION ALL SELECT count(*) FROM albums") == [(0,), (0,)]
    invoke(library, "build-graph", "--from", "artist", "--from", "album", code=1)


def test_again_renews_the_names_of_an_earlier_version(library, music):
    """But not those that a table brought."""
    path = write_mp3(music / "b.mp3", sound(0), RATE, after=id3v1("Jóga", "Björk", "latin-1"))
    soundfile.write(music / "a.wav", sound(1), RATE)
    invoke(library, "embed-audio", music)
    earlier = (
        "UPDATE tracks SET names_from = NULL, artist = 'Bj\ufffdrk', title = 'J\ufffdga', album = 'Post' WHERE path = ?"
    )
    from sqlite_utils import Database

    database = Database(library / "library.db")
    database.execute(earlier, [path])
    database.close()
    invoke(library, "embed-audio", "--again", music)
    assert rows_of(library, "SELECT artist, title, album, names_from FROM tracks WHERE path = ?", path) == [
        ("Björk", "Jóga", "Post", "tags")
    ]
    table = music.parent / "tags.csv"
    table.write_text("path,artist\nm/a.wav,Ann\nm/b.mp3,Bob\n")
    invoke(library, "import-tags", table, "--overwrite")
    invoke(library, "embed-audio", "--again", music)
    assert rows_of(library, "SELECT artist, title, names_from FROM tracks ORDER BY path") == [
        ("Ann", "a", "table"), ("Bob", "Jóga", "table")
    ]  # fmt: skip


def test_untagged_files_take_names_from_folders(library, music):
    paths = ("Ann/Post/01 One.wav", "Ann/Post/02 Two.wav", "Bob/Lot/CD1/01. Three.wav", "loose.wav")
    for number, path in enumerate(paths):
        (music / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(music / path, sound(number), RATE)
    write_flac(music / "Ann/Post/03 Four.flac", 40, title="Own", artist="Cleo")
    invoke(library, "embed-audio", music)
    query = "SELECT title, artist, album, track_number, names_from FROM tracks ORDER BY title"
    assert rows_of(library, query) == [
        ("One", "Ann", "Post", 1, "path"), ("Own", "Cleo", None, None, "tags"), ("Three", "Bob", "Lot", 1, "path"),
        ("Two", "Ann", "Post", 2, "path"), ("loose", None, None, None, "tags"),
    ]  # fmt: skip
    assert {row["title"] for row in similar(library, "One", "--same-artist", "-k", 9)} == {"Two"}
    table = music.parent / "tags.csv"
    table.write_text("path,artist,title\nm/Ann/Post/01 One.wav,Anna,First\n")
    invoke(library, "import-tags", table)  # without --overwrite: what a path says is no tag
    assert ("First", "Anna", "Post", 1, "table") in rows_of(library, query)
