"""The one process that writes to a library, as it says itself in a file beside the lock."""

import json
import os
import shlex
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from earshot.data.files.atomic import remove
from earshot.data.files.regular_files import open_regular

_NAME = ".writer.json"
_MOST_BYTES = 10_000
_PATIENCE = 1.0  # seconds


def announce_writer(folder: Path, since: str) -> None:
    """Say that this process holds the lock.

    A file of its own: what a killed command left under the name, or a stranger's link to somewhere else, is not
    written through.
    """
    path = folder / _NAME
    path.unlink(missing_ok=True)
    pid, command = os.getpid(), shlex.join(["cli", *sys.argv[1:]])[:200]
    with path.open("x") as file:
        json.dump({"pid": pid, "started": _start(pid), "command": command, "since": since}, file)


def withdraw_writer(folder: Path) -> None:
    """Say no more that this process holds the lock."""
    remove(folder / _NAME)


def another_writes(folder: Path) -> bool:
    """Whether another process is writing to a library just now, as far as this machine can tell."""
    writer = _living_writer(folder)
    return writer is not None and writer["pid"] != os.getpid()


def describe_writer(folder: Path) -> str:
    """The command that holds the lock. It writes its name just after it has locked, so it is waited for a little."""
    until = monotonic() + _PATIENCE
    while monotonic() < until:
        writer = _living_writer(folder)
        if writer is not None and {"command", "since"} <= writer.keys():
            return f"`{writer['command']}`, process {writer['pid']}, since {writer['since']}"
        sleep(0.05)
    return "one that does not say its name"


def _living_writer(folder: Path) -> dict[str, Any] | None:
    """The words of a process that is still there about itself, `pid` at least; None where there is none."""
    try:
        with open_regular(folder / _NAME) as file:
            told = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or type(told.get("pid")) is not int or told["pid"] <= 0:
        return None
    return told if _is_alive(told["pid"], told.get("started")) else None


def _is_alive(pid: int, started: Any) -> bool:
    """Whether a process is there; with `started`, whether it is the same one, and not a later one of its number."""
    if os.name == "nt":  # where a signal of 0 is no question but Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        pass
    except (OSError, OverflowError):
        return False
    return started is None or _start(pid) in (None, started)


def _start(pid: int) -> int | None:
    """The start of a process, in ticks since the machine started; None where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return int(stat.rpartition(b")")[2].split()[19])  # field 22; the name of the program may hold spaces
