"""The playlists of Google Play Music, in a Takeout or unpacked."""

import shutil
import zipfile

import pytest

from earshot.data.playlists.google_playlists import google_rows, is_google_playlist
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import find_playlists, read_playlists
from earshot.data.tables.text_blocks import Member
from google_takeout import takeout

ENTRIES = [Entry(artist="M83", title="Intro"), Entry(artist="Air", title="Sexy Boy", album="Moon & Safari")]
PLACE = "Takeout/Google Play Music/Playlists/Rock n Roll"


def test_a_playlist_of_a_folder(tmp_path):
    (path,) = find_playlists([str(takeout(tmp_path))])
    (playlist,) = read_playlists(path)
    assert path == playlist.path == str(tmp_path / PLACE / "Metadata.csv")
    assert (playlist.name, playlist.entries, playlist.n_elsewhere) == ("Rock 'n' Roll", ENTRIES, 1)


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_playlists_of_an_archive(tmp_path, kind):
    path = shutil.make_archive(str(tmp_path / "takeout"), kind, takeout(tmp_path / "in"))
    (playlist,) = read_playlists(path)
    assert (playlist.path, playlist.file) == (f"{path}/{PLACE}", path)
    assert (playlist.name, playlist.entries, playlist.n_elsewhere) == ("Rock 'n' Roll", ENTRIES, 1)


def test_a_name_leads_nowhere_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("../../lists/Mix/Metadata.csv", "Title\nMix\n")
        archive.writestr("../../lists/Mix/Tracks/1.csv", "Title,Artist\nOne,Air\n")
    (playlist,) = read_playlists(str(tmp_path / "x.zip"))
    assert playlist.path == f"{tmp_path}/x.zip/lists/Mix"


def test_other_archives_and_files(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Metadata.csv").write_text("a,b\n1,2\n")
    assert not is_google_playlist(str(tmp_path / "in" / "Metadata.csv"))
    with pytest.raises(ValueError, match=r"x\.zip holds no playlists of Spotify's or Google Play Music's; of others"):
        read_playlists(shutil.make_archive(str(tmp_path / "x"), "zip", tmp_path / "in"))
    (tmp_path / "in" / "x.csv").write_bytes(b"\n")
    assert google_rows(Member(tmp_path / "in" / "x.csv")) == []
