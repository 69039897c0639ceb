"""`cli check` on what killed commands leave: every temporary file is named, work to go on from never is."""

import subprocess

import pytest

from earshot.data.files.atomic import RESUMABLE_SUFFIX, TEMPORARY_SUFFIX, make_folder
from earshot.index.health.integrity import check_library
from earshot.index.library import Library
from library_world import add, at, finish, heard, open_library

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
