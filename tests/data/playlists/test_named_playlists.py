"""Playlists of ListenBrainz, Exportify, Soundiiz and TuneMyMusic, in the form in which those write them."""

import json

import pytest

from earshot.data.playlists.named_playlists import apple_columns, is_listen_table, is_playlist_table
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import read_playlists

MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
TUNEMYMUSIC = "Track name,Artist name,Album,Playlist name,Type,ISRC,Apple - id\n"
EXPORTIFY = (
    '"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album URI","Album Name","ISRC","Added By","Added At"\n'
    '"spotify:track:1","Sexy Boy","spotify:artist:1","Air;Beth Hirsch","spotify:album:1","Moon Safari","FRZ119800020",'
    '"u","2024-05-06T18:39:36Z"\n'
)


@pytest.fixture
def read(tmp_path):
    def read_text(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_playlists(str(tmp_path / name))[0]

    return read_text


def test_jspf_of_listenbrainz(read):
    address = f"https://musicbrainz.org/recording/{MBID}"
    facts = {"title": "Talisman", "creator": "Air", "album": "Moon Safari"}
    tracks = [facts | {"identifier": [address]}, facts | {"identifier": address}, {"location": ["file:///m/a%20b.mp3"]}]
    tracks += [{"title": "no artist"}, {"title": 3, "creator": ["\ud800"], "location": [None]}, None]
    playlist = read("x.jspf", json.dumps({"playlist": {"title": "Weekly", "track": tracks}}))
    named = Entry(artist="Air", title="Talisman", album="Moon Safari", mbid=MBID)
    assert playlist.entries == [named, named, Entry(("/m/a b.mp3",))]
    assert (playlist.name, playlist.n_elsewhere) == ("Weekly", 2)


@pytest.mark.parametrize("text", ["[1]", "{", '{"playlist": []}', '{"track": []}'])
def test_what_is_no_jspf(read, text):
    with pytest.raises(ValueError, match=r"x\.jspf is no JSPF playlist"):
        read("x.jspf", text)


def test_a_table_of_exportify(read, tmp_path):
    playlist = read("Liked.csv", EXPORTIFY)
    air = Entry(artist="Air;Beth Hirsch", title="Sexy Boy", album="Moon Safari", isrc="FRZ119800020")
    assert (playlist.name, playlist.entries) == ("Liked", [air])
    assert is_playlist_table(str(tmp_path / "Liked.csv"))


def test_tables_of_soundiiz_and_tunemymusic(read):
    entries = [Entry(artist="Air", title="Talisman", album="Moon Safari"), Entry(artist="M83", title="Intro")]
    assert read("x.csv", "title;artist;album;isrc\nTalisman;Air;Moon Safari;\nIntro;M83;;\n").entries == entries
    assert read("x.csv", "title,artist,album,isrc\nTalisman,Air,Moon Safari,\nIntro,M83,,\n").entries == entries
    playlist = read("x.csv", f"{TUNEMYMUSIC}Talisman,Air,Moon Safari,Mix,Playlist,,\nIntro,M83,,Mix,Playlist,,\n")
    assert (playlist.name, playlist.entries) == ("Mix", entries)


def test_a_table_of_several_playlists(tmp_path):
    path = tmp_path / "My library.csv"
    path.write_text(
        f"{TUNEMYMUSIC}A,B,,Mix,Playlist,FR1,\nC,D,,,Favorite,,\n,E,,,Artist,,\nF - G - H,,,Other/One,Playlist,,\n"
        "I,J,,Mix,Playlist,,\n"
    )
    playlists = read_playlists(str(path))
    assert [(one.path, one.name, one.n_elsewhere, one.file) for one in playlists] == [
        (f"{path}/Mix", "Mix", 0, str(path)),
        (f"{path}/My library", "My library", 1, str(path)),
        (f"{path}/Other_One", "Other/One", 0, str(path)),
    ]
    assert [[entry.text for entry in one.entries] for one in playlists] == [
        ["B - A", "J - I"],
        ["D - C"],
        ["F - G - H"],
    ]
    assert playlists[0].entries[0].isrc == "FR1" and playlists[2].entries[0].title == "G - H"


def apple_text(path, *rows, names="Name Artist Composer Album Kind Plays", ending="\r"):
    """An "Export Playlist" of Music, in UTF-16 with lines as on a Macintosh."""
    columns = [*names.split(), "Last Played", "My Rating", "Bit Rate", "Location"]
    lines = ["\t".join(columns), *("\t".join(row) for row in rows)]
    path.write_bytes("".join(line + ending for line in lines).encode("utf-16"))
    return path


def test_a_playlist_that_itunes_exported_as_text(tmp_path):
    here = "Macintosh HD:Users:ana:Music:Air:1.mp3"
    path = apple_text(
        tmp_path / "Röyksopp.txt",
        ("Talisman", "Air", "", "Moon Safari", "MPEG", "3", "3/10/24, 7:30 PM", "100", "256", here),
        ("Intro", "M83", "", "", "Apple Music AAC", "", "", "", "256", ""),
        ("Radio", "", "", "", "Internet", "", "", "", "", ""),
    )
    (playlist,) = read_playlists(str(path))
    assert (playlist.path, playlist.name, playlist.n_elsewhere) == (str(path), "Röyksopp", 1)
    assert playlist.entries == [
        Entry(("/Users/ana/Music/Air/1.mp3",), "Air", "Talisman", "Moon Safari"), Entry(artist="M83", title="Intro")
    ]  # fmt: skip
    assert is_playlist_table(str(path))


def test_the_same_in_another_language():
    names = [
        "Name",
        "Interpret",
        "Komponist",
        "Album",
        *map(str, range(21)),
        "Wiedergaben",
        "Gespielt",
        "",
        "",
        "",
        "Ort",
    ]
    columns = {"title": "Name", "artist": "Interpret", "album": "Album", "plays": "Wiedergaben", "path": "Ort"}
    assert apple_columns(names).items() >= columns.items()
    assert apple_columns(names[:-1]) is None and apple_columns(["x", *names[1:]]) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("music library.csv", "ID vidéo,Song Title,Album Title,Artist Name 1,Artist Name 2\n,Talisman,Moon,Air,\n"),
        ("Mediathek.csv", "Video-ID,Song Title,Album Title,Artist Names\na,Talisman,Moon,Air\n"),
        ("x.csv", "Titel;Interpret;Album\nTalisman;Air;Moon\n"),
        ("HISTORY.txt", "\ufeff#\tArtwork\tTrack Title\tArtist\tAlbum\tBPM\tKey\n1\t\tTalisman\tAir\tMoon\t110\t5A\n"),
        ("shazamlibrary.csv", "Shazam Library\nIndex,TagTime,Title,Artist,Album\n1,2022-02-27,Talisman,Air,Moon\n"),
    ],
)  # fmt: skip
def test_libraries_and_sets_of_other_programs(read, tmp_path, name, text):
    assert read(name, text).entries == [Entry(artist="Air", title="Talisman", album="Moon")]
    assert is_playlist_table(str(tmp_path / name))


def test_tables_of_listens_and_of_albums_are_no_playlists(read, tmp_path):
    for header, is_of_listens in (
        ("Title,Artist,Plays", True),
        ("Titel;Interpret;Wiedergaben", True),
        ("Title,Artist", False),
        ("a,b,user", False),
    ):
        (tmp_path / "x.csv").write_text(f"{header}\n")
        assert is_listen_table(str(tmp_path / "x.csv")) == is_of_listens
    with pytest.raises(ValueError, match=r"x\.csv is a table of albums, and names no tracks"):
        read("x.csv", "Catalog#,Artist,Title,release_id\nA1,Air,Moon Safari,1\n")
    assert not is_playlist_table(str(tmp_path / "x.csv")) and not is_listen_table(str(tmp_path / "x.txt"))


def test_tables_that_are_no_playlists(read, tmp_path):
    with pytest.raises(ValueError, match=r"x\.csv has neither columns of titles and artists nor one of paths; it"):
        read("x.csv", "a,b\n1,2\n")
    for header in ("a,b", "path", "track,artist,played_at", "Title,Artist,User ID"):
        (tmp_path / "x.csv").write_text(f"{header}\n")
        assert not is_playlist_table(str(tmp_path / "x.csv"))
    (tmp_path / "x.txt").write_text("Title\tArtist\nOne\tAir\n")
    assert not is_playlist_table(str(tmp_path / "x.txt")), "a text may be a list of tracks"
