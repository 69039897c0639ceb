"""Importing listens: a Last.fm 1K and a Yambda of any size, invented, and the arrays that training reads.

Each command runs in a process of its own. The first is set beside a plain polars script that does less: it reads the
same file whole, numbers users, tracks and artists by their sorted names, and writes what remains, without a library.

Examples:
    python benchmarks/import_listens.py
    python benchmarks/import_listens.py --rows 19100000 --events 50000000
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from measuring import CLI, run, show

LASTFM = (992, 19_098_862, 1_500_000)  # users, rows and tracks of the published set
YAMBDA = (10_000, 46_467_212, 877_168)
_BLOCK = 1_000_000  # rows that are made at a time
PLAIN = """
import sys
import polars as pl
rows = pl.scan_csv(sys.argv[1], separator="\\t", has_header=False, quote_char=None, ignore_errors=True,
                   new_columns=["user", "time", "artist_mbid", "artist", "track_mbid", "track"])
rows = rows.drop_nulls(["user", "artist", "track", "time"]).with_columns(
    time=pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False),
    track=pl.col("artist") + " - " + pl.col("track")).collect(engine="streaming")
for name in ("user", "track", "artist"):
    names = rows.select(pl.col(name).unique().sort()).with_row_index(f"{name}_row")
    rows = rows.join(names, on=name, how="left")
rows.select("user_row", "track_row", "artist_row", "time").sort("time").write_parquet(sys.argv[2])
"""
ARRAYS = """
import sys
from pathlib import Path
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import read_interactions
with Library.open(Path(sys.argv[1])) as library:
    print(read_interactions(library).interactions)
"""


def scaled(published: tuple[int, int, int], n_rows: int) -> tuple[int, int]:
    """As many users and tracks as the published set would have with so many rows."""
    users, rows, tracks = published
    return max(1, users * n_rows // rows) if published is YAMBDA else users, max(100, tracks * n_rows // rows)


def write_lastfm(path: Path, n_rows: int) -> None:
    """The columns of the published file, a few tracks played far more often than most."""
    n_users, n_tracks = scaled(LASTFM, n_rows)
    n_artists = max(10, n_tracks // 9)
    rng = np.random.default_rng(7)
    share = np.cumsum((1 + np.arange(n_tracks)) ** -0.8)
    with path.open("wb") as file:
        for start in range(0, n_rows, _BLOCK):
            n = min(_BLOCK, n_rows - start)
            tracks = np.searchsorted(share, rng.random(n) * share[-1])
            table = pl.DataFrame(
                {
                    "user": (start + np.arange(n)) * n_users // n_rows,
                    "time": rng.integers(1_110_000_000, 1_240_000_000, n),
                    "track": tracks,
                    "artist": tracks % n_artists,
                }
            )
            table.select(
                pl.format("user_{}", pl.col("user").cast(pl.String).str.zfill(6)),
                pl.from_epoch("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
                _mbid("artist").alias("artist_mbid"),
                pl.format("Artist number {}", "artist").alias("artist"),
                pl.when(pl.col("track") % 8 > 0).then(_mbid("track")).otherwise(pl.lit("")).alias("track_mbid"),
                pl.format("The Song Called {} (Live)", "track").alias("track"),
            ).write_csv(file, separator="\t", include_header=False, quote_style="never")


def _mbid(name: str) -> pl.Expr:
    digits = [pl.col(name).hash(seed).cast(pl.String).str.zfill(20) for seed in (1, 2)]
    return pl.format("{}-1234-4abc-9def-{}", digits[0].str.slice(8, 8), digits[1].str.slice(8, 12))


def write_yambda(folder: Path, n_events: int) -> None:
    """`listens.parquet`, by user and time as published."""
    n_users, n_items = scaled(YAMBDA, n_events)
    schema = dict.fromkeys(("uid", "timestamp", "item_id", "track_length_seconds"), pl.UInt32)
    schema |= {"is_organic": pl.UInt8, "played_ratio_pct": pl.UInt16}

    def blocks(*_: object) -> Iterator[pl.DataFrame]:
        rng = np.random.default_rng(7)
        for start in range(0, n_events, _BLOCK):
            n = min(_BLOCK, n_events - start)
            columns = {
                "uid": 100 * ((start + np.arange(n)) * n_users // n_events),
                "timestamp": 5 * np.sort(rng.integers(0, 5_200_000, n)),
                "item_id": 3 * (n_items * rng.random(n) ** 3).astype(np.int64),
                "track_length_seconds": rng.integers(30, 400, n),
                "is_organic": rng.integers(0, 2, n),
                "played_ratio_pct": rng.integers(0, 101, n),
            }
            yield pl.DataFrame(columns).cast(schema)

    folder.mkdir(parents=True)
    register_io_source(blocks, schema=schema).sink_parquet(folder / "listens.parquet", row_group_size=_BLOCK)


def rows_of(folder: Path, n_rows: int, n_events: int) -> Iterator[dict[str, str | float]]:
    """What each command took."""
    lastfm, yambda = folder / "lastfm.tsv", folder / "yambda"
    write_lastfm(lastfm, n_rows)
    library, other = folder / "library", folder / "other"
    yield _measured("polars, whole file", n_rows, sys.executable, "-c", PLAIN, lastfm, folder / "plain.parquet")
    yield _measured("import-listens lastfm-1k", n_rows, *CLI, "--library", library, "import-listens", lastfm)
    yield _measured("the same again", n_rows, *CLI, "--library", library, "import-listens", lastfm)
    yield _measured("arrays of it", n_rows, sys.executable, "-c", ARRAYS, library)
    lastfm.unlink()
    write_yambda(yambda, n_events)
    yield _measured("import-listens yambda", n_events, *CLI, "--library", other, "import-listens", yambda)
    yield _measured("arrays of it", n_events, sys.executable, "-c", ARRAYS, other)


def _measured(what: str, n_rows: int, *command: object) -> dict[str, str | float]:
    outcome = run(command)
    return {
        "command": what, "rows": n_rows, "seconds": outcome.seconds, "CPU s": outcome.cpu_seconds,
        "rows a second": n_rows / outcome.seconds, "peak MiB": outcome.parent_mib,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the Last.fm table")
    parser.add_argument("--events", type=int, default=4_000_000, help="of Yambda")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(list(rows_of(Path(folder), arguments.rows, arguments.events)))


if __name__ == "__main__":
    main()
