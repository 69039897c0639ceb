"""A command that runs beside the server, in a process of its own, and what it says of its progress."""

import contextlib
import os
import pty
import re
import subprocess
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic

_BAR = re.compile(r"\s*(?P<what>[^|]*?):?\s+(?P<percent>\d{1,3})%\|[^|]*\|\s*(?P<count>[^\[]*)")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_SIZE = (40, 120)  # lines and columns of its terminal
_MAX_LINES = 200
_MAX_LINE = 2_000  # letters
_END_SECONDS = 3.0  # between asking it to end and killing it


@dataclass(frozen=True)
class ProcessState:
    """A command's process as it is now."""

    is_running: bool
    title: str
    progress: str  # what it does at the moment, in words
    share: float | None  # of that, in [0, 1]; None if it is not known
    seconds: float  # since it began, or that it took
    code: int | None  # the exit code; None while it runs
    lines: tuple[str, ...]  # what it printed, without progress


class CommandProcess:
    """One command at a time, in a terminal of its own: commands draw their progress in nothing else."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._title, self._progress = "", ""
        self._share: float | None = None
        self._began, self._took = 0.0, 0.0
        self._lines: list[str] = []
        self._is_followed = False  # until all that it printed is read

    def start(self, title: str, words: Sequence[str]) -> bool:
        """Start a command; False, and nothing is done, while another one runs.

        Raises
        ------
        OSError
            The system has no room for another process or terminal.
        """
        with self._lock:
            if self._is_running():
                return False
            ours, theirs = pty.openpty()
            try:
                termios.tcsetwinsize(theirs, _SIZE)
                self._process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, start_new_session=True
                )
            except BaseException:
                os.close(ours)
                raise
            finally:
                os.close(theirs)
            self._title, self._progress, self._share, self._lines = title, "", None, []
            self._began, self._is_followed = monotonic(), True
            Thread(target=self._follow, args=(self._process, ours), daemon=True, name="command").start()
            return True

    def state(self) -> ProcessState | None:
        """The command that runs, or ran last; None before the first."""
        with self._lock:
            if self._process is None:
                return None
            is_running = self._is_running()
            return ProcessState(
                is_running=is_running,
                title=self._title,
                progress=self._progress,
                share=self._share if is_running else None,
                seconds=monotonic() - self._began if is_running else self._took,
                code=None if is_running else self._process.returncode,
                lines=tuple(self._lines),
            )

    def forget(self) -> None:
        """Forget a command that has ended, so that it is as if there had been none."""
        with self._lock:
            if not self._is_running():
                self._process = None

    def ask_to_end(self) -> None:
        """Ask the command to end, which keeps what it has done so far."""
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()

    def stop(self) -> None:
        """End the command, and wait for it; kill it if it takes too long."""
        process = self._process
        if process is None:
            return
        self.ask_to_end()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _is_running(self) -> bool:
        return self._is_followed

    def _follow(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        rest = b""
        with contextlib.suppress(OSError):  # the end of a terminal is an error of input and output
            while block := os.read(terminal, 65_536):
                *whole, rest = re.split(rb"[\r\n]+", rest + block)
                self._note(whole)
                rest = rest[-_MAX_LINE:]
        os.close(terminal)
        process.wait()
        self._note([rest])
        with self._lock:
            self._took, self._is_followed = monotonic() - self._began, False

    def _note(self, texts: Sequence[bytes]) -> None:
        with self._lock:
            for text in texts:
                line = _ESCAPE.sub("", text.decode("utf-8", "replace")).strip()[:_MAX_LINE]
                if bar := _BAR.match(line):
                    self._progress = f"{bar['what'].strip()} {bar['count'].strip()}".strip()
                    self._share = min(1.0, int(bar["percent"]) / 100)
                elif line:
                    self._lines = [*self._lines[1 - _MAX_LINES :], line]
