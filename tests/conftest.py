"""What many tests share: a small rendered world on disk, and a library that has heard it.

Worker processes and the synthetic world take seconds, so both are made once per session and only read.
"""

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from earshot.audio.decoding.audio_writer import write_audio
from earshot.data.synthetic.world import World, WorldConfig, make_world
from earshot.data.synthetic.world_files import track_path, written_files
from trained_library import make_trained_library

# `python -m pytest` puts the checkout on the path, where its folders have other names than those that are installed.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parents[1]]

hypothesis.settings.register_profile("earshot", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("earshot")

SMALL = WorldConfig(n_genres=2, artists_per_genre=3, tracks_per_artist=3, seconds=6.0, n_listeners=5, n_playlists=2)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def failing_disk(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """A context in which the disk fails to read one archive."""

    @contextmanager
    def failing(path: Path) -> Iterator[None]:
        def refuse(asked: Path) -> None:
            if Path(asked) == path:
                raise OSError(errno.EIO, "Input/output error", str(path))

        with monkeypatch.context() as patch:
            patch.setattr("earshot.data.files.array_files.require_regular", refuse)
            yield

    return failing


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(SMALL)


@pytest.fixture(scope="session")
def tracks_folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """18 tracks of 6 s in six formats, by 6 artists. Read only: copy what you want to change."""
    folder = tmp_path_factory.mktemp("world")
    for _ in written_files(world, folder, write_audio):
        pass
    return folder


@pytest.fixture(scope="session")
def track_files(world: World, tracks_folder: Path) -> list[Path]:
    return [tracks_folder / track_path(world, row) for row in range(len(world.tracks))]


@pytest.fixture(scope="session")
def run_cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The real command in a process of its own: exit codes, stdout and stderr as a user gets them."""

    def run(library: Path, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "earshot.cli", "--library", str(library), *map(str, arguments)]
        environment = {key: value for key, value in os.environ.items() if key != "EARSHOT_LIBRARY"}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environment,
            cwd=Path(__file__).parent.parent, **options,
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def heard_library(tracks_folder: Path, tmp_path_factory: pytest.TempPathFactory, run_cli: Callable) -> Path:
    """A library that has heard `tracks_folder`. Read only: copy the folder to change it."""
    library = tmp_path_factory.mktemp("heard") / "library"
    result = run_cli(library, "embed-audio", tracks_folder)
    assert result.returncode == 0, result.stderr
    return library


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Train on one core: the tensors of tests are so small that a second thread only waits for the first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.cpu_count", lambda: 1)
        yield


@pytest.fixture(scope="session")
def trained_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of listens and four files, whose towers have learned. Read only: `library_copy` may be changed."""
    folder = tmp_path_factory.mktemp("towers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.cpu_count", lambda: 1)
        result = make_trained_library(folder)
    assert result.exit_code == 0, (result.output, result.exception)
    return folder / "library"


@pytest.fixture
def library_copy(trained_library: Path, tmp_path: Path) -> Path:
    """A copy of `trained_library` that a test may change."""
    return shutil.copytree(trained_library, tmp_path / "library")


@pytest.fixture
def in_berlin(monkeypatch):
    """The local time of this process is that of Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
