"""Tracks an hour of `cli embed-audio` beside bliss-audio, and memory against a track's length.

Every figure is of a whole command in a process of its own, from its start to its exit, on a fresh library. Both
sides get the same files and the same number of decoding processes; Earshot's encoder runs in its parent process
beside them, so CPU seconds are given too. bliss-audio keeps its results in memory, Earshot writes a library.

Examples:
    python benchmarks/embed.py
    EARSHOT_DATA=~/data python benchmarks/embed.py --files 1000 --work ~/.cache/earshot-bench
"""

import argparse
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import workloads
from measuring import CLI, Outcome, run, show

Row = dict[str, str | float]

LENGTHS = (180.0, 3_600.0, 36_000.0)  # seconds: a song, a concert, a very long mix
SOME_FAILED = 3  # `cli embed-audio` ends with it when a file could not be heard


def embed(folder: Path, processes: int) -> tuple[Outcome, dict[str, Any]]:
    """Run `cli embed-audio` on a fresh library; what it cost, and what it found and spent where."""
    with tempfile.TemporaryDirectory() as library:
        command = [*CLI, "--library", library, "embed-audio", folder, "--workers", processes, "--json"]
        outcome = run(command, allowed=(0, SOME_FAILED))
        facts = json.loads(outcome.output)
        with sqlite3.connect(Path(library, "library.db")) as db:
            (facts["audio_seconds"],) = db.execute("SELECT sum(duration_s) FROM tracks").fetchone()
    return outcome, facts


def speed(name: str, folder: Path, processes: int) -> Row:
    """One workload, heard by both sides in turn."""
    ours, facts = embed(folder, processes)
    theirs = run([sys.executable, Path(__file__).with_name("bliss.py"), "--processes", processes, folder])
    n_tracks, n_analysed = facts["embedded"], json.loads(theirs.output)["analysed"]
    rate, bliss_rate = 3_600 * n_tracks / ours.seconds, 3_600 * n_analysed / theirs.seconds
    return {
        "workload": name,
        "tracks": n_tracks,
        "tracks/h": rate,
        "x real time": facts["audio_seconds"] / ours.seconds,
        "bliss tracks": n_analysed,
        "bliss tracks/h": bliss_rate,
        "ratio": rate / bliss_rate,
        "seconds": ours.seconds,
        "CPU s": ours.cpu_seconds,
        "bliss CPU s": theirs.cpu_seconds,
        **{f"{phase} s": seconds for phase, seconds in facts["cpu_seconds"].items()},
        "MiB": ours.total_mib,
        "bliss MiB": theirs.total_mib,
    }


def memory(work: Path, seconds: float, processes: int) -> Row:
    """One track of a given length, alone in a library."""
    folder = workloads.long_track(work, seconds)
    outcome, _ = embed(folder, processes)
    return {
        "track": f"{seconds / 3_600:g} h" if seconds >= 3_600 else f"{seconds / 60:g} min",
        "file MiB": sum(path.stat().st_size for path in folder.iterdir()) / 2**20,
        "seconds": outcome.seconds,
        "CPU s": outcome.cpu_seconds,
        "parent MiB": outcome.parent_mib,
        "largest worker MiB": outcome.child_mib,
        "all processes MiB": outcome.total_mib,
    }


def speeds(work: Path, n_files: int, processes: int) -> Iterator[Row]:
    real_clips = "real" if workloads.DATA else "made"
    yield speed("3 min stereo mp3", workloads.songs(work, n_files), processes)
    yield speed(f"30 s clips, {real_clips}", workloads.clips(work, n_files), processes)
    if full_tracks := workloads.full_tracks():
        yield speed("real tracks, any length and format", full_tracks, processes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200, help="tracks in a workload that is made here [200]")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="decoding processes of either side")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "earshot-bench"))
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    report = {
        "speed": list(speeds(arguments.work, arguments.files, arguments.processes)),
        "memory": [memory(arguments.work, seconds, arguments.processes) for seconds in LENGTHS],
    }
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{arguments.processes} decoding processes on {os.cpu_count()} cores, whole commands\n")
    show(report["speed"])
    print("\nOne mp3 in a run of its own: peaks of resident memory\n")
    show(report["memory"])


if __name__ == "__main__":
    main()
