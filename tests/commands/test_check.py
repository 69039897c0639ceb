"""`cli check` as a user meets it."""

import json
import os
import shutil
import sqlite3

import numpy as np
import pytest

from commands_typed import rows_of
from earshot.audio.decoding.audio_writer import write_audio
from earshot.index.library import Library


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own that has heard the session's world."""
    shutil.copytree(heard_library, tmp_path / "library")
    return tmp_path / "library"


def test_tags_that_changed_behind_the_time_of_a_file(track_files, tmp_path, run_cli):
    """Some taggers keep the time, and write into room that was left for it; an earlier version did not note ctimes."""
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
    with Library.open_to_write(library) as opened:
        opened.db.execute("UPDATE tracks SET ctime_ns = NULL")
    assert "2 reused" in run_cli(library, "embed-audio").stdout
    checked = run_cli(library, "check", "--read-data")
    assert checked.returncode == 1 and f"cli embed-audio --again {folder}/0.flac" in checked.stdout
    assert "The next `cli embed-audio` embeds the changed files again." in checked.stderr
    problems = json.loads(run_cli(library, "check", "--read-data", "--json").stdout)
    assert problems[0]["fix"].endswith(f"cli embed-audio --again {folder}/0.flac")
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
    assert run_cli(library, "check", "--json").stdout == "[]\n"
