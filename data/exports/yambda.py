"""Read Yambda's flat Parquet files: events of five kinds, artists and albums of items, audio embeddings.

https://huggingface.co/datasets/yandex/yambda. Users and items are numbers, times are seconds from an
unpublished beginning. Names are the numbers behind ``yambda:``, so that they cannot collide with other exports'.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from earshot.data.events.interactions import KINDS
from earshot.data.files.regular_files import in_time
from earshot.data.listens.event_batch import Batch, codes, valid_events
from earshot.data.listens.event_collector import Items
from earshot.data.listens.listen_reader import OpenedSource, Reader, ReadOptions, together
from earshot.data.tables.parquet_blocks import parquet_blocks, parquet_columns
from earshot.data.tables.text_blocks import Member

_PREFIX = "yambda:"
_KIND_OF_FILE = {f"{kind}s": kind for kind in KINDS}
_MAPS = {"artist": ("artist_id", "item_id"), "album": ("album_id", "item_id")}
_EVENT_COLUMNS = ("uid", "item_id", "timestamp", "event_type", "played_ratio_pct", "track_length_seconds")
_ROWS_AT_ONCE = 4_000_000
_MAX_OWNERS_SECONDS = 120.0  # for a map of ten million items


def role_of(path: Path, columns: Sequence[str]) -> str | None:
    """Tell the role of a file: a kind of events, "multi_event", "artist", "album" (maps), "embeddings", or none."""
    names = set(columns)
    if {"uid", "timestamp", "item_id"} <= names:
        return "multi_event" if "event_type" in names else _KIND_OF_FILE.get(path.stem, "listen")
    if {"item_id", "normalized_embed"} <= names or {"item_id", "embed"} <= names:
        return "embeddings"
    return next((role for role, columns in _MAPS.items() if set(columns) == names), None)


def event_files(roles: Mapping[Path, str]) -> list[tuple[int, Path]]:
    """Select the files to read events from, each with its part; files of one part do not overlap.

    `multi_event` repeats the other files of its folder. Another folder holds the data set in another size.
    """
    complete = {path.parent for path, role in roles.items() if role == "multi_event"}
    files = [
        path for path, role in roles.items()
        if role == "multi_event" or (role in KINDS and path.parent not in complete)
    ]  # fmt: skip
    n_files = Counter(roles[path] for path in files)
    is_one = max(n_files.values(), default=0) <= 1 and (len(n_files) == 1 or "multi_event" not in n_files)
    return [(0 if is_one else number, path) for number, path in enumerate(files)]


def read_yambda(path: Path, role: str, rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[Batch]:
    """Read one file of events; `user` and `title` stay numbers."""
    names = parquet_columns(path)
    kind = codes("kind", pl.col("event_type")) if role == "multi_event" else pl.lit(KINDS.index(role), pl.UInt8)
    columns = {
        "user": pl.col("uid").cast(pl.Int64), "title": pl.col("item_id").cast(pl.Int64),
        "time_s": pl.col("timestamp").cast(pl.Int64), "kind": kind,
    }  # fmt: skip
    if "played_ratio_pct" in names:
        columns["ratio"] = pl.col("played_ratio_pct").cast(pl.Float32) / 100
    if {"played_ratio_pct", "track_length_seconds"} <= names.keys():
        played = pl.col("played_ratio_pct").cast(pl.Float64) * pl.col("track_length_seconds").cast(pl.Float64) * 10
        columns["played_ms"] = played.round().cast(pl.Int32, strict=False)
    used = [name for name in _EVENT_COLUMNS if name in names]
    needed = ("user", "title", "time_s", "kind")
    yield from valid_events(parquet_blocks(path, used, rows_at_once), columns, needed=needed, are_dated=False)


def owners(path: Path, role: str, items: np.ndarray) -> np.ndarray:
    """Look up the artist or album of each item: (n_items,) int64, -1 if the map has none, the lowest of several.

    The rule is fixed so that training and index agree on items with two artists.
    """
    name = _MAPS[role][0]
    first = pl.scan_parquet(path, glob=False).group_by("item_id").agg(pl.col(name).min()).cast(pl.Int64)
    frame = pl.LazyFrame({"item_id": items.astype(np.int64)})
    joined = frame.join(first, on="item_id", how="left", maintain_order="left")
    owned = in_time(lambda: joined.collect(engine="streaming"), path, _MAX_OWNERS_SECONDS)
    return owned[name].fill_null(-1).to_numpy()


def with_owners(items: Items, numbers: np.ndarray, roles: Mapping[Path, str]) -> Items:
    """Add artists and albums to items, from the maps among the files.

    Parameters
    ----------
    numbers : (n_items,) int64, the ids in the data set
    """
    owner_names: dict[str, Any] = {}
    for path, role in roles.items():
        if role in _MAPS:
            names = [
                f"{_PREFIX}{role}:{owner}" if owner >= 0 else None for owner in owners(path, role, numbers).tolist()
            ]
            owner_names[f"{role}s"] = names
    return replace(items, **owner_names, title_is_key=True) if "artists" in owner_names else items


def embeddings(path: Path, items: np.ndarray, rows_at_once: int = 200_000) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield items and their unit vectors, float32, block by block, of the given items only."""
    column = "normalized_embed" if "normalized_embed" in parquet_columns(path) else "embed"
    item_ids = pl.Series(items.astype(np.int64))
    for block in parquet_blocks(path, ["item_id", column], rows_at_once):
        block = block.with_columns(pl.col("item_id").cast(pl.Int64))
        block = block.filter(pl.col("item_id").is_in(item_ids.implode()) & pl.col(column).is_not_null())
        if len(block):
            vectors = block[column].explode().to_numpy().reshape(len(block), -1).astype(np.float32)  # (n, dim)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            mask = lengths[:, 0] > 0  # false for NaN
            yield block["item_id"].to_numpy()[mask], vectors[mask] / lengths[mask]


def _open(members: Sequence[Member], _: ReadOptions) -> OpenedSource:
    roles = {
        member.path: role for member in members if (role := role_of(member.path, list(parquet_columns(member.path))))
    }
    batches = (
        replace(batch, part=part)
        for part, path in event_files(roles)
        for batch in read_yambda(path, roles[path])
    )  # fmt: skip
    vector_files = tuple(path for path, role in roles.items() if role == "embeddings")
    return OpenedSource(batches, prefix=_PREFIX, describe=partial(with_owners, roles=roles), vector_files=vector_files)


YAMBDA = Reader(
    "yambda", lambda head: role_of(head.member.path, head.columns) is not None, _open, together, names_users=True
)
