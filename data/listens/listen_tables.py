"""Read tables of listens: users, items, and times or numbers of plays, in columns of well-known or given names."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import polars as pl

from earshot.data.events.event_log import EVENT_COLUMNS
from earshot.data.listens.event_batch import CODES, Batch, codes, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, ReadOptions
from earshot.data.tables.table_blocks import SUFFIXES, Table, find_column, list_columns, open_table, stripped
from earshot.data.tables.text_blocks import Member

_USER = ("user", "user_id", "userid", "user_name", "username", "listener", "listener_id", "uid")
_ITEM = {
    "track": (
        *("path", "file", "filename", "track_path", "item", "item_id", "track", "track_name", "title", "song"),
        *("track_id", "song_id", "recording", "recording_id", "recording_mbid", "track_title"),
    ),
    "artist": ("artist", "artist_name", "artist_id", "artistname", "artist_mbid"),
}
_TITLES = ("track", "track_name", "track_title", "title", "song", "name")  # with the artist in another column
_TIME = ("time", "timestamp", "played_at", "listened_at", "ts", "date", "datetime", "unix_time", "uts", "utc_time")
_PLAYS = ("plays", "play_count", "playcount", "count", "n_plays", "listens", "weight")
_OPTIONAL = {  # well-known names of columns, and the columns of a batch that they become
    **dict.fromkeys(("album", "album_name", "release", "release_name"), "album"),
    **dict.fromkeys(("track_mbid", "recording_mbid", "mbid"), "mbid"),
    **{"isrc": "isrc", "event": "kind", "event_type": "kind", "kind": "kind", "split": "split"},
    **dict.fromkeys(("ratio", "play_ratio", "played_ratio", "played_ratio_pct"), "ratio"),
    **dict.fromkeys(("played_ms", "ms_played", "msplayed"), "played_ms"),
}
_DATETIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M")
_LASTFM_DATES = ("%d %b %Y %H:%M", "%d %b %Y %H:%M:%S")  # without the comma before the hour
_MIN_MILLIS, _MIN_MICROS, _MIN_NANOS = 1e11, 1e14, 1e17  # smaller times are seconds, till the year 5138


def _is_table(head: Head) -> bool:
    if head.columns:
        return True
    suffix = head.member.suffix
    if head.is_json:
        return suffix in (".jsonl", ".ndjson") and head.text[0] == "{"
    return suffix in SUFFIXES


def read_listen_table(file: Path | Member, options: ReadOptions | None = None) -> OpenedSource:
    """Read a table of listens; columns that are not given are found by well-known names.

    Without a `level`, items are tracks if a column of tracks is found, else artists. Times are numbers (seconds,
    milli-, micro- or nanoseconds since 1970), ISO 8601 or as in ``31 Dec 2020 23:59``; UTC unless they say otherwise.
    Columns of albums, MBIDs, ISRCs, kinds of events, splits and the part that was played are read if they are found. A
    table without a column of users must have a `listener`.

    Raises
    ------
    ValueError
        The file cannot be read, a given column is not in it, no column holds users or items, or one holds users
        despite a `listener`. Faults further on show when the batches are read.
    """
    return read_table(open_table(file, SUFFIXES, "tables of listens"), options or ReadOptions())


def read_table(table: Table, options: ReadOptions) -> OpenedSource:
    """Read an opened table; see `read_listen_table`."""
    listener = options.listener
    columns, name = table.columns, table.name
    user = find_column(name, columns, options.user, _USER)
    item, level = _item(name, columns, user, options)
    time, plays = find_column(name, columns, options.time, _TIME), find_column(name, columns, options.plays, _PLAYS)
    if user is None and listener is None:
        raise _missing_column(name, columns, "users", "--user, or say whose listens these are with --listener")
    if user is not None and listener is not None:
        raise ValueError(f"{name} says who listened, in its column {user!r}.\n\nLeave out --listener.")
    if item is None:
        raise _missing_column(name, columns, f"{level}s", "--item")
    artist = find_column(name, columns, None, _ITEM["artist"]) if item.lower() in _TITLES else None
    artist = None if artist == item else artist
    named = {
        "user": pl.lit(listener) if user is None else stripped(user),
        "artist": stripped(artist) if artist else pl.lit(None, pl.String),
        "title": stripped(item),
        **({"time_s": seconds(pl.col(time), table.schema[time])} if time else {}),
        **({"plays": pl.col(plays).cast(pl.Float32, strict=False)} if plays else {}),
    }
    needed = ("user", "title", *(("artist",) if artist else ()), *(("time_s",) if time else ()))
    used = [name for name in (user, artist, item, time, plays) if name]
    return OpenedSource(_batches(table, used, named, needed, has_artist=artist is not None), level)


def _batches(
    table: Table, used: list[str], named: dict[str, pl.Expr], needed: tuple[str, ...], *, has_artist: bool
) -> Iterator[Batch]:
    optional = _optional_columns(table.columns, set(used), has_artist=has_artist)
    blocks = table.blocks([*used, *optional.values()])
    first_block = next(blocks)
    optional = {ours: theirs for ours, theirs in optional.items() if _has_known_codes(first_block, ours, theirs)}
    exprs = {ours: _optional_expr(ours, theirs) for ours, theirs in optional.items()}
    is_valid = pl.all_horizontal(
        pl.lit(True), *(exprs[ours].is_not_null() | stripped(theirs).is_null() for ours, theirs in optional.items())
    )
    shown = list(dict.fromkeys([*used, *optional.values()]))
    yield from valid_events(
        chain([first_block], blocks), named | exprs, needed=needed, is_valid=is_valid, shown=shown, lost=table.lost
    )


def _missing_column(name: str, columns: Sequence[str], what: str, cure: str) -> ValueError:
    return ValueError(f"{name}: no column of {what}; name one of {list_columns(columns)} with {cure}")


def _optional_columns(columns: Sequence[str], used: set[str], *, has_artist: bool) -> dict[str, str]:
    """Find the optional columns: their names in a batch, and in the table."""
    by_name = {name.lower(): name for name in columns if name not in used}
    columns_of = {ours: by_name[theirs] for theirs, ours in _OPTIONAL.items() if theirs in by_name}
    if not has_artist:  # the library knows more of a path or an id
        columns_of = {ours: theirs for ours, theirs in columns_of.items() if ours in EVENT_COLUMNS}
    return columns_of


def _has_known_codes(block: pl.DataFrame, ours: str, theirs: str) -> bool:
    """Tell whether a column of kinds or splits holds a known one; without any it means something else."""
    return ours not in CODES or not block.select(codes(ours, pl.col(theirs)).is_null().all()).item()


def _optional_expr(ours: str, theirs: str) -> pl.Expr:
    if ours in CODES:
        return codes(ours, pl.col(theirs))
    if ours == "ratio":
        return pl.col(theirs).cast(pl.Float32, strict=False) / (100 if theirs.lower().endswith("pct") else 1)
    if ours == "played_ms":
        return pl.col(theirs).cast(pl.Float64, strict=False).round().cast(pl.Int32, strict=False)
    return stripped(theirs)


def _item(table: str, columns: Sequence[str], user: str | None, options: ReadOptions) -> tuple[str | None, str]:
    """Find the column of items and their level."""
    item, level = options.item, options.level
    if item is not None:
        guessed = "artist" if item.lower() in _ITEM["artist"] else "track"
        return find_column(table, columns, item, ()), level or guessed
    candidates = [name for name in columns if name != user]
    for guess in (level,) if level else ("track", "artist"):
        column = find_column(table, candidates, None, _ITEM[guess])
        if column is None and guess == "track" and find_column(table, candidates, None, _ITEM["artist"]):
            column = find_column(table, candidates, None, ("name",))  # without artists it may name anything
        if column is not None:
            return column, guess
    return None, level or "track"


def seconds(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Parse times of any kind to whole seconds since 1970, null where they are none."""
    if dtype.is_temporal():
        return values.cast(pl.Datetime("us")).dt.epoch("s")
    number = values.cast(pl.Float64, strict=False)
    integers = (
        pl.when(number >= _MIN_NANOS).then(number / 1e9)
        .when(number >= _MIN_MICROS).then(number / 1e6)
        .when(number >= _MIN_MILLIS).then(number / 1e3)
        .otherwise(number)
    )  # fmt: skip
    integers = integers.floor().cast(pl.Int64, strict=False)
    if dtype != pl.String:
        return integers
    texts = values.str.strip_chars().str.replace("Z$", "+00:00")
    zoned = texts.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    plain = [
        variant.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        for variant, forms in ((texts, _DATETIMES), (texts.str.replace(",", ""), _LASTFM_DATES))
        for form in forms
    ]
    day = texts.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.coalesce(integers, pl.coalesce(zoned, *plain, day).dt.epoch("s"))


TABLE = Reader("table", _is_table, lambda members, options: read_listen_table(members[0], options))
