"""The list of files that could not be embedded, and of those that a rule left out."""

import json
import shutil

import pytest

from commands_typed import invoke


@pytest.fixture(scope="module")
def library(track_files, tmp_path_factory):
    """A library of one good file, one without sound, and one that is left out."""
    folder = tmp_path_factory.mktemp("failures")
    music = folder / "music"
    music.mkdir()
    shutil.copy(track_files[0], music)
    (music / "broken.flac").write_bytes(b"no sound" * 99)
    (music / "jingle.flac").write_bytes(b"no sound either" * 99)
    invoke(folder / "library", "embed-audio", music, "--exclude", "jingle*", code=3)
    return folder / "library"


def test_failed_files_are_listed_with_their_reason(library):
    (row,) = json.loads(invoke(library, "failures", "--json").stdout)
    assert row["status"] == "failed" and row["path"].endswith("broken.flac") and row["reason"]
    assert row["next_run"] is None, "damaged content is not tried again"


def test_excluded_files_are_listed_on_request(library):
    rows = json.loads(invoke(library, "failures", "--excluded", "--json").stdout)
    assert [(row["status"], row["path"].rpartition("/")[2]) for row in rows] == [
        ("excluded", "jingle.flac"), ("failed", "broken.flac"),
    ]  # fmt: skip


def test_nothing_failed(heard_library):
    assert "No file has failed." in invoke(heard_library, "failures").stderr
