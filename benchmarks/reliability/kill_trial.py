"""Kill every writing command at random moments; the same command, typed again, must end as if nothing had been.

    python benchmarks/reliability/kill_trial.py --kills 100 --seed 1

A trial copies the library from before a command, kills the command once or several times in a row at moments drawn
uniformly from its usual duration, runs it to its end, runs `cli check --read-data`, and compares every table, vector,
event and file with those of an undisturbed run. Left-over files and processes are faults too. Every tenth trial presses
Ctrl-C instead, every eleventh sends SIGTERM.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from library_contents import Row, differences, library_contents
from tqdm import tqdm
from writing_commands import STAGES, Stage, Workplace, undisturbed_workplace

_ORPHAN_SECONDS = 6.0  # a worker looks after its parent once a second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="trials, spread over all commands")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="names of commands, separated by semicolons")
    parser.add_argument("--folder", type=Path, help="where to work; kept, so that a second call begins at once")
    arguments = parser.parse_args()
    with undisturbed_workplace(arguments.folder) as (work, seconds):
        stages = [stage for stage in STAGES if not arguments.only or stage.name in arguments.only.split(";")]
        n_survived = run_trials(work, stages, seconds, arguments.kills, arguments.seed)
    print(f"{n_survived} of {arguments.kills} survived")
    sys.exit(n_survived != arguments.kills)


def run_trials(work: Workplace, stages: list[Stage], seconds: dict[str, float], n_trials: int, seed: int) -> int:
    """Run all trials and print every fault; the number of those without one."""
    rng, n_survived, struck = random.Random(seed), 0, Counter[str]()
    for number in tqdm(range(n_trials), unit=" trials"):
        stage = stages[number % len(stages)]
        how = signal.SIGINT if number % 10 == 9 else signal.SIGTERM if number % 11 == 10 else signal.SIGKILL
        work.prepare(stage)
        moments = [rng.uniform(0.05, 1.05 * seconds[stage.name]) for _ in range(rng.choice([1, 1, 2, 3]))]
        faults = [fault for moment in moments for fault in strike(work, stage, how, moment, struck)]
        faults += recovery_faults(work, stage)
        n_survived += not faults
        if faults:
            _keep(work, number, stage)
            head = f"LOST {stage.name}, {how.name} at {[round(moment, 2) for moment in moments]} s"
            tqdm.write("\n     ".join([head, *faults]))
    print(", ".join(f"{count} {what}" for what, count in sorted(struck.items())))
    return n_survived


def strike(work: Workplace, stage: Stage, how: signal.Signals, moment: float, struck: Counter[str]) -> list[str]:
    """Start a command and send it a signal after so many seconds; what it should not have done."""
    process = subprocess.Popen(
        work.command(stage),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=work.environment() | {"EARSHOT_TRIAL": work.folder.name},
        start_new_session=True,
    )
    time.sleep(moment)
    if process.poll() is not None:
        process.communicate()
        struck["had ended before"] += 1
        return []
    sent = time.monotonic()
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
    else:
        process.send_signal(how)
    _, stderr = process.communicate(timeout=60)
    struck[how.name] += 1
    faults = [f"{how.name}: a traceback: {stderr[-300:]!r}"] if "Traceback" in stderr else []
    if how != signal.SIGKILL and (waited := time.monotonic() - sent) > 2:
        faults.append(f"{how.name}: still there after {waited:.1f} s")
    if how == signal.SIGINT and process.returncode not in (0, 3, 130, -signal.SIGINT):  # the last before Python runs
        faults.append(f"SIGINT: exit {process.returncode}")
    return faults


def recovery_faults(work: Workplace, stage: Stage) -> list[str]:
    """Run the command again, unless it was done before it ended; what is not as if nothing had happened."""
    orphans = _orphans(work)
    faults = [f"orphans: {orphans}"] if orphans else []
    expected = library_contents(work.snapshot(stage, "after"))
    if not _is_done(work, expected):
        done = work.run(work.command(stage))
        is_gone = "There is no import" in done.stderr or "no folder of this library" in done.stderr
        if done.returncode not in (0, 3) and not is_gone:  # it was forgotten, and only the index was left to be made
            faults.append(f"again: exit {done.returncode}: {done.stderr[-400:]!r}")
    check = work.cli("check", "--read-data")
    if check.returncode and not stage.files_away:
        faults.append(f"check: {check.stdout[:400]}{check.stderr[-300:]}")
    return faults + list(differences(expected, library_contents(work.library)))


def _is_done(work: Workplace, expected: Mapping[str, list[Row]]) -> bool:
    """Whether all was done when the command was struck; a copy is looked at, as a look may roll a journal back."""
    copy = work.folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    if not (work.library / "library.db").exists():
        return False
    shutil.copytree(work.library, copy)
    try:
        return not list(differences(expected, library_contents(copy)))
    except sqlite3.Error:
        return False


def _orphans(work: Workplace) -> list[int]:
    mark, found = f"EARSHOT_TRIAL={work.folder.name}".encode(), [0]
    until = time.monotonic() + _ORPHAN_SECONDS
    while found and time.monotonic() < until:
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        time.sleep(0.1 if found else 0)
    return found


def _keep(work: Workplace, number: int, stage: Stage) -> None:
    target = work.folder / "lost" / f"{number:03}-{STAGES.index(stage):02}"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(work.library, target)


if __name__ == "__main__":
    main()
