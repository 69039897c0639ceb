"""Analyse files with bliss-audio in a pool of processes: what embed.py measures Earshot beside.

Example: python benchmarks/bliss.py --processes 2 ~/Music
"""

import argparse
import json
import multiprocessing
import os
from pathlib import Path

import bliss_audio

from earshot.data.files.folder_walk import find_files


def analyse(path: str) -> float | None:
    """The duration in seconds of a file that bliss could analyse, else None."""
    try:
        return bliss_audio.Song(path).duration
    except Exception:  # its only way to say that it cannot
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    found = find_files([str(path) for path in arguments.paths])
    files = [file.path for file in found if not file.exclusion and not file.failure]
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        durations = list(pool.imap_unordered(analyse, files))
        pool.close()
        pool.join()  # so that the processes' CPU time is counted
    analysed = [seconds for seconds in durations if seconds is not None]
    print(json.dumps({"analysed": len(analysed), "found": len(files), "audio_seconds": sum(analysed)}))


if __name__ == "__main__":
    main()
