"""Tables of listens: who played what, when or how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.listen_batches import EVENT_COLUMNS, Batch, kind_codes, split_codes, whole_events
from data.tables import SUFFIXES, column, read_table, text

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
_DATETIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M")
_LASTFM_DATES = ("%d %b %Y %H:%M", "%d %b %Y %H:%M:%S")  # with a comma before the hour, or none
_MILLI, _MICRO, _NANO = 1e11, 1e14, 1e17  # from here on; seconds since 1970 reach the first in the year 5138


@dataclass(frozen=True)
class ListenTable:
    """A table of listens as it was understood."""

    level: str  # what the items are: "track" or "artist"
    batch: Batch

    def __repr__(self) -> str:
        events = self.batch.events
        n_items = events.select("artist", "title").n_unique()
        return f"<ListenTable {events['user'].n_unique():,} users x {n_items:,} {self.level}s, {len(events):,} events>"


def read_listen_table(
    path: Path,
    *,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
    plays: str | None = None,
    level: str | None = None,
    listener: str | None = None,
) -> ListenTable:
    """Read a table of listens. Columns that are not named are found by their well-known names.

    Without a `level`, items are tracks where a column of tracks is found, else artists. Times are numbers (seconds,
    milli-, micro- or nanoseconds since 1970), ISO 8601 or as in ``31 Dec 2020 23:59``, taken as UTC where they do not
    say. Columns of albums, MBIDs, ISRCs, kinds of events, splits and how much was played are taken along where they
    are found. Without a column of users, all is by `listener`, if one is given.

    Raises
    ------
    ValueError
        The file cannot be read, a named column is not in it, no column holds users or items, or one holds users
        though there is a `listener`.
    """
    table = read_table(path, SUFFIXES, "tables of listens")
    columns = table.columns
    user = column(path, columns, user, _USER)
    item, level = _item(path, columns, user, item, level)
    time, plays = column(path, columns, time, _TIME), column(path, columns, plays, _PLAYS)
    if user is None and listener is None:
        raise _lacking(path, columns, "users", "--user, or say whose listens these are with --listener")
    if user is not None and listener is not None:
        raise ValueError(f"{path.name} says who listened, in its column {user!r}.\n\nLeave out --listener.")
    if item is None:
        raise _lacking(path, columns, f"{level}s", "--item")
    artist = column(path, columns, None, _ITEM["artist"]) if item.lower() in _TITLES else None
    artist = None if artist == item else artist
    named = {
        "user": pl.lit(listener) if user is None else text(user),
        "artist": text(artist) if artist else pl.lit(None, pl.String),
        "title": text(item),
        **({"time_s": seconds(pl.col(time), table.schema[time])} if time else {}),
        **({"plays": pl.col(plays).cast(pl.Float32, strict=False)} if plays else {}),
    }
    more, is_whole, found = _more_columns(table, {user, artist, item, time, plays}, has_artist=artist is not None)
    needed = ("user", "title", *(("artist",) if artist else ()), *(("time_s",) if time else ()))
    shown = list(dict.fromkeys(name for name in (user, artist, item, time, plays, *found) if name))
    return ListenTable(level, whole_events(table, named | more, needed=needed, is_whole=is_whole, shown=shown))


def _lacking(path: Path, columns: Sequence[str], what: str, cure: str) -> ValueError:
    return ValueError(f"{path.name}: no column of {what}; name one of {', '.join(columns)} with {cure}")


def _more_columns(
    table: pl.DataFrame, taken: set[str | None], *, has_artist: bool
) -> tuple[dict[str, pl.Expr], pl.Expr, list[str]]:
    """What else is known of each event, when a row of it is whole, and the columns that say so."""
    by_name = {name.lower(): name for name in table.columns if name not in taken}
    found = {ours: by_name[theirs] for theirs, ours in _MORE.items() if theirs in by_name}
    if not has_artist:  # of a path or an id, the library knows better
        found = {ours: theirs for ours, theirs in found.items() if ours in EVENT_COLUMNS}
    exprs: dict[str, pl.Expr] = {}
    is_whole = pl.lit(True)
    for ours, theirs in list(found.items()):
        if ours in ("kind", "split"):
            of_names = kind_codes if ours == "kind" else split_codes
            if table.select(of_names(pl.col(theirs)).is_null().all()).item():
                del found[ours]  # a column of that name which means something else
                continue
            exprs[ours] = of_names(pl.col(theirs))
        elif ours == "ratio":
            percent = theirs.lower().endswith("pct")
            exprs[ours] = pl.col(theirs).cast(pl.Float32, strict=False) / (100 if percent else 1)
        elif ours == "played_ms":
            exprs[ours] = pl.col(theirs).cast(pl.Float64, strict=False).round().cast(pl.Int32, strict=False)
        else:
            exprs[ours] = text(theirs)
        is_whole = is_whole & (exprs[ours].is_not_null() | text(theirs).is_null())
    return exprs, is_whole, list(found.values())


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
        if found is None and candidate == "track" and column(path, others, None, _ITEM["artist"]):
            found = column(path, others, None, ("name",))  # alone it may be anything's
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
