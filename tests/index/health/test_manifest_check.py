"""`cli check` on files: changed music, and leftovers of killed commands, but never resumable work."""

import os
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

from earshot.data.files.atomic import RESUMABLE_SUFFIX, TEMPORARY_SUFFIX, make_folder
from earshot.data.files.content_hash import content_hash
from earshot.index.health.integrity import check_library
from earshot.index.health.manifest_check import check_contents, n_contents
from earshot.index.health.problem import Problem
from earshot.index.library import Library
from earshot.index.runs import finish_run
from earshot.index.tracks.track_store import set_status
from library_world import add, at, finish, heard, open_library, random_units

LEFTOVERS = (
    f"audio-0123456789ab.faiss{TEMPORARY_SUFFIX}",
    f"library.before-m011.db{TEMPORARY_SUFFIX}",
    f"library.before-m011.db{TEMPORARY_SUFFIX}-journal",
    f"checkpoints/ear-0f.safetensors{TEMPORARY_SUFFIX}",
    f"checkpoints/towers-0f.pt{TEMPORARY_SUFFIX}",
    f"checkpoints/train-audio{RESUMABLE_SUFFIX}{TEMPORARY_SUFFIX}",
    "checkpoints/towers-0f.pt.part",
    f"listens/0f.parquet{TEMPORARY_SUFFIX}",
    f"listens/0123456789abcdef{TEMPORARY_SUFFIX}/user_rows",
    "listens/.arrays-0f/user_rows",
    "listens/.import-0f/000000.parquet",
    f"cache/baselines.npz{TEMPORARY_SUFFIX}",
    f"cache/pictures-0f/contents.npz{TEMPORARY_SUFFIX}",
    f"recommendations-0f{RESUMABLE_SUFFIX}/000000001.npz{TEMPORARY_SUFFIX}",
)
RESUMABLE = (
    f"checkpoints/train-audio{RESUMABLE_SUFFIX}",
    f"checkpoints/train-tower.refit{RESUMABLE_SUFFIX}",
    f"recommendations-0f{RESUMABLE_SUFFIX}/000000000.npz",
)
EARLIER_RESUMABLE = ("checkpoints/train-tower.unfinished.pt", "recommendations-0e.unfinished/000000000.npz")


@pytest.fixture
def library(tmp_path):
    """Three tracks in a folder whose name a shell would part in two."""
    library, head = open_library(tmp_path / "my library")
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(3)])
        finish(library)
        for name in (*LEFTOVERS, *RESUMABLE, *EARLIER_RESUMABLE):
            make_folder((library.folder / name).parent)
            (library.folder / name).write_text("half")
        yield library


def files_of(library, names):
    return [name for name in names if (library.folder / name).exists()]


def test_every_leftover_comes_with_a_fix_that_works_and_leaves_resumable_work(library):
    problems = list(check_library(library))
    assert len(problems) == len(LEFTOVERS)
    assert all("was left by a killed command" in problem.what for problem in problems)
    for problem in problems:
        subprocess.run(problem.fix, shell=True, check=True, timeout=10)
    assert list(check_library(library)) == [] and files_of(library, LEFTOVERS) == []
    assert files_of(library, RESUMABLE + EARLIER_RESUMABLE) == list(RESUMABLE + EARLIER_RESUMABLE)


def test_the_next_writer_removes_every_leftover_and_no_resumable_work(library):
    library.close()
    with Library.open_to_write(library.folder) as opened:
        assert list(check_library(opened)) == [] and files_of(opened, LEFTOVERS) == []
        assert files_of(opened, RESUMABLE) == list(RESUMABLE)
        renamed = (f"checkpoints/train-tower{RESUMABLE_SUFFIX}", f"recommendations-0e{RESUMABLE_SUFFIX}/000000000.npz")
        assert files_of(opened, renamed) == list(renamed)


@pytest.fixture
def music_library(tmp_path):
    """30 tracks of 4 dimensions, with index and neighbours, of real (dummy) files."""
    library, head = open_library(tmp_path / "library")
    with library:
        tracks = []
        for number, vector in enumerate(random_units(np.random.default_rng(2), 30, 4)):
            path = tmp_path / f"{number:02}.mp3"
            path.write_text(f"music {number}")
            tracks.append(heard(str(path), vector, content_hash=content_hash(str(path))))
        add(library, head, tracks)
        finish(library)
        finish_run(library, head, {})
        yield library


def test_a_leftover_is_removed_by_the_next_writer(music_library):
    left = music_library.folder / "audio-0123456789ab.faiss.unfinished"
    left.write_bytes(b"half")
    (problem,) = check_library(music_library)
    assert problem.what == f"{left.name} was left by a killed command; the next one that writes removes it"
    assert shlex.split(problem.fix) == ["rm", "-r", str(left)]
    music_library.close()
    with Library.open_to_write(music_library.folder) as opened:
        assert list(check_library(opened)) == []


def test_files_that_changed_or_went(music_library, tmp_path):
    path = f"{tmp_path}/03.mp3"
    Path(path).write_text("other music")
    (tmp_path / "05.mp3").unlink()
    assert [problem for problem in check_contents(music_library) if problem] == [
        Problem(f"{path} has changed since it was embedded", f"cli embed-audio --again {path}", path),
        Problem(f"{tmp_path}/05.mp3: No such file or directory", "cli embed-audio"),
    ]


def test_only_files_that_can_be_found_are_read(music_library, tmp_path):
    set_status(music_library, str(tmp_path / "03.mp3"), 1, 1, "missing", None)
    music_library.db.execute("INSERT INTO tracks (title, status) VALUES ('of a catalog', 'embedded')")
    assert n_contents(music_library) == len(list(check_contents(music_library))) == 29


def test_a_file_whose_name_is_not_utf8(music_library, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp3")
    with open(path, "w") as file:
        file.write("music")
    add(music_library, 1, [heard(path, at(0), content_hash=content_hash(path))])
    assert [problem for problem in check_contents(music_library) if problem] == []
