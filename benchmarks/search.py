"""Queries a second, recall and size of every index type; what a library costs over bare FAISS; whole commands.

Examples:
    python benchmarks/search.py
    python benchmarks/search.py --sizes 1000000 --types flat hnsw
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import faiss
import numpy as np

import workloads
from catalog import clustered_vectors, fill_library
from earshot.index.library import Library
from earshot.index.search.excerpts import ExcerptVectors
from earshot.index.search.similarity_search import SearchFilters, Seed, similar
from earshot.index.vectors.ann import TARGET_RECALL, TYPES, exact_nearest, n_candidates, recall_at_k
from earshot.index.vectors.faiss_file import build_index, open_index
from earshot.index.vectors.spaces import AUDIO
from measuring import CLI, run, show

Row = dict[str, str | float]

BATCH = 256  # queries at once
_QUERIES = 1_024
_SECONDS = 2.0  # spent on each figure
COMMAND_SIZE = 100_000  # tracks in the library that whole commands are timed on
KNOWN_LIMIT, OUTSIDE_LIMIT = 0.7, 3.0  # seconds for a track of the library, and for a file outside it
_NO_EXCERPTS = ExcerptVectors(np.empty((0, 0), dtype=np.float32), [])


def timings(task: Callable[[int], object], seconds: float = _SECONDS) -> np.ndarray:
    """Seconds that each call took, after one that does not count; calls are numbered from 0."""
    task(0)
    taken: list[float] = []
    while sum(taken) < seconds:
        began = perf_counter()
        task(len(taken))
        taken.append(perf_counter() - began)
    return np.array(taken)


def measure_index(library: Library, type: str, vectors: np.ndarray) -> Row:
    """Build one index over a library, ask it directly, and ask the library."""
    began = perf_counter()
    state = build_index(library, AUDIO, type)
    build_seconds = perf_counter() - began
    assert state is not None
    rows = np.random.default_rng(7).permutation(len(vectors))[:_QUERIES]
    queries = vectors[rows]
    bare = faiss.read_index(str(state.path))
    truth = exact_nearest(vectors, queries, 11) + 1  # ids count from 1
    bare_recall = recall_at_k(bare.search(queries, 11)[1], truth)
    recall = recall_at_k(bare.search(queries, n_candidates(10))[1], truth)
    batched = timings(lambda call: bare.search(queries[BATCH * call % _QUERIES :][:BATCH], 10))
    with _one_thread():
        single = timings(lambda call: bare.search(queries[call % _QUERIES, None], 10))
    opened = timings(lambda call: open_index(library, AUDIO))

    def ask_library(call: int) -> None:
        row = int(rows[call % _QUERIES])
        similar(library, AUDIO, [Seed("", vectors[row], _NO_EXCERPTS, 1.0, id=row + 1)], [], SearchFilters(k=10))

    def ask_in_vain(call: int) -> None:
        row = int(rows[call % _QUERIES])
        seed = Seed("", vectors[row], _NO_EXCERPTS, 1.0, id=row + 1)
        assert not similar(library, AUDIO, [seed], [], SearchFilters(genre="a genre of no track")).matches

    asked, in_vain = timings(ask_library), timings(ask_in_vain)
    p50 = float(np.median(single))
    return {
        "index": f"{len(vectors):,} {type}",
        "build s": build_seconds,
        "MiB": state.path.stat().st_size / 2**20,
        "recall@10": f"{recall:.4f}",
        "bare recall@10": f"{bare_recall:.4f}",
        "q/s single": 1 / float(single.mean()),
        f"q/s batch {BATCH}": BATCH / float(batched.mean()),
        "p50 ms": 1e3 * p50,
        "p95 ms": 1e3 * float(np.quantile(single, 0.95)),
        "open ms": 1e3 * float(np.median(opened)),
        "similar() ms": 1e3 * float(np.median(asked)),
        "in vain ms": 1e3 * float(np.median(in_vain)),
        "rules ms": 1e3 * float(np.median(asked) - np.median(opened) - p50),
        "x bare": float(np.median(asked)) / p50,
        "settings": ", ".join(f"{name} {value:g}" for name, value in state.settings.items()),
    }


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS gives one query to one thread; the others would only meet at the barrier, late on a busy machine."""
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(n_threads)


def index_rows(sizes: list[int], types: list[str]) -> Iterator[Row]:
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            vectors = clustered_vectors(n)
            fill_library(Path(folder), vectors)
            with Library.open_to_write(Path(folder)) as library:
                for type in types:
                    yield measure_index(library, type, vectors)


def command_rows(work: Path, repeats: int = 7) -> Iterator[Row]:
    """Whole commands, beside the least that a Python process which searches with FAISS can take."""
    library = work / "library"
    fill_library(library, clustered_vectors(COMMAND_SIZE), excerpts=6)
    with Library.open_to_write(library) as opened:
        state = build_index(opened, AUDIO)
        assert state is not None
    outside = next(workloads.songs(work, 1).iterdir())
    floor = f"import faiss, numpy; faiss.read_index({str(state.path)!r}).search(numpy.ones((1, 128), 'f4'), 10)"
    commands: dict[str, tuple[Sequence[object], float | None]] = {
        "python, FAISS and the index alone": ([sys.executable, "-c", floor], None),
        "cli similar ID": ([*CLI, "--library", library, "similar", "4711"], KNOWN_LIMIT),
        "cli similar FILE": ([*CLI, "--library", library, "similar", outside], OUTSIDE_LIMIT),
    }
    least = 0.0
    for name, (command, limit) in commands.items():
        outcomes = [run(command) for _ in range(repeats + 1)][1:]  # the first warms the disk's cache
        seconds = statistics.median(outcome.seconds for outcome in outcomes)
        least = least or seconds
        yield {
            "command": name,
            "seconds": seconds,
            "CPU s": statistics.median(outcome.cpu_seconds for outcome in outcomes),
            "ratio": seconds / least,
            "limit": "" if limit is None else f"{limit:g} s, {'kept' if seconds < limit else 'BROKEN'}",
            "imports torch": "yes" if _imports_torch(command) else "no",
        }


def _imports_torch(command: Sequence[object]) -> bool:
    python, *rest = map(str, command)
    result = subprocess.run([python, "-X", "importtime", *rest], capture_output=True, text=True, check=True)
    return any(line.rpartition("|")[2].strip() == "torch" for line in result.stderr.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="vectors")
    parser.add_argument("--types", nargs="*", default=list(TYPES), choices=TYPES)
    parser.add_argument("--no-commands", action="store_true", help="leave out the timing of whole commands")
    arguments = parser.parse_args()
    if not arguments.no_commands:
        with tempfile.TemporaryDirectory() as work:
            print(f"Whole commands on {COMMAND_SIZE:,} tracks, medians of 7\n")
            show(list(command_rows(Path(work))))
    print(f"\nIndexes of 128 dimensions, tuned to recall@10 {TARGET_RECALL}; {faiss.omp_get_max_threads()} threads")
    print("recall@10 is the library's, which orders an index's candidates by their exact cosines; bare is FAISS's own")
    print("similar() opens and verifies the file for every answer, fetches rows and applies the rules")
    print("in vain: the same with a wish for a genre that no track has\n")
    show(list(index_rows(arguments.sizes, arguments.types)))


if __name__ == "__main__":
    main()
