"""Tables of listens: who played what, when or how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from data.tables import SUFFIXES, column, examples, read_table, text

_USER = ("user", "user_id", "userid", "user_name", "username", "listener", "listener_id", "uid")
_ITEM = {
    "track": (
        *("path", "file", "filename", "track_path", "item", "item_id", "track", "track_name", "title", "song"),
        *("track_id", "song_id", "recording", "recording_id", "recording_mbid", "track_title"),
    ),
    "artist": ("artist", "artist_name", "artist_id", "artistname", "artist_mbid"),
}
_TITLES = ("track", "track_name", "track_title", "title", "song")  # which want an artist beside them
_TIME = ("time", "timestamp", "played_at", "listened_at", "ts", "date", "datetime", "unix_time", "uts")
_PLAYS = ("plays", "play_count", "playcount", "count", "n_plays", "listens", "weight")
_MILLI, _MICRO = 100_000_000_000, 100_000_000_000_000  # seconds since 1970 never reach these before the year 5138


@dataclass(frozen=True)
class ListenTable:
    """Listens between named users and items, one row each. Rows index the names."""

    level: str  # what the items are: "track" or "artist"
    user_names: Sequence[str]  # in order of their first letters; each once
    item_names: Sequence[str]
    user_rows: np.ndarray  # (n_events,) int32
    item_rows: np.ndarray  # (n_events,) int32
    times: np.ndarray | None  # (n_events,) int64, seconds since 1970, UTC
    plays: np.ndarray  # (n_events,) float32
    n_malformed: int  # rows without a user, an item, or with a time or plays that are none
    malformed: tuple[str, ...] = ()  # the first of them

    def __repr__(self) -> str:
        return (
            f"<ListenTable {len(self.user_names):,} users x {len(self.item_names):,} {self.level}s,"
            f" {len(self.user_rows):,} events>"
        )


def read_listen_table(
    path: Path,
    *,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
    plays: str | None = None,
    level: str | None = None,
) -> ListenTable:
    """Read a table of listens. Columns that are not named are found by their well-known names.

    Without a `level`, items are tracks where a column of tracks is found, else artists. A title with an artist's
    column beside it becomes "Artist - Title". Times are numbers (seconds, milliseconds or microseconds since 1970)
    or ISO 8601, taken as UTC where they do not say.

    Raises
    ------
    ValueError
        The file cannot be read, a named column is not in it, or no column holds users or items.
    """
    table = read_table(path, SUFFIXES, "tables of listens")
    columns = table.columns
    user = column(path, columns, user, _USER)
    item, level = _item(path, columns, user, item, level)
    time, plays = column(path, columns, time, _TIME), column(path, columns, plays, _PLAYS)
    if user is None or item is None:
        lacking, flag = ("users", "--user") if user is None else (f"{level}s", "--item")
        raise ValueError(f"{path.name}: no column of {lacking}; name one of {', '.join(columns)} with {flag}")
    artist = column(path, columns, None, _ITEM["artist"]) if item.lower() in _TITLES else None
    name = pl.concat_str([text(artist), text(item)], separator=" - ") if artist and artist != item else text(item)
    events = table.select(
        user=text(user),
        item=name,
        time=_seconds(pl.col(time), table.schema[time]) if time else pl.lit(None, pl.Int64),
        plays=pl.col(plays).cast(pl.Float32, strict=False) if plays else pl.lit(1.0, pl.Float32),
    )
    is_whole = pl.col("user").is_not_null() & pl.col("item").is_not_null() & pl.col("plays").is_finite()
    is_whole = (is_whole & (pl.col("plays") > 0)).fill_null(False)
    if time:
        is_whole = is_whole & (pl.col("time") >= 0).fill_null(False)
    flags = events.select(whole=is_whole)["whole"]
    whole = events.filter(flags)
    user_names, user_rows = _numbered(whole["user"])
    item_names, item_rows = _numbered(whole["item"])
    used = list(dict.fromkeys(name for name in (user, artist, item, time, plays) if name))
    return ListenTable(
        level,
        user_names,
        item_names,
        user_rows,
        item_rows,
        whole["time"].to_numpy() if time else None,
        whole["plays"].to_numpy(),
        len(events) - len(whole),
        examples(table.select(used), flags),
    )


def _item(
    path: Path, columns: Sequence[str], user: str | None, item: str | None, level: str | None
) -> tuple[str | None, str]:
    """The column of items and what they are."""
    if item is not None:
        guessed = "artist" if item.lower() in _ITEM["artist"] else "track"
        return column(path, columns, item, ()), level or guessed
    others = [name for name in columns if name != user]
    for candidate in (level,) if level else ("track", "artist"):
        found = column(path, others, None, _ITEM[candidate])
        if found is not None:
            return found, candidate
    return None, level or "track"


def _numbered(names: pl.Series) -> tuple[list[str], np.ndarray]:
    """The different names in order, and the row of each in that order, int32."""
    ordered = names.unique().sort()
    rows = pl.DataFrame({"name": ordered, "row": np.arange(len(ordered), dtype=np.int32)})
    joined = pl.DataFrame({"name": names}).join(rows, on="name", how="left", maintain_order="left")
    return ordered.to_list(), joined["row"].to_numpy()


def _seconds(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Times of any kind as whole seconds since 1970, null where they are none."""
    if dtype.is_temporal():
        return values.cast(pl.Datetime("us")).dt.epoch("s")
    number = values.cast(pl.Float64, strict=False)
    seconds = pl.when(number >= _MICRO).then(number / 1e6).when(number >= _MILLI).then(number / 1e3).otherwise(number)
    seconds = seconds.floor().cast(pl.Int64, strict=False)
    if dtype != pl.String:
        return seconds
    stripped = values.str.strip_chars().str.replace("Z$", "+00:00")
    zoned = stripped.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    plain = [
        stripped.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M")
    ]
    day = stripped.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.coalesce(seconds, pl.coalesce(zoned, *plain, day).dt.epoch("s"))
