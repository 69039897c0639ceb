"""The commands as a user meets them: real processes, real files, every word they print."""

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from commands_typed import rows_of
from earshot.audio.decoding.audio_writer import write_audio
from earshot.cli import cli


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


def test_a_rescan_and_a_search_never_import_torch(library):
    """They take tenths of a second; torch alone takes more than one."""
    code = (
        "import sys, click.testing\nfrom earshot import cli\n"
        f"for arguments in (['embed-audio'], ['similar', '30'], ['status'], ['check'], ['--help']):\n"
        f"    result = click.testing.CliRunner().invoke(cli.cli, ['--library', {str(library)!r}, *arguments])\n"
        "    assert 'torch' not in sys.modules, arguments\n"
        "print('done')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "done\n", result.stderr


def test_help_imports_no_library_of_arrays_or_tables():
    """Each of them takes as long as all of the help."""
    code = "import sys, earshot.cli\nprint({'torch', 'numpy', 'polars', 'sqlite_utils'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "set()\n", result.stderr


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
    assert "Some files could not be heard: `cli failures` lists them." in result.stderr
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


def test_similar_by_path_id_words_and_from_outside(heard_library, track_files, world, tmp_path, run_cli):
    title = world.tracks[0].title
    by_path = run_cli(heard_library, "similar", track_files[0], "--json")
    (track_id,) = rows_of(heard_library, "SELECT id FROM tracks WHERE path = ?", str(track_files[0]))[0]
    by_id = run_cli(heard_library, "similar", track_id, "--json")
    by_words = run_cli(heard_library, "similar", title, "--json")
    assert by_path.stdout == by_id.stdout == by_words.stdout
    answer = json.loads(by_path.stdout)
    assert [row["rank"] for row in answer] == list(range(1, len(answer) + 1))
    assert track_id not in [row["id"] for row in answer]
    assert [row["score"] for row in answer] == sorted((row["score"] for row in answer), reverse=True)

    outside = tmp_path / "again.flac"
    shutil.copy(track_files[0], outside)  # the same content under a name the library does not know
    heard_now = json.loads(run_cli(heard_library, "similar", outside, "--json").stdout)
    assert track_id not in [row["id"] for row in heard_now]  # the library's own copy is left out too
    assert [row["id"] for row in heard_now] == [row["id"] for row in answer]
    np.testing.assert_allclose([r["score"] for r in heard_now], [r["score"] for r in answer], atol=1e-5)


def test_similar_keeps_its_rules(heard_library, world, run_cli):
    title, artist = world.tracks[0].title, world.artists[0].name
    rows = json.loads(run_cli(heard_library, "similar", title, "-k", 17, "--max-per-artist", 1, "--json").stdout)
    artists = [row["artist"] for row in rows]
    assert len(artists) == len(set(artists)) == 6
    others = json.loads(run_cli(heard_library, "similar", title, "-k", 17, "--other-artists", "--json").stdout)
    assert artist not in {row["artist"] for row in others} and len(others) == 15
    same = json.loads(run_cli(heard_library, "similar", title, "--same-artist", "--json").stdout)
    assert {row["artist"] for row in same} == {artist} and len(same) == 2
    genre = world.genres[1]
    kind = json.loads(run_cli(heard_library, "similar", title, "-k", 17, "--genre", genre, "--json").stdout)
    assert {row["genre"] for row in kind} == {genre} and len(kind) == 9


def test_why_csv_and_m3u(heard_library, track_files, world, tmp_path, run_cli):
    playlist = tmp_path / "mix.m3u8"
    result = run_cli(heard_library, "similar", world.tracks[0].title, "--why", "--csv", "--m3u", playlist)
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert rows and all(float(row["seed_start"]) in (0.0, 5.0) for row in rows)
    paths = [line for line in playlist.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert paths == [row["path"] for row in rows]
    assert set(paths) <= {str(path) for path in track_files}
    table = run_cli(heard_library, "similar", world.tracks[0].title, "--why").stdout
    assert "sounds like 0:0" in table


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["similar", "no such song at all"], 1, "No track and no file answers to 'no such song at all'"),
        (["similar"], 2, "Missing argument 'SEEDS...'"),
        (["embed-audio", "/no/such/folder"], 1, "There is no /no/such/folder. Is its disk mounted?"),
        (["build-index", "--type", "magic"], 2, "'magic' is not one of"),
        (["recommend", "--all", "--m3u", "-"], 2, "--all writes a folder of playlists, and - is none"),
        (["recommend", "--all", "--m3u", "/dev/stdout"], 2, "--all writes a folder of playlists"),
        (["import-playlists", "--forget", "--json", "x.m3u"], 2, "leave it out with --forget"),
        (["forget-folder", "x", "--json"], 2, "--json lists the folders"),
        (["forget-listens", "1", "--csv"], 2, "--csv lists the imports"),
        (["link", "--pair", "1", "2", "--json"], 2, "--json lists what `cli link` by itself finds"),
        (["link", "--unlink", "1", "--csv"], 2, "leave it out with --pair and --unlink"),
        (["embed-audio", ".", "--workers", "-1"], 2, "Invalid value for '--workers': -1 is not in the range x>=0"),
        (["embed-audio", ".", "--memory-limit", "10"], 2, "10 is not in the range x>=256"),
    ],
)
def test_mistakes_get_one_clear_message(heard_library, run_cli, arguments, code, words):
    result = run_cli(heard_library, *arguments)
    assert result.returncode == code and words in result.stderr
    assert "Traceback" not in result.stderr and result.stdout == ""


@pytest.mark.parametrize("command", ["similar x", "status", "failures", "check"])
def test_without_a_library_every_command_says_how_to_make_one(tmp_path, run_cli, command):
    result = run_cli(tmp_path / "none", *command.split())
    assert result.returncode == 1
    assert "There is no library" in result.stderr and "cli embed-audio FOLDER" in result.stderr
    assert not (tmp_path / "none").exists()


def test_an_empty_library_says_what_to_type(tmp_path, run_cli):
    (tmp_path / "music").mkdir()
    assert "0 found" in run_cli(tmp_path / "library", "embed-audio", tmp_path / "music").stdout
    result = run_cli(tmp_path / "library", "similar", "x")
    assert result.returncode == 1 and "Run `cli embed-audio FOLDER` first" in result.stderr


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


def test_a_broken_index_costs_a_rebuild_and_never_a_wrong_answer(library, world, run_cli):
    title = world.tracks[3].title
    right = json.loads(run_cli(library, "similar", title, "--json").stdout)

    def is_right(result):
        rows = json.loads(result.stdout)
        assert [row["id"] for row in rows] == [row["id"] for row in right]
        return [row["score"] for row in rows] == pytest.approx([row["score"] for row in right], abs=1e-5)

    (file,) = library.glob("*.faiss")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    damaged = run_cli(library, "similar", title, "--json")
    assert is_right(damaged) and "its file is damaged" in damaged.stderr
    assert "its file is damaged" in run_cli(library, "status").stdout
    checked = run_cli(library, "check")
    assert checked.returncode == 1 and "index: its file is damaged\n    fix: " in checked.stdout
    assert " cli build-index\n" in checked.stdout
    file.unlink()
    gone = run_cli(library, "similar", title, "--json")
    assert is_right(gone) and "its file is gone" in gone.stderr
    assert "flat, 18 vectors, recall@10 1.000" in run_cli(library, "build-index").stdout
    assert run_cli(library, "check", "--read-data").stdout == "All is well.\n"


def test_tags_that_changed_behind_the_time_of_a_file(track_files, tmp_path, run_cli):
    """Some taggers keep the time, and write into room that was left for it. The cure that is named is one."""
    folder, library = tmp_path / "music", tmp_path / "library"
    folder.mkdir()
    for number in range(2):
        write_audio(
            folder / f"{number}.flac", np.sin(np.arange(44_100 * 2) / (9 + number))[None], 44_100, {"title": "Wrong"}
        )
    run_cli(library, "embed-audio", folder)
    for path in folder.iterdir():
        was = path.stat()
        path.write_bytes(path.read_bytes().replace(b"Wrong", b"Right"))
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert "2 reused" in run_cli(library, "embed-audio").stdout
    checked = run_cli(library, "check", "--read-data")
    assert checked.returncode == 1 and f"cli embed-audio --again {folder}/0.flac" in checked.stdout
    assert "The next `cli embed-audio` hears the files that have changed again." in checked.stderr
    assert "1 embedded" in run_cli(library, "embed-audio", "--again", folder / "0.flac").stdout
    assert "1 embedded + 1 reused" in run_cli(library, "embed-audio").stdout
    assert rows_of(library, "SELECT title FROM tracks") == [("Right",), ("Right",)]
    assert run_cli(library, "check", "--read-data").stdout == "All is well.\n"


def test_a_damaged_library_is_found_out(library, run_cli):
    connection = sqlite3.connect(library / "library.db")
    connection.execute("UPDATE vectors SET vector = zeroblob(512) WHERE track_id = (SELECT min(track_id) FROM vectors)")
    connection.commit()
    connection.close()
    result = run_cli(library, "check")
    assert result.returncode == 1 and "is damaged (length 0)" in result.stdout
    assert "cli embed-audio --again" in result.stdout
    assert run_cli(library, "embed-audio", "--again").returncode == 0
    assert run_cli(library, "check").stdout == "All is well.\n"


def test_help_is_short_and_lists_every_command(run_cli, tmp_path):
    result = run_cli(tmp_path, "--help")
    assert all(name in result.stdout for name in cli.commands)


def test_a_playlist_that_cannot_be_written_is_one_message(heard_library, world, tmp_path, run_cli):
    result = run_cli(heard_library, "similar", world.tracks[0].title, "--m3u", tmp_path / "none" / "mix.m3u8")
    assert result.returncode == 1 and "mix.m3u8 cannot be written: No such file or directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_build_index_also_mends_the_neighbours(library, run_cli):
    connection = sqlite3.connect(library / "library.db")
    expected = connection.execute("SELECT * FROM neighbours ORDER BY 1, 2, 3").fetchall()
    connection.execute("UPDATE neighbours SET score = 0.5 WHERE rank = 1")
    connection.commit()
    connection.close()
    assert " cli build-index\n" in run_cli(library, "check").stdout
    assert run_cli(library, "build-index").returncode == 0
    mended = rows_of(library, "SELECT * FROM neighbours ORDER BY 1, 2, 3")
    assert [row[:4] for row in mended] == [row[:4] for row in expected]
    assert run_cli(library, "check").stdout == "All is well.\n"
