"""Read tables of play counts that players write for one person: foobar2000, MusicBee, MediaMonkey, iTunes.

iTunes and Apple's Music write them as "Export Playlist", text; see `playlists.named_playlists`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

import polars as pl

from earshot.data import column_words
from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.exports.players.foobar2000 import windows_seconds
from earshot.data.exports.players.player_database import kind_of_stars
from earshot.data.listens.event_batch import Batch, text_number
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_times import TimeForm, seconds, time_form
from earshot.data.playlists.named_playlists import apple_columns
from earshot.data.tables.table_blocks import find_column, known_columns, open_table, stripped
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import header_fields

_COLUMNS = {  # names of columns; the first that a table has
    "plays": ("playcount", "plays", "timesplayed", *column_words.PLAYS),
    "time": ("lastplayedtimestamp", "lastplayed", *column_words.LAST_PLAYED),
    "rating": ("rating", "myrating", *column_words.RATINGS),
    "artist": ("artist", "artistname", "trackartist", *column_words.ARTISTS, "albumartist"),
    "title": ("title", "tracktitle", "trackname", *column_words.TITLES, "name"),
    "album": ("album", "albumname", "albumtitle", *column_words.ALBUMS),
    "path": ("path", "filepath", "filename", "location", "file", *column_words.PATHS),
}
_USERS = ("user", "userid", "username", "listener", "benutzer", "utilisateur", "usuario")
_NEVER = ("", "n/a", "never", "?", "0")
_WINDOWS_DIGITS = 18  # of times that count from 1601, as Windows does


def _is_player_table(head: Head) -> bool:
    if head.member.suffix not in (".csv", ".tsv", ".txt") or not head.first_line:
        return False
    columns = _columns(header_fields(head.first_line))
    return columns is not None and {"plays", "time"} <= columns.keys() and bool(columns.keys() & {"title", "path"})


def read_player_table(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read how often each track was played, at the time of the last play; four stars are a like, one is a dislike.

    Times are local, as players show them, and in the way of a country, which the whole column tells: day or month
    first. A track without names is named by its file.
    """
    table = open_table(member)
    columns = _columns(table.columns) or {}
    blocks = table.blocks(list(columns.values()))
    first = next(blocks)
    form = time_form(first[columns["time"]])
    unread: list[str] = []
    rows = (_rows(block, columns, form, unread) for block in chain([first], blocks))
    for batch in entry_batches(map(_with_opinions, rows), _facts, listener, needed=("title",)):
        yield replace(batch, notes=(form.note,) if form.note else ())
    if unread:
        yield Batch(
            batch.events.clear(),
            notes=(f"times of a last play that are not known here: {len(unread):,}, such as {unread[0]!r}",),
        )


def _columns(names: Sequence[str]) -> Mapping[str, str] | None:
    """The columns that are known, by our names; None of a table that names listeners."""
    if (apple := apple_columns(names)) is not None:
        return apple
    return None if find_column("", names, None, _USERS) else known_columns(names, _COLUMNS)


def _rows(block: pl.DataFrame, columns: Mapping[str, str], form: TimeForm, unread: list[str]) -> list[Facts]:
    """The rows of a block by our names, with times in seconds since 1970; those that are none are added to `unread`."""
    shown = seconds(pl.col(columns["time"]), pl.String(), form)
    texts = block.select(*(stripped(theirs).alias(ours) for ours, theirs in columns.items()), shown=shown)
    rows = texts.to_dicts()
    for row in rows:
        text, as_if_utc = row["time"] or "", row.pop("shown")
        row["time"] = None if form.numbers else _seconds(text)
        if row["time"] is None and as_if_utc is not None:
            row["time"] = _local(datetime.fromtimestamp(as_if_utc, UTC).replace(tzinfo=None))
        if row["time"] is None and text.casefold() not in _NEVER:
            unread.append(text)
    return rows


def _with_opinions(rows: list[Facts]) -> list[Facts]:
    rated = ((row, kind_of_stars(_stars(row.get("rating")))) for row in rows)
    return [*rows, *(row | {"kind": kind} for row, kind in rated if kind is not None)]


def _facts(row: Facts) -> Facts | str:
    names = {name: row.get(name) for name in ("artist", "title", "album")}
    if not (names["artist"] and names["title"]) and row.get("path"):
        names = {"title": row["path"]}
    if "kind" in row:
        return names | {"kind": row["kind"]}
    text = row.get("plays") or "0"
    plays = text_number(text)
    if plays == 0 or text.casefold() in _NEVER:
        return "tracks that were never played"
    return names | {"plays": plays, "time": row.get("time")}


def _stars(rating: str | None) -> float | None:
    """Stars of five; some players count a hundred."""
    try:
        stars = float((rating or "").replace(",", "."))
    except ValueError:
        return None
    return stars / 20 if stars > 5 else stars


def _seconds(text: str) -> str | None:
    """A number or an ISO time in seconds since 1970, in UTC; None if it is neither."""
    if text.casefold() in _NEVER:
        return None
    if (number := text_number(text)) is not None:
        return str(windows_seconds(number)) if len(text) == _WINDOWS_DIGITS else text
    try:
        return _local(datetime.fromisoformat(text))
    except ValueError:
        return None


def _local(time: datetime) -> str | None:
    """A time of this computer's zone, or of the one that it names, in seconds since 1970."""
    try:
        return str(int(time.astimezone().timestamp()))
    except (ValueError, OverflowError, OSError):
        return None


PLAYER_TABLE = Reader(
    "player-table",
    _is_player_table,
    lambda members, options: OpenedSource(read_player_table(members[0], options.listener)),
    is_whole=True,
)
