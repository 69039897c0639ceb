"""The playlists of Spotify's account data as they are read."""

import json
import zipfile

import pytest

from earshot.data.playlists.account_playlists import is_account_file, read_account_playlists
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import read_playlists


def item(title=None, **fields):
    track = title and {
        "trackName": title,
        "artistName": "Air",
        "albumName": "Moon Safari",
        "trackUri": "spotify:track:1",
    }
    return {"track": track, "episode": None, "localTrack": None, "addedDate": "2024-01-01", **fields}


CONTENT = {
    "playlists": [
        {"name": "Mix/Tape", "lastModifiedDate": "2024-01-01", "items": [item("One"), item("Two")]},
        {"name": "Mix/Tape", "items": [
            item(localTrack={"uri": "spotify:local:Bj%C3%B6rk:D%C3%A9but:One+Day:320"}),
            item(episode={"episodeName": "Talk"}), 7,
        ]},
    ]
}  # fmt: skip


def test_several_playlists_lie_in_one_file(tmp_path):
    path = tmp_path / "Playlist1.json"
    path.write_text(json.dumps(CONTENT, indent=2))
    one, two = read_account_playlists(str(path))
    assert (one.path, one.name, two.path) == (f"{path}/Mix_Tape", "Mix/Tape", f"{path}/Mix_Tape_2")
    assert [entry.title for entry in one.entries] == ["One", "Two"] and one.n_elsewhere == 0
    assert two.entries == [Entry(artist="Björk", title="One Day", album="Début")] and two.n_elsewhere == 1


def test_names_that_are_no_text(tmp_path):
    path = tmp_path / "Playlist1.json"
    half = {"trackName": "One \ud83d", "artistName": "Air", "albumName": None}
    path.write_text(
        json.dumps({"playlists": [{"items": [{"track": half}, {"track": half | {"artistName": " "}}, {}]}]})
    )
    (playlist,) = read_account_playlists(str(path))
    assert playlist.entries == [Entry(artist="Air", title="One ?")] and playlist.n_elsewhere == 2


def test_they_are_found_in_the_archive(tmp_path):
    path = tmp_path / "my_spotify_data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Spotify Account Data/Playlist1.json", json.dumps(CONTENT))
        archive.writestr("Spotify Account Data/YourLibrary.json", "{}")
    assert [one.path for one in read_playlists(str(path))] == [
        f"{path}/Playlist1.json/Mix_Tape", f"{path}/Playlist1.json/Mix_Tape_2"
    ]  # fmt: skip


def test_other_files_are_none(tmp_path):
    for name, text in {"Playlist1.json": "[]", "Playlist2.json": json.dumps(CONTENT), "x.json": "{}"}.items():
        (tmp_path / name).write_text(text)
    assert [
        name for name in ("Playlist1.json", "Playlist2.json", "none.json") if is_account_file(str(tmp_path / name))
    ] == ["Playlist2.json"]
    with pytest.raises(ValueError, match=r"Playlist1\.json holds no playlists of Spotify's"):
        read_account_playlists(str(tmp_path / "Playlist1.json"))
