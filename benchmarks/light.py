"""The wait for the first vectors: ONNX Runtime beside torch and bliss-audio, whole commands from start to exit.

Each workload is run in turn by `cli embed-audio` as it is, by the same command with torch computing the encoder (as
where a GPU is), and by bliss-audio with as many processes; then `cli similar FILE` of a file outside the library.
Every figure is the median of the repeats; a machine that is shared makes all of them slow, hence the ratios.

Example:
    python benchmarks/light.py --repeats 5
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import workloads
from measuring import CLI, Outcome, run, show

TORCH = """
import sys
from earshot.stages.shared import current_encoder
from earshot.audio.trained_ear import load_trained_ear
import earshot.audio.ear
earshot.audio.ear.load_ear = lambda checkpoint, *_: load_trained_ear(checkpoint).on_device("cpu")
import torch
torch.set_num_threads(1)
sys.argv[0] = "cli"
from earshot.cli import main
main()
"""
BY_TORCH = (sys.executable, "-c", TORCH)
BLISS = (sys.executable, Path(__file__).with_name("bliss.py"))
SIZES = (1, 27, 200)  # three-minute stereo mp3s
Row = dict[str, str | float]


def embed(command: Sequence[Any], folder: Path, processes: int) -> Outcome:
    """Embed a folder into a fresh library."""
    with tempfile.TemporaryDirectory() as library:
        return run([*command, "--library", library, "embed-audio", folder, "--workers", processes, "--json"])


def compared(name: str, n_tracks: int, ways: dict[str, Callable[[], Outcome]], repeats: int) -> Row:
    """Median seconds of each way, in turn, and how many times as long as the first the others take."""
    outcomes: dict[str, list[Outcome]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, work in ways.items():
            outcomes[way].append(work())
    row: Row = {"workload": name}
    wall = {way: statistics.median(outcome.seconds for outcome in outcomes[way]) for way in ways}
    cpu = {way: statistics.median(outcome.cpu_seconds for outcome in outcomes[way]) for way in ways}
    for way in ways:
        row |= {f"{way} s": wall[way], f"{way} CPU s": cpu[way]}
        row |= {f"{way} MiB": statistics.median(outcome.total_mib for outcome in outcomes[way])}
    row |= {f"{way} : onnx": wall[way] / wall["onnx"] for way in ways if way != "onnx"}
    row |= {f"{way} : onnx, CPU": cpu[way] / cpu["onnx"] for way in ways if way != "onnx"}
    return row | {"tracks/h": 3_600 * n_tracks / wall["onnx"]}


def rows(work: Path, processes: int, repeats: int, sizes: Sequence[int]) -> Iterator[Row]:
    """Yield what each workload took, as soon as it is known."""
    for n_files in sizes:
        folder = workloads.songs(work, n_files)
        ways = {
            "onnx": lambda folder=folder: embed(CLI, folder, processes),
            "torch": lambda folder=folder: embed(BY_TORCH, folder, processes),
            "bliss": lambda folder=folder: run([*BLISS, "--processes", processes, folder]),
        }
        yield compared(f"{n_files} songs", n_files, ways, repeats)
    with tempfile.TemporaryDirectory() as library:
        outside = shutil.copy(next(workloads.songs(work, 1).iterdir()), Path(library, "outside.mp3"))
        run([*CLI, "--library", library, "embed-audio", workloads.songs(work, 27)])
        asked = ["--library", library, "similar", outside, "--json"]
        ways = {"onnx": lambda: run([*CLI, *asked]), "torch": lambda: run([*BY_TORCH, *asked])}
        yield compared("similar FILE", 1, ways, repeats)
        (ours, theirs) = (json.loads(way().output) for way in ways.values())
        assert [row["id"] for row in ours] == [row["id"] for row in theirs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="decoding processes of either side")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="songs in a folder")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "earshot-bench"))
    parser.add_argument("--json", action="store_true", help="a line of JSON for each workload")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    for row in rows(arguments.work, arguments.processes, arguments.repeats, arguments.sizes):
        if arguments.json:
            print(json.dumps(row), flush=True)
        else:
            show([row])
            print(flush=True)


if __name__ == "__main__":
    main()
