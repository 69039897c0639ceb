"""How long `cli embed-audio` takes to see that nothing is new, beside a walk that only asks for each file's status.

Example: python benchmarks/rescan.py --files 100000
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from catalog import DIM, clustered_vectors, fill_library, make_files
from earshot.index.library import Library
from earshot.index.vectors.faiss_file import build_index
from earshot.index.vectors.spaces import AUDIO
from measuring import CLI, run, show

LIMIT = 5.0  # seconds for 100,000 known files


def statuses(folder: str) -> Iterator[os.stat_result]:
    """The least that any rescan must do: list every folder and ask for every file's size and time."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from statuses(entry.path)
            else:
                yield entry.stat()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5, help="rescans; the median counts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        music, library = Path(work, "music"), Path(work, "library")
        files = make_files(music, arguments.files)
        fill_library(library, clustered_vectors(arguments.files), files)
        with Library.open_to_write(library) as opened:
            build_index(opened, AUDIO)
        walks, scans = [], []
        for _ in range(arguments.repeats):
            began = perf_counter()
            n_seen = sum(1 for _ in statuses(str(music)))
            walks.append(perf_counter() - began)
            outcome = run([*CLI, "--library", library, "embed-audio", music, "--json"])
            scans.append(outcome.seconds)
            assert n_seen == json.loads(outcome.output)["reused"] == arguments.files, outcome.output
    walk, scan = statistics.median(walks), statistics.median(scans)
    print(f"{arguments.files:,} known files, {DIM}-dimensional vectors, medians of {arguments.repeats}\n")
    show(
        [
            {"what": "os.scandir and stat alone", "seconds": walk, "ratio": 1.0},
            {"what": "whole cli embed-audio", "seconds": scan, "ratio": scan / walk},
        ]
    )
    allowed = LIMIT * arguments.files / 100_000
    print(f"\n{'within' if scan < allowed else 'BEYOND'} the {allowed:g} s allowed; peak {outcome.parent_mib:.0f} MiB")


if __name__ == "__main__":
    main()
