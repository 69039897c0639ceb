"""Errors of the environment while music is heard: no vector is lost, and the next plain run hears everything.

    python benchmarks/reliability/environment_trial.py

A shim (`faulty_calls.c`, built with `cc`) makes reads and opens of music files fail with EIO, ESTALE, EACCES and such,
at once or after a few calls, or never return. Each trial makes the files look changed, so that they
must be read again, strikes, and looks at what the library still knows; then the disk is well again. The same shim then
strikes the library's own files and locks: every command ends with one sentence and exit 1.
"""

import argparse
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

from writing_commands import STAGES, Workplace, undisturbed_workplace

_ERRORS = ("EIO", "ESTALE", "EACCES", "ENOENT", "ENOMEM", "ETIMEDOUT", "ENOTCONN", "EMFILE")
_TIME_LIMIT = 5  # seconds for one file
_RUN_SECONDS = 60  # for a run in which one file meets it
_CTRL_C_SECONDS = 2
_OWN_FILES = (  # command, part of the path, calls, error
    ("import-listens", "library.db", "write", "EIO"),
    ("import-listens", "library.db", "write", "ENOSPC"),
    ("import-listens", "library.db", "sync", "EIO"),
    ("import-listens", "listens/", "write", "EIO"),
    ("import-listens", "listens/", "write", "ENOSPC"),
    ("import-playlists", "library.db", "read", "EIO"),
    ("import-tags", ".writer.lock", "lock", "ENOTSUP"),
    ("import-tags", ".writer.lock", "lock", "ENOLCK"),
    ("build-index", ".faiss", "write", "EIO"),
    ("build-index", ".faiss", "write", "ENOSPC"),
    ("build-index", ".faiss", "sync", "EIO"),
    ("train-tower", "checkpoints/", "write", "EIO"),
    ("train-tower", "checkpoints/", "write", "ENOSPC"),
    ("train-audio", "checkpoints/", "write", "EIO"),
    ("train-audio", "checkpoints/", "write", "ENOSPC"),
)

Outcome = tuple[str, list[str]]  # what was tried, and what went wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to work; kept, so that a second call begins at once")
    with undisturbed_workplace(parser.parse_args().folder) as (work, _):
        shim = build_shim(work.folder)
        n_trials = n_survived = 0
        for what, faults in chain(music_trials(work, shim), blocking_trial(work, shim), library_trials(work, shim)):
            n_trials, n_survived = n_trials + 1, n_survived + (not faults)
            print(f"{'LOST' if faults else 'ok  '} {what}", *faults, sep="\n     ", flush=True)
    print(f"{n_survived} of {n_trials} survived")
    sys.exit(n_survived != n_trials)


def build_shim(folder: Path) -> Path:
    source, shim = Path(__file__).with_name("faulty_calls.c"), folder / "faulty_calls.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    return shim


def music_trials(work: Workplace, shim: Path) -> Iterator[Outcome]:
    """Reading or opening music fails, from the first call on or in the middle of a file."""
    (hear,) = [stage for stage in STAGES if stage.name == "embed-audio"]
    work.prepare(hear)
    work.run(work.command(hear))
    expected = _vectors(work.library)
    heard = work.folder / "heard"
    shutil.rmtree(heard, ignore_errors=True)
    shutil.copytree(work.library, heard)
    for name in _ERRORS:
        for calls, after in (("read", 0), ("open", 0), ("read", 3)):
            shutil.rmtree(work.library)
            shutil.copytree(heard, work.library)
            for path in work.music.rglob("*.*"):
                os.utime(path)  # changed, as far as anybody can tell
            strike = _faults(shim, work.music, calls, name) | {"FAULT_AFTER": str(after)}
            done = work.run(work.command(hear), **strike)
            faults = ["a traceback"] if "Traceback" in done.stderr else []
            if done.returncode not in (1, 3):
                faults.append(f"exit {done.returncode}: no file met the error")
            if _vectors(work.library) != expected:
                faults.append(f"{len(expected) - len(_vectors(work.library))} of {len(expected)} vectors lost")
            work.run(work.command(hear))
            if _vectors(work.library) != expected:
                faults.append("not all is heard when the disk is well again")
            yield f"{name} at the {calls} of music, after {after} calls", faults


def blocking_trial(work: Workplace, shim: Path) -> Iterator[Outcome]:
    """A file that never answers costs its time limit, and Ctrl-C ends the run within two seconds."""
    (hear,) = [stage for stage in STAGES if stage.name == "embed-audio"]
    work.prepare(hear)
    victim = min(work.music.rglob("*.mp3"))
    environment = work.environment() | _faults(shim, victim, "open read", "hang")
    command = [*work.command(hear), "--time-limit", str(_TIME_LIMIT)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        process.wait(_RUN_SECONDS)
        faults = []
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        faults = [f"the run does not end in {_RUN_SECONDS} s"]
    process = subprocess.Popen(work.command(hear), env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(4)
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(_CTRL_C_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        faults.append(f"Ctrl-C does not end it in {_CTRL_C_SECONDS} s")
    yield "a file that never answers", faults


def library_trials(work: Workplace, shim: Path) -> Iterator[Outcome]:
    """The library's own disk fails: a sentence, exit 1, and the library is well afterwards."""
    for name, part, calls, error in _OWN_FILES:
        stage = next(stage for stage in STAGES if stage.name == name)
        work.prepare(stage)
        done = work.run(work.command(stage), **_faults(shim, part, calls, error))
        faults = ["a traceback"] if "Traceback" in done.stderr else []
        if done.returncode != 1:
            faults.append(f"exit {done.returncode}")
        if not done.stderr.strip():
            faults.append("nothing is said")
        again = work.run(work.command(stage))
        if again.returncode not in (0, 3):
            faults.append(f"afterwards exit {again.returncode}: {again.stderr[-200:]!r}")
        if work.cli("check", "--read-data").returncode:
            faults.append("check finds something afterwards")
        said = " ".join(done.stderr.split())[-160:]
        yield f"{error} at the {calls} of {part} by {name}: {said!r}", faults


def _faults(shim: Path, match: Path | str, calls: str, error: str) -> dict[str, str]:
    number = error if error == "hang" else str(getattr(errno, error))
    return {"LD_PRELOAD": str(shim), "FAULT_MATCH": str(match), "FAULT_CALLS": calls, "FAULT_ERRNO": number}


def _vectors(library: Path) -> set[tuple[str, bytes]]:
    with closing(sqlite3.connect(library / "library.db")) as db:
        return set(db.execute("SELECT path, vector FROM current_vectors WHERE space = 'audio'"))


if __name__ == "__main__":
    main()
