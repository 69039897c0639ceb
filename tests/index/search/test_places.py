"""Tracks by path, folder and playlist."""

import unicodedata

import pytest

from earshot.data.files.skip_rules import Rules
from earshot.index.search.places import is_only_a_path, local_path, tracks_at, why_no_tracks
from earshot.index.tracks.roots import store_rules
from library_world import add, at, heard, open_library


@pytest.fixture
def music(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        paths = [tmp_path / "Ágætis" / "1.mp3", tmp_path / "Ágætis 2" / "2.mp3"]
        paths.append(tmp_path / unicodedata.normalize("NFD", "Ä") / "3.mp3")
        add(library, head, [heard(str(path), at(0)) for path in paths])
        yield library, tmp_path


def test_a_folder_is_what_lies_below_it_and_no_namesake(music):
    library, folder = music
    assert tracks_at(library, str(folder / "Ágætis")).ids == [1]
    assert tracks_at(library, unicodedata.normalize("NFD", str(folder / "Ágætis/"))).ids == [1]
    assert tracks_at(library, str(folder / "Ä")).ids == [3]
    assert sorted(tracks_at(library, str(folder)).ids) == [1, 2, 3]
    assert tracks_at(library, str(folder / "Ä" / "3.mp3")).kind == "track"
    assert tracks_at(library, str(folder / "Ága")) is None and tracks_at(library, "") is None


def test_a_playlist_gives_what_the_library_has(music):
    library, folder = music
    playlist = folder / "mix.xspf"
    playlist.write_text(
        '<playlist xmlns="http://xspf.org/ns/0/"><trackList>'
        "<track><location>%C3%81g%C3%A6tis%202/2.mp3</location></track>"
        "<track><location>gone.mp3</location></track>"
        f"<track><location>{(folder / 'Ágætis/1.mp3').as_uri()}</location></track></trackList></playlist>"
    )
    selected = tracks_at(library, playlist.as_uri())
    assert (selected.kind, selected.ids, selected.unknown) == ("playlist", [2, 1], [str(folder / "gone.mp3")])


def test_several_playlists_in_a_file_count_as_one(music):
    library, folder = music
    path = folder / "all.csv"
    path.write_text(
        "Path,Title,Artist,Playlist name\nÁgætis 2/2.mp3,a,b,Mix\nÁgætis/1.mp3,c,d,Tape\ngone.mp3,e,f,Mix\n"
    )
    selected = tracks_at(library, str(path))
    assert (selected.ids, selected.unknown) == ([2, 1], [str(folder / "gone.mp3")])


def test_what_is_reached_through_a_link(music, tmp_path_factory):
    library, folder = music
    (folder / "Ágætis").mkdir()
    (folder / "Ágætis" / "here.m3u").write_text("1.mp3\ngone.mp3\n")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    links = {"link": folder / "Ágætis", "Mix.m3u": folder / "Ágætis/here.m3u", "loop": elsewhere / "loop"}
    for name, target in links.items():
        (elsewhere / name).symlink_to(target)
    for seed in ("link", "link/", "link/1.mp3", "link/here.m3u", "Mix.m3u"):
        selected = tracks_at(library, f"{elsewhere}/{seed}")
        assert selected is not None and selected.ids == [1], seed
    assert tracks_at(library, f"{elsewhere}/link").name.startswith(f"{elsewhere}/link"), "as it was given"
    assert tracks_at(library, f"{elsewhere}/loop") is None and tracks_at(library, "x" * 5_000) is None


def test_a_library_that_was_made_through_a_link(tmp_path, monkeypatch):
    link, disk = tmp_path / "Music", tmp_path / "disk"
    (disk / "Jazz").mkdir(parents=True)
    (disk / "Jazz" / "1.mp3").touch()
    link.symlink_to(disk)
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(str(link / "Jazz" / "1.mp3"), at(0)), heard(str(link / "2.mp3"), at(0))])
        with library.transaction():
            store_rules(library, {str(link): Rules()})
        monkeypatch.chdir(link)
        for seed in ("./Jazz", "Jazz/1.mp3", str(disk / "Jazz")):
            selected = tracks_at(library, seed)
            assert selected is not None and selected.ids == [1], seed
        assert sorted(tracks_at(library, ".").ids) == [1, 2]
        (disk / "mix.m3u").write_text("Jazz/1.mp3\n")
        assert tracks_at(library, "mix.m3u").ids == [1]


def test_reasons(music):
    _, folder = music
    (folder / "empty.m3u").write_text("")
    assert "No track of the library lies in the folder" in why_no_tracks(str(folder))
    assert "No entry of the playlist" in why_no_tracks(str(folder / "empty.m3u"))
    assert why_no_tracks(str(folder / "nothing")) is None and why_no_tracks("") is None


def test_paths_and_what_may_be_a_name():
    assert local_path("file:///a%20b") == "/a b"
    assert all(map(is_only_a_path, ("/", "./x", "../x", "x/", ".", "..", "file:x")))
    assert not any(map(is_only_a_path, ("...", "AC/DC", "x", ".5 The Gray Chapter")))
