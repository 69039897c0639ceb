"""The one process that writes to a library, described in a file beside the lock."""

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
_MAX_BYTES = 10_000
_MAX_WAIT = 1.0  # seconds


def announce_writer(folder: Path, since: str) -> None:
    """Write that this process holds the lock.

    The file is always new, so that nothing is written through a link that a killed command or a foreign library left.
    """
    path = folder / _NAME
    path.unlink(missing_ok=True)
    pid, command = os.getpid(), shlex.join(["cli", *sys.argv[1:]])[:200]
    with path.open("x") as file:
        json.dump({"pid": pid, "started": _start(pid), "command": command, "since": since}, file)


def withdraw_writer(folder: Path) -> None:
    """Remove the announcement of this process."""
    remove(folder / _NAME)


def another_writes(folder: Path) -> bool:
    """Tell whether another process is writing to a library, as far as this machine can tell."""
    writer = _living_writer(folder)
    return writer is not None and writer["pid"] != os.getpid()


def describe_writer(folder: Path) -> str:
    """Describe the command that holds the lock; wait a moment for its name, which it writes after locking."""
    until = monotonic() + _MAX_WAIT
    while monotonic() < until:
        writer = _living_writer(folder)
        if writer is not None and {"command", "since"} <= writer.keys():
            return f"`{writer['command']}`, process {writer['pid']}, since {writer['since']}"
        sleep(0.05)
    return "one that does not say its name"


def _living_writer(folder: Path) -> dict[str, Any] | None:
    """The announcement of a process that is still alive, with `pid` at least; None without one."""
    try:
        with open_regular(folder / _NAME) as file:
            announced = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(announced, dict) or type(announced.get("pid")) is not int or announced["pid"] <= 0:
        return None
    return announced if _is_alive(announced["pid"], announced.get("started")) else None


def _is_alive(pid: int, started: Any) -> bool:
    """Tell whether a process is alive; with `started`, whether it is the same one, not a later one of that id."""
    if os.name == "nt":  # where a signal of 0 is Ctrl-C
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
