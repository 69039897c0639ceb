"""`cli embed-audio` as a user meets it: real processes, real files, every word it prints."""

import json
import shutil
import sqlite3

import numpy as np
import pytest

from commands_typed import rows_of
from earshot.audio.decoding.audio_writer import write_audio


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own that has heard the session's world."""
    shutil.copytree(heard_library, tmp_path / "library")
    return tmp_path / "library"


def test_a_folder_becomes_a_library(heard_library, tracks_folder):
    summary = rows_of(heard_library, "SELECT tracks, artists, failed, missing FROM library_summary")
    assert summary == [(18, 6, 0, 0)]
    formats = rows_of(heard_library, "SELECT codec, count(*) FROM tracks WHERE status = 'embedded' GROUP BY 1")
    assert dict(formats) == {"aac": 3, "flac": 3, "mp3float": 3, "opus": 3, "pcm_s16le": 3, "vorbis": 3}
    assert rows_of(heard_library, "SELECT count(*) FROM neighbours") == [(18 * 17,)]


def test_a_second_scan_hears_nothing(library, tracks_folder, run_cli):
    before = rows_of(library, "SELECT * FROM vectors ORDER BY track_id")
    result = run_cli(library, "embed-audio", "--json")
    counts = json.loads(result.stdout)
    assert (counts["embedded"], counts["reused"], counts["failed"]) == (0, 18, 0)
    assert counts["found"] == counts["reused"] + counts["excluded"]
    assert rows_of(library, "SELECT * FROM vectors ORDER BY track_id") == before


def test_a_moved_file_keeps_its_vector_and_its_id(track_files, tmp_path, run_cli):
    folder = tmp_path / "music"
    folder.mkdir()
    for path in track_files[:3]:
        shutil.copy(path, folder)
    library = tmp_path / "library"
    run_cli(library, "embed-audio", folder)
    before = dict(rows_of(library, "SELECT track_id, vector FROM vectors"))
    moved = folder / "elsewhere" / "renamed.flac"
    moved.parent.mkdir()
    (folder / track_files[0].name).rename(moved)
    (folder / track_files[1].name).unlink()

    result = run_cli(library, "embed-audio", folder)
    assert "3 found" not in result.stdout and "2 found = 0 embedded + 2 reused" in result.stdout
    assert "1 of the reused moved or copied" in result.stdout
    assert "1 gone from the disk, marked missing" in result.stdout
    assert dict(rows_of(library, "SELECT track_id, vector FROM vectors")) == before
    assert rows_of(library, "SELECT status FROM tracks WHERE path = ?", str(moved)) == [("embedded",)]

    shutil.copy(track_files[1], folder)
    assert "3 found = 0 embedded + 3 reused" in run_cli(library, "embed-audio", folder).stdout

    shutil.rmtree(folder)
    folder.mkdir()  # as an unmounted disk leaves it
    result = run_cli(library, "embed-audio", folder, "--prune")
    assert "3 kept although not found" in result.stdout
    assert f"cli forget-folder {folder}" in result.stderr
    assert rows_of(library, "SELECT tracks, missing FROM library_summary") == [(3, 0)]


def test_bad_files_cost_only_themselves(track_files, tmp_path, run_cli, rng):
    folder = tmp_path / "music"
    folder.mkdir()
    shutil.copy(track_files[0], folder / "good.flac")
    (folder / "empty.mp3").write_bytes(b"")
    (folder / "noise.mp3").write_bytes(rng.bytes(50_000))
    (folder / "pointer.flac").write_text("version https://git-lfs.github.com/spec/v1\n")
    write_audio(folder / "silence.wav", np.zeros((1, 44_100 * 3), np.float32), 44_100, {})
    write_audio(folder / "blip.wav", 0.1 * np.ones((1, 4_410), np.float32), 44_100, {})
    library = tmp_path / "library"

    result = run_cli(library, "embed-audio", folder)
    assert result.returncode == 3
    assert "6 found = 1 embedded + 0 reused + 5 failed + 0 excluded" in result.stdout
    assert "Some files could not be embedded: `cli failures` lists them." in result.stderr
    listed = {
        row["path"].rsplit("/")[-1]: row["reason"] for row in json.loads(run_cli(library, "failures", "--json").stdout)
    }
    assert listed == {
        "blip.wav": "shorter than one second (0.10 s)",
        "empty.mp3": "the file is empty",
        "noise.mp3": listed["noise.mp3"],  # what random bytes are taken for depends on the bytes
        "pointer.flac": "a git-LFS pointer, not the audio itself; run `git lfs pull`",
        "silence.wav": "silence from beginning to end",
    }

    again = run_cli(library, "embed-audio", folder)
    assert again.returncode == 0 and "5 of the failed unchanged" in again.stdout
    retried = run_cli(library, "embed-audio", folder, "--retry")
    assert retried.returncode == 3 and "5 failed" in retried.stdout and "unchanged" not in retried.stdout


def test_durations_and_globs_leave_tracks_out_and_let_them_back(track_files, tmp_path, run_cli):
    folder = tmp_path / "music"
    folder.mkdir()
    for number, path in enumerate(track_files[:2]):
        shutil.copy(path, folder / f"{number}{path.suffix}")  # 6 s each
    library = tmp_path / "library"
    short = run_cli(library, "embed-audio", folder, "--min-duration", "10")
    assert "2 found = 0 embedded + 0 reused + 0 failed + 2 excluded" in short.stdout
    assert "shorter than --min-duration 10 (6 s)" in run_cli(library, "failures", "--excluded").stdout
    globbed = run_cli(library, "embed-audio", folder, "--min-duration", "0", "--exclude", "0.*")
    assert "2 found = 1 embedded + 0 reused + 0 failed + 1 excluded" in globbed.stdout
    assert "2 found = 0 embedded + 1 reused + 0 failed + 1 excluded" in run_cli(library, "embed-audio").stdout
    let_in = run_cli(library, "embed-audio", folder, "--exclude", "")
    assert "2 found = 1 embedded + 1 reused" in let_in.stdout


def test_folders_left_out_are_named_and_what_is_given_is_embedded(track_files, tmp_path, run_cli):
    folder, library = tmp_path / "music", tmp_path / "library"
    names = ["...And Oceans/1", ".38 Special/2", "#recycle/3", "a/@eaDir/4", "b/@eaDir/5", "nomedia/6", ".hidden"]
    for name, path in zip(names, track_files, strict=False):
        file = folder / f"{name}{path.suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, file)
    (folder / "nomedia" / ".nomedia").touch()

    first = run_cli(library, "embed-audio", folder).stdout
    assert "7 found = 2 embedded + 0 reused + 0 failed + 5 excluded" in first
    assert "  3 of the excluded are folders, left out with all below: @eaDir (2), #recycle\n" in first
    assert "#recycle" in run_cli(library, "failures", "--excluded").stdout
    given = [folder / "#recycle", folder / "nomedia", folder / f".hidden{track_files[6].suffix}"]
    assert "3 found = 3 embedded" in run_cli(library, "embed-audio", *given).stdout
    again = json.loads(run_cli(library, "embed-audio", "--json").stdout)
    assert (again["reused"], again["excluded"]) == (5, 2)
    assert again["folders_left_out"] == [str(folder / name / "@eaDir") for name in "ab"]


def test_vectors_of_an_older_encoder_are_never_mixed(library, track_files, tmp_path, run_cli):
    connection = sqlite3.connect(library / "library.db")
    connection.execute("UPDATE runs SET fingerprint = 'an encoder of yesterday'")
    connection.commit()
    connection.close()
    outside = tmp_path / "new.flac"
    shutil.copy(track_files[0], outside)
    result = run_cli(library, "similar", outside)
    assert result.returncode == 1 and "belong to an older encoder" in result.stderr
    assert "Run `cli embed-audio` first" in result.stderr
    assert "cli embed-audio   (the vectors belong to an older encoder)" in run_cli(library, "status").stdout

    assert "= 18 embedded + 0 reused" in run_cli(library, "embed-audio").stdout
    assert rows_of(library, "SELECT DISTINCT run_id FROM vectors") == rows_of(library, "SELECT run_id FROM spaces")
    assert "cli embed-audio" not in run_cli(library, "status").stdout


def test_a_path_is_no_address_of_a_cluster(run_cli, tracks_folder, tmp_path):
    result = run_cli(tmp_path / "library", "embed-audio", "--cluster", tracks_folder)
    assert result.returncode == 2 and "is a path here; put --cluster last, or give an address" in result.stderr
    assert not (tmp_path / "library").exists()
