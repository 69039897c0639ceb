"""Yambda, flat Parquet as published: events of five kinds, who made an item, and its audio embeddings.

https://huggingface.co/datasets/yandex/yambda. Users and items are numbers, times are seconds from a beginning that is
not told. Every name is the number behind ``yambda:``, so that it never means somebody else.
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
from earshot.data.files.time_limits import in_time
from earshot.data.listens.event_batch import Batch, kind_codes, numbered, valid_events
from earshot.data.listens.event_collector import Items
from earshot.data.listens.listen_reader import OpenedSource, Reader, ReadOptions, together
from earshot.data.tables.parquet_blocks import parquet_blocks, parquet_columns
from earshot.data.tables.text_blocks import Member

_PREFIX = "yambda:"
_KIND_OF_FILE = {f"{kind}s": kind for kind in KINDS}
_MAPS = {"artist": ("artist_id", "item_id"), "album": ("album_id", "item_id")}
_ROWS_AT_ONCE = 4_000_000
_OWNERS_SECONDS = 120.0  # for a map of ten million items


def role_of(path: Path, columns: Sequence[str]) -> str | None:
    """What a file of the data set is: a kind of events, "multi_event", "artist", "album", "embeddings", or none."""
    have = set(columns)
    if {"uid", "timestamp", "item_id"} <= have:
        return "multi_event" if "event_type" in have else _KIND_OF_FILE.get(path.stem, "listen")
    if {"item_id", "normalized_embed"} <= have or {"item_id", "embed"} <= have:
        return "embeddings"
    return next((role for role, names in _MAPS.items() if set(names) == have), None)


def event_files(roles: Mapping[Path, str]) -> list[tuple[int, Path]]:
    """The files to read events from, each with its part: files of one part hold nothing twice.

    `multi_event` holds what the others of its folder hold. In another folder lies the data set in another size.
    """
    whole = {path.parent for path, role in roles.items() if role == "multi_event"}
    files = [
        path for path, role in roles.items()
        if role == "multi_event" or (role in KINDS and path.parent not in whole)
    ]  # fmt: skip
    told = Counter(roles[path] for path in files)
    is_one = max(told.values(), default=0) <= 1 and (len(told) == 1 or "multi_event" not in told)
    return [(0 if is_one else number, path) for number, path in enumerate(files)]


def read_yambda(path: Path, role: str, rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[Batch]:
    """One file of events; `user` and `title` stay numbers."""
    names = parquet_columns(path)
    kind = kind_codes(pl.col("event_type")) if role == "multi_event" else pl.lit(KINDS.index(role), pl.UInt8)
    columns = {
        "user": pl.col("uid").cast(pl.Int64), "title": pl.col("item_id").cast(pl.Int64),
        "time_s": pl.col("timestamp").cast(pl.Int64), "kind": kind,
    }  # fmt: skip
    if "played_ratio_pct" in names:
        columns["ratio"] = pl.col("played_ratio_pct").cast(pl.Float32) / 100
    if {"played_ratio_pct", "track_length_seconds"} <= names.keys():
        played = pl.col("played_ratio_pct").cast(pl.Float64) * pl.col("track_length_seconds").cast(pl.Float64) * 10
        columns["played_ms"] = played.round().cast(pl.Int32, strict=False)
    used = [
        name
        for name in ("uid", "item_id", "timestamp", "event_type", "played_ratio_pct", "track_length_seconds")
        if name in names
    ]
    needed = ("user", "title", "time_s", "kind")
    for first, block in numbered(parquet_blocks(path, used, rows_at_once)):
        yield valid_events(block, columns, needed=needed, first=first, are_dated=False)


def owners(path: Path, role: str, items: np.ndarray) -> np.ndarray:
    """The artist or album of each item, (n_items,) int64, -1 where the map has none; of several the lowest number.

    One owner for training and index alike: an item with two artists must not be one here and the other there.
    """
    name = _MAPS[role][0]
    first = pl.scan_parquet(path, glob=False).group_by("item_id").agg(pl.col(name).min()).cast(pl.Int64)
    wanted = pl.LazyFrame({"item_id": items.astype(np.int64)})
    joined = wanted.join(first, on="item_id", how="left", maintain_order="left")
    found = in_time(lambda: joined.collect(engine="streaming"), path, _OWNERS_SECONDS)
    return found[name].fill_null(-1).to_numpy()


def with_owners(items: Items, numbers: np.ndarray, roles: Mapping[Path, str]) -> Items:
    """Items with the artists and albums that the maps among the files tell.

    Parameters
    ----------
    numbers : (n_items,) int64, what the data set calls them
    """
    told: dict[str, Any] = {}
    for path, role in roles.items():
        if role in _MAPS:
            names = [
                f"{_PREFIX}{role}:{owner}" if owner >= 0 else None for owner in owners(path, role, numbers).tolist()
            ]
            told[f"{role}s"] = names
    return replace(items, **told, title_is_key=True) if "artists" in told else items


def embeddings(path: Path, items: np.ndarray, rows_at_once: int = 200_000) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Items and their unit vectors, float32, in pieces; only of the items asked for."""
    column = "normalized_embed" if "normalized_embed" in parquet_columns(path) else "embed"
    wanted = pl.Series(items.astype(np.int64))
    for block in parquet_blocks(path, ["item_id", column], rows_at_once):
        block = block.with_columns(pl.col("item_id").cast(pl.Int64))
        block = block.filter(pl.col("item_id").is_in(wanted.implode()) & pl.col(column).is_not_null())
        if len(block):
            vectors = block[column].explode().to_numpy().reshape(len(block), -1).astype(np.float32)  # (n, dim)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            there = lengths[:, 0] > 0
            yield block["item_id"].to_numpy()[there], vectors[there] / lengths[there]


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
