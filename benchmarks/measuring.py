"""Whole commands in processes of their own: how long they take and how much memory they hold."""

import contextlib
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

import psutil

CLI = (sys.executable, "-m", "earshot.cli")  # the real command, whatever PATH says
_INTERVAL = 0.05  # seconds between two looks at the memory


@dataclass(frozen=True)
class Outcome:
    """What a command did. Memory is resident; pages that processes share count in each of them."""

    seconds: float  # wall time, from start to exit
    cpu_seconds: float  # of all its processes
    parent_mib: float  # peak of the command's own process
    child_mib: float  # peak of its largest other process
    total_mib: float  # peak of the sum over all of them, as sampled
    output: str  # what it printed


def run(command: Sequence[Any], allowed: tuple[int, ...] = (0,)) -> Outcome:
    """Run a command to its end.

    Raises
    ------
    RuntimeError
        Its exit code is not among `allowed`.
    """
    family = _Family()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as talk:
        began = perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=talk)
        watcher = Thread(target=family.watch, args=[process.pid])
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - began
        family.is_gone.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        talk.seek(0)
        text, complaint = output.read(), talk.read()
    if process.returncode not in allowed:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{complaint[-2_000:]}")
    parent = family.peaks.pop(process.pid, 0.0)
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Outcome(seconds, cpu_seconds, parent, max(family.peaks.values(), default=0.0), family.total, text)


class _Family:
    """The memory of a process and its children, looked at every so often until it is gone."""

    def __init__(self) -> None:
        self.is_gone = Event()
        self.peaks: dict[int, float] = {}  # MiB by process id
        self.total = 0.0  # MiB, peak of the sum

    def watch(self, pid: int) -> None:
        while not self.is_gone.wait(_INTERVAL):
            with contextlib.suppress(psutil.NoSuchProcess):
                root = psutil.Process(pid)
                self.total = max(self.total, sum(map(self._look, [root, *root.children(recursive=True)])))

    def _look(self, process: psutil.Process) -> float:
        """Note a process's own peak so far, and return what it holds now, in MiB."""
        if process.pid not in self.peaks:
            self.peaks[process.pid] = 0.0
            return 0.0  # when first seen, it may be a fork that still shares its parent's memory
        try:
            resident = process.memory_info().rss / 2**20
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except (psutil.Error, OSError):  # it has just ended
            return 0.0
        for line in lines:
            if line.startswith("VmHWM"):  # the kernel's own high-water mark, exact between two looks
                self.peaks[process.pid] = int(line.split()[1]) / 1024
        return resident


def show(rows: Sequence[Mapping[str, str | float]]) -> None:
    """Print rows of one shape as a table, the first column to the left and the others to the right."""
    lines = [list(rows[0]), *([_text(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        cells = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]))


def _text(value: str | float) -> str:
    """Three figures, and thousands apart: 0.0123, 1.23, 12.3, 123, 1,234."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}"
