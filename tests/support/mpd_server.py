"""A Music Player Daemon of its own for a test: it plays to nowhere, in real time."""

import contextlib
import shutil
import socket
import subprocess
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from library_world import add, at, finish, heard, open_library

pytest.importorskip("mpd", reason="python-mpd2 is not installed")
if shutil.which("mpd") is None:
    pytest.skip("no Music Player Daemon is installed", allow_module_level=True)

_SETTINGS = """
music_directory "{music}"
db_file "{folder}/database"
state_file "{folder}/state"
log_file "{folder}/log"
{stickers}
bind_to_address "{folder}/socket"
bind_to_address "127.0.0.1"
port "{port}"
audio_output {{
    type "null"
    name "nowhere"
}}
"""


@dataclass
class Server:
    """A running daemon."""

    folder: Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def socket(self) -> str:
        return str(self.folder / "socket")

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["mpd", "--no-daemon", str(self.folder / "mpd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with self.client() as client:
            client.update()
            _wait(lambda: "updating_db" not in client.status())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        """Another client, as a person would use."""
        import mpd

        _wait(self._answers)
        client = mpd.MPDClient()
        client.connect(self.socket)
        try:
            yield client
        finally:
            for _ in range(2):  # of a daemon that is gone the first try leaves the socket open
                with contextlib.suppress(OSError, mpd.MPDError):
                    client.disconnect()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(self.socket)
            return True
        return False


def _wait(is_done, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < until, "the daemon does not do it"
        time.sleep(0.02)


@contextlib.contextmanager
def running_server(folder: Path, music: Path, *, has_stickers: bool = True) -> Iterator[Server]:
    """Run a daemon that has seen the music of a folder."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(folder, free.getsockname()[1])
    stickers = f'sticker_file "{folder}/stickers"' if has_stickers else ""
    settings = _SETTINGS.format(music=music, folder=folder, stickers=stickers, port=server.port)
    (folder / "mpd.conf").write_text(settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def make_library(folder: Path) -> Path:
    """A library of six noises in a folder of music: the first lasts four seconds, the others a minute."""
    library, head = open_library(folder / "library")
    rng, tracks = np.random.default_rng(1), []
    for n in range(6):
        path = folder / "music" / f"album {n % 2}" / f"{n}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        seconds = 60 if n else 4
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8_000, 0, "NONE", ""))
            file.writeframes(rng.integers(-99, 99, 8_000 * seconds, dtype=np.int16).tobytes())
        tracks.append(heard(str(path), at(9 * n), title=f"Noise {n}", artist=f"Band {n}", duration=float(seconds)))
    with library:
        add(library, head, tracks)
        finish(library)
    return folder / "library"
