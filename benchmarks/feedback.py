"""The cost of telling one play to a library of a million listens, and of reading a listener's history with it.

Examples:
    python benchmarks/feedback.py
    python benchmarks/feedback.py --events 100000 --plays 5000
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from earshot.data.events.feedback_events import FeedbackEvent
from earshot.index.library import Library
from earshot.index.listens.feedback_log import add_feedback
from earshot.index.listens.stored_interactions import find_user, read_history, read_interactions
from earshot.stages.imports.import_listens import import_listens
from earshot.stages.playing.feedback import record_play

N_USERS, N_ARTISTS, TITLES = 50, 2_000, 50
BEGIN, SONG_S = 1_735_700_000, 200  # early in 2025, and the seconds from play to play


def write_listens(path: Path, n_events: int) -> None:
    """Write a table of invented listens, all before `BEGIN`."""
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, n, n_events) for n in (N_USERS, N_ARTISTS, TITLES, BEGIN - 1_500_000_000)]
    rows = (f"u{u},A{a},T{t},{1_500_000_000 + s}\n" for u, a, t, s in zip(*columns, strict=True))
    path.write_text("user,artist,track,timestamp\n" + "".join(rows))


def milliseconds(work: Callable[[int], object], times: int) -> str:
    """The median and the slowest twentieth of some runs, and the median of the CPU's share, in ms."""
    taken, of_cpu = [], []
    for number in range(times):
        began, cpu_began = perf_counter(), process_time()
        work(number)
        taken.append(1_000 * (perf_counter() - began))
        of_cpu.append(1_000 * (process_time() - cpu_began))
    return "{:.1f} ms, p95 {:.1f} ms, CPU {:.1f} ms".format(*np.percentile(taken, [50, 95]), np.median(of_cpu))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="imported listens")
    parser.add_argument("--plays", type=int, default=2_000, help="plays of the listener in the year")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "library"
        write_listens(Path(temporary) / "listens.csv", arguments.events)
        with Library.open_to_write(folder) as library:
            list(import_listens(library, Path(temporary) / "listens.csv"))
            user_id, n_tracks = find_user(library, "u1"), library.value("SELECT count(*) FROM tracks")

        def told(number: int) -> None:
            with Library.open_to_write(folder) as library:
                record_play(library, "u1", 1 + number % n_tracks, BEGIN + SONG_S * number, 180.0)

        print(f"a play among {arguments.events:,} listens, few in the year: {milliseconds(told, 50)}")
        years = [FeedbackEvent(1 + n % n_tracks, BEGIN + SONG_S * n, 0, 180_000) for n in range(50, arguments.plays)]
        with Library.open_to_write(folder) as library, library.transaction():
            add_feedback(library, user_id, *years)
        later = milliseconds(lambda n: told(arguments.plays + n), 50)
        print(f"a play with {arguments.plays:,} in the year: {later}")
        with Library.open(folder) as library:
            print(f"the history of one listener: {milliseconds(lambda _: read_history(library, user_id), 20)}")
            began = perf_counter()
            print(f"all listens anew: {read_interactions(library).interactions}, {perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
