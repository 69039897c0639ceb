"""The event log as memory-mapped arrays, which training reads without holding them in memory."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl

from earshot.data.events.event_log import LogError, events_per_user, read_log, read_users
from earshot.data.events.external_sort import EVENTS_AT_ONCE, user_ranges
from earshot.data.events.interactions import Interactions
from earshot.data.files.array_files import read_ids
from earshot.data.files.atomic import atomic_folder
from earshot.data.files.regular_files import require_regular
from earshot.data.ids import IdMap

_DTYPES = {  # one file for each array of `Interactions`
    "user_rows": np.int32,
    "track_rows": np.int32,
    "times": np.int64,
    "weights": np.float32,
    "kinds": np.uint8,
    "splits": np.uint8,
}
_COUNTS_FILE = "arrays.json"
ARRAY_FORMAT = 4  # arrays of another version are built anew
LISTEN_MS = 30_000  # streaming services count a play from this length on


def build_arrays(
    folder: Path,
    files: Sequence[Path],
    level: str,
    links: Mapping[int, int] | None = None,
    songs: Mapping[int, int] | None = None,
    events_at_once: int = EVENTS_AT_ONCE,
) -> None:
    """Write a folder of arrays from files of events, whole or not at all.

    An event that several files hold (`data.events.repeats`) is written once. Its weight is its plays times
    the share of the track that was played, if that is known; else times the share of half a minute, if the time played
    is known. An unknown time is written as 0, an unknown split as train.

    Parameters
    ----------
    links : ids of items, and of the items that stand for them
    songs : of `data.events.event_log.read_users`
    events_at_once : the most that are held in memory
    """
    log = [read_log(path, level, links) for path in files]
    users = events_per_user(log)
    items = pl.concat([frame.select("item_id") for frame in log]).unique().sort("item_id").collect(engine="streaming")
    for name, ids in (("user_id", users["user_id"]), ("item_id", items["item_id"])):
        if ids.null_count() or not ids.dtype.is_integer() or (len(ids) and int(ids.to_numpy().min()) < 1):
            raise LogError(f"a file of listens holds a {name} that is none")
    user_ids, item_ids = users["user_id"].to_numpy(), items["item_id"].to_numpy()
    with atomic_folder(folder) as temporary:
        counts = {"n_events": 0, "n_kinds": 0, "n_splits": 0}
        with ExitStack() as stack:
            arrays = {name: stack.enter_context((temporary / name).open("wb")) for name in _DTYPES}
            for low, high in user_ranges(users["len"].to_numpy(), events_at_once):
                # Equal times keep the order of the files: any other would look like a habit.
                block = read_users(log, int(user_ids[low]), int(user_ids[high - 1]), songs=songs)
                block = block.sort("user_id", "time_s", maintain_order=True)
                for name, values in _columns(block, user_ids, item_ids):
                    values.tofile(arrays[name])
                counts["n_events"] += len(block)
                counts["n_kinds"] += int((block["kind"] > 0).sum())
                counts["n_splits"] += int(block["split"].count())
        np.save(temporary / "user_ids.npy", user_ids.astype(np.int64))
        np.save(temporary / "item_ids.npy", item_ids.astype(np.int64))
        (temporary / _COUNTS_FILE).write_text(json.dumps(counts))


def read_user(
    files: Sequence[Path],
    level: str,
    user_id: int,
    links: Mapping[int, int] | None = None,
    songs: Mapping[int, int] | None = None,
    kinds: Collection[int] | None = None,
) -> dict[str, np.ndarray]:
    """Read the events of one user from files of events, as `build_arrays` writes them, without the arrays of others.

    Parameters
    ----------
    kinds : of the events to read; None for all
        Repeats are looked for within a kind, which takes most of the time for a long history of plays.

    Returns
    -------
    item_ids, times, weights, kinds : shape (n_events,) each, by time
    """
    if not files:
        none = np.empty(0, dtype=np.int64)
        return {"item_ids": none, "times": none, "weights": none.astype(np.float32), "kinds": none.astype(np.uint8)}
    log = [read_log(path, level, links) for path in files]
    if kinds is not None:
        log = [frame.filter(pl.col("kind").is_in(list(kinds))) for frame in log]
    block = read_users(log, user_id, user_id, songs=songs)
    block = block.sort("time_s", maintain_order=True)
    return {"item_ids": block["item_id"].to_numpy().astype(np.int64)} | {
        name: values for name, values in _facts(block) if name != "splits"
    }


def open_arrays(folder: Path) -> tuple[Interactions, IdMap, IdMap]:
    """Open a folder of arrays, memory-mapped, with the ids of its user rows and item rows.

    Raises
    ------
    ValueError
        They are not as `build_arrays` writes them.
    OSError
        They cannot be read.
    """
    for name in (_COUNTS_FILE, *_DTYPES):
        require_regular(folder / name)
    counts = json.loads((folder / _COUNTS_FILE).read_text())
    if not isinstance(counts, dict) or not {"n_kinds", "n_splits"} <= counts.keys():
        raise ValueError(f"{folder / _COUNTS_FILE} does not say how many kinds and splits there are")
    users, items = IdMap(read_ids(folder / "user_ids.npy")), IdMap(read_ids(folder / "item_ids.npy"))
    arrays = {name: np.memmap(folder / name, dtype=dtype, mode="r") for name, dtype in _DTYPES.items()}
    absent = [name for name in ("kinds", "splits") if not counts[f"n_{name}"]]
    listens = Interactions(**(arrays | dict.fromkeys(absent)), n_users=len(users), n_tracks=len(items))  # type: ignore[arg-type]
    return listens, users, items


def _columns(block: pl.DataFrame, user_ids: np.ndarray, item_ids: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "user_rows", np.searchsorted(user_ids, block["user_id"].to_numpy()).astype(np.int32)
    yield "track_rows", np.searchsorted(item_ids, block["item_id"].to_numpy()).astype(np.int32)
    yield from _facts(block)


def _facts(block: pl.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    ratio = pl.col("ratio").fill_nan(None)  # early imports let NaN into the log
    columns = block.select(
        weights=pl.col("plays")
        * pl.coalesce(ratio.clip(0, 1), (pl.col("played_ms") / LISTEN_MS).clip(0, 1), pl.lit(1.0)),
        times=pl.col("time_s").fill_null(0),
        kinds=pl.col("kind"),
        splits=pl.col("split").fill_null(0),
    )
    for name in columns.columns:
        yield name, columns[name].to_numpy().astype(_DTYPES[name])
