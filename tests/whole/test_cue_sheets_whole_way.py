"""An album in one file with a cue sheet: its songs are tracks as any others are, whatever happens to the files."""

import json
import shutil

import numpy as np
import pytest

from commands_typed import invoke, rows_of
from earshot.audio.decoding.audio_writer import write_audio
from known_sound import TUNE_RATE, tune

SONGS = [tune(seed, 30) for seed in range(3)]


@pytest.fixture
def album(tmp_path):
    """Three songs in one file with a sheet, and the second of them in a file of its own."""
    folder = tmp_path / "music" / "Album"
    write_audio(folder / "Album.flac", np.concatenate(SONGS)[None], TUNE_RATE, {"title": "Album"})
    write_audio(folder.parent / "single.mp3", SONGS[1][None], TUNE_RATE, {"title": "Song 1", "artist": "Band"})
    sheet = [f'TRACK 0{n + 1} AUDIO\nTITLE "Song {n}"\nINDEX 01 00:{30 * n % 60:02}:00\n' for n in range(2)]
    sheet.append('TRACK 03 AUDIO\nTITLE "Song 2"\nINDEX 01 01:00:00\n')
    (folder / "Album.cue").write_text('PERFORMER "Band"\nTITLE "Album"\nFILE "Album.wav" WAVE\n' + "".join(sheet))
    invoke(tmp_path, "embed-audio", folder.parent)
    return folder


def songs(library):
    query = "SELECT id, title FROM tracks WHERE path LIKE '%.cue/%' AND status = 'embedded' ORDER BY path"
    return rows_of(library, query)


def test_its_songs_are_found_and_know_their_copies(album, tmp_path):
    assert [title for _, title in songs(tmp_path)] == ["Song 0", "Song 1", "Song 2"]
    facts = "SELECT DISTINCT artist, album, round(duration_s) FROM tracks WHERE path LIKE '%.cue/%'"
    assert rows_of(tmp_path, facts) == [("Band", "Album", 30)]
    answer = json.loads(invoke(tmp_path, "similar", album.parent / "single.mp3", "--json").stdout)
    assert sorted(row["title"] for row in answer) == ["Song 0", "Song 2"]
    for seed in (album / "Album.cue", album / "Album.flac"):  # all of it has no others, and so no answers
        assert "(folder, 3 tracks)" in invoke(tmp_path, "similar", seed).stdout
    assert invoke(tmp_path, "check", "--read-data").stdout == "All is well.\n"


def test_songs_keep_their_ids(album, tmp_path):
    before = songs(tmp_path)
    sheet = album / "Album.cue"
    sheet.write_text(sheet.read_text().replace("Song 0", "Opening"))
    album = album.rename(album.with_name("Moved"))
    invoke(tmp_path, "embed-audio")
    assert songs(tmp_path) == [(before[0][0], "Opening"), *before[1:]]
    shutil.copytree(album, album.with_name("Copy"))
    invoke(tmp_path, "embed-audio")
    assert len(songs(tmp_path)) == 6 and set(before[1:]) < set(songs(tmp_path))


def test_without_its_sheet_the_file_is_one_track(album, tmp_path):
    (album / "Album.cue").unlink()
    invoke(tmp_path, "embed-audio")
    assert songs(tmp_path) == []
    assert rows_of(tmp_path, "SELECT title FROM tracks WHERE status = 'embedded'") == [("Album",), ("Song 1",)]


def test_a_sheet_outside_of_all_folders_is_remembered(album, tmp_path):
    for given in (album / "Album.flac", album / "Album.cue"):
        library = tmp_path / given.name
        invoke(library, "embed-audio", given)
        assert invoke(library, "embed-audio").stdout.startswith("5 found = 0 embedded + 3 reused + 0 failed + 2 exc")
