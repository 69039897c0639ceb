"""Tables of listens: who played what, when or how often."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from earshot.data.events.event_log import EVENT_COLUMNS
from earshot.data.listens.event_batch import Batch, kind_codes, numbered, split_codes, taken, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, ReadOptions
from earshot.data.tables.table_blocks import SUFFIXES, Table, open_table
from earshot.data.tables.table_reader import find_column, list_columns, stripped
from earshot.data.tables.text_blocks import Member

_USER = ("user", "user_id", "userid", "user_name", "username", "listener", "listener_id", "uid")
_ITEM = {
    "track": (
        *("path", "file", "filename", "track_path", "item", "item_id", "track", "track_name", "title", "song"),
        *("track_id", "song_id", "recording", "recording_id", "recording_mbid", "track_title"),
    ),
    "artist": ("artist", "artist_name", "artist_id", "artistname", "artist_mbid"),
}
_TITLES = ("track", "track_name", "track_title", "title", "song", "name")  # which want an artist beside them
_TIME = ("time", "timestamp", "played_at", "listened_at", "ts", "date", "datetime", "unix_time", "uts", "utc_time")
_PLAYS = ("plays", "play_count", "playcount", "count", "n_plays", "listens", "weight")
_MORE = {  # what a column may be called, and what it is to us
    **dict.fromkeys(("album", "album_name", "release", "release_name"), "album"),
    **dict.fromkeys(("track_mbid", "recording_mbid", "mbid"), "mbid"),
    **{"isrc": "isrc", "event": "kind", "event_type": "kind", "kind": "kind", "split": "split"},
    **dict.fromkeys(("ratio", "play_ratio", "played_ratio", "played_ratio_pct"), "ratio"),
    **dict.fromkeys(("played_ms", "ms_played", "msplayed"), "played_ms"),
}
_CODES = {"kind": kind_codes, "split": split_codes}
_DATETIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M")
_LASTFM_DATES = ("%d %b %Y %H:%M", "%d %b %Y %H:%M:%S")  # with a comma before the hour, or none
_MILLI, _MICRO, _NANO = 1e11, 1e14, 1e17  # from here on; seconds since 1970 reach the first in the year 5138


def _is_table(head: Head) -> bool:
    if head.columns:
        return True
    suffix = head.member.suffix
    if head.is_json:
        return suffix in (".jsonl", ".ndjson") and head.text[0] == "{"
    return suffix in SUFFIXES


def _open(members: Sequence[Member], options: ReadOptions) -> OpenedSource:
    return read_listen_table(
        members[0], user=options.user, item=options.item, time=options.time, plays=options.plays, level=options.level,
        listener=options.listener,
    )  # fmt: skip


def read_listen_table(
    file: Path | Member,
    *,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
    plays: str | None = None,
    level: str | None = None,
    listener: str | None = None,
) -> OpenedSource:
    """Read a table of listens. Columns that are not named are found by their well-known names.

    Without a `level`, items are tracks where a column of tracks is found, else artists. Times are numbers (seconds,
    milli-, micro- or nanoseconds since 1970), ISO 8601 or as in ``31 Dec 2020 23:59``, taken as UTC where they do not
    say. Columns of albums, MBIDs, ISRCs, kinds of events, splits and how much was played are taken along where they
    are found. Without a column of users, all is by `listener`, if one is given.

    Raises
    ------
    ValueError
        The file cannot be read, a named column is not in it, no column holds users or items, or one holds users
        though there is a `listener`. What is wrong further on shows when the batches are asked for.
    """
    table = open_table(file, SUFFIXES, "tables of listens")
    columns, name = table.columns, table.name
    user = find_column(name, columns, user, _USER)
    item, level = _item(name, columns, user, item, level)
    time, plays = find_column(name, columns, time, _TIME), find_column(name, columns, plays, _PLAYS)
    if user is None and listener is None:
        raise _lacking(name, columns, "users", "--user, or say whose listens these are with --listener")
    if user is not None and listener is not None:
        raise ValueError(f"{name} says who listened, in its column {user!r}.\n\nLeave out --listener.")
    if item is None:
        raise _lacking(name, columns, f"{level}s", "--item")
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
    more = _more_columns(table.columns, set(used), has_artist=has_artist)
    for first, block in numbered(table.blocks([*used, *more.values()])):
        if first == 0:
            more = {ours: theirs for ours, theirs in more.items() if _means_ours(block, ours, theirs)}
        exprs = {ours: _more_expr(ours, theirs) for ours, theirs in more.items()}
        is_whole = pl.all_horizontal(
            pl.lit(True), *(exprs[ours].is_not_null() | stripped(theirs).is_null() for ours, theirs in more.items())
        )
        shown = list(dict.fromkeys([*used, *more.values()]))
        yield valid_events(
            block, named | exprs, needed=needed, is_whole=is_whole, first=first, shown=shown, left_out=taken(table.lost)
        )


def _lacking(name: str, columns: Sequence[str], what: str, cure: str) -> ValueError:
    return ValueError(f"{name}: no column of {what}; name one of {list_columns(columns)} with {cure}")


def _more_columns(columns: Sequence[str], taken: set[str], *, has_artist: bool) -> dict[str, str]:
    """The other facts of each event, and the columns that hold them."""
    by_name = {name.lower(): name for name in columns if name not in taken}
    found = {ours: by_name[theirs] for theirs, ours in _MORE.items() if theirs in by_name}
    if not has_artist:  # of a path or an id, the library knows better
        found = {ours: theirs for ours, theirs in found.items() if ours in EVENT_COLUMNS}
    return found


def _means_ours(block: pl.DataFrame, ours: str, theirs: str) -> bool:
    """Whether a column of kinds or splits holds any that are known; else it means something else."""
    return ours not in _CODES or not block.select(_CODES[ours](pl.col(theirs)).is_null().all()).item()


def _more_expr(ours: str, theirs: str) -> pl.Expr:
    if ours in _CODES:
        return _CODES[ours](pl.col(theirs))
    if ours == "ratio":
        return pl.col(theirs).cast(pl.Float32, strict=False) / (100 if theirs.lower().endswith("pct") else 1)
    if ours == "played_ms":
        return pl.col(theirs).cast(pl.Float64, strict=False).round().cast(pl.Int32, strict=False)
    return stripped(theirs)


def _item(
    name: str, columns: Sequence[str], user: str | None, item: str | None, level: str | None
) -> tuple[str | None, str]:
    """The column of items and what they are."""
    if item is not None:
        guessed = "artist" if item.lower() in _ITEM["artist"] else "track"
        return find_column(name, columns, item, ()), level or guessed
    others = [other for other in columns if other != user]
    for candidate in (level,) if level else ("track", "artist"):
        found = find_column(name, others, None, _ITEM[candidate])
        if found is None and candidate == "track" and find_column(name, others, None, _ITEM["artist"]):
            found = find_column(name, others, None, ("name",))  # alone it may be anything's
        if found is not None:
            return found, candidate
    return None, level or "track"


def seconds(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Times of any kind as whole seconds since 1970, null where they are none."""
    if dtype.is_temporal():
        return values.cast(pl.Datetime("us")).dt.epoch("s")
    number = values.cast(pl.Float64, strict=False)
    whole = (
        pl.when(number >= _NANO).then(number / 1e9)
        .when(number >= _MICRO).then(number / 1e6)
        .when(number >= _MILLI).then(number / 1e3)
        .otherwise(number)
    )  # fmt: skip
    whole = whole.floor().cast(pl.Int64, strict=False)
    if dtype != pl.String:
        return whole
    stripped = values.str.strip_chars().str.replace("Z$", "+00:00")
    zoned = stripped.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    plain = [
        written.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        for written, forms in ((stripped, _DATETIMES), (stripped.str.replace(",", ""), _LASTFM_DATES))
        for form in forms
    ]
    day = stripped.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.coalesce(whole, pl.coalesce(zoned, *plain, day).dt.epoch("s"))


TABLE = Reader("table", _is_table, _open)
