"""Read tables of play counts that players write for one person: foobar2000's Text Tools, MusicBee, MediaMonkey."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.exports.players.foobar2000 import windows_seconds
from earshot.data.exports.players.player_database import kind_of_stars
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.table_blocks import open_table, stripped
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import header_fields

_COLUMNS = {  # names of columns, without case, blanks and signs; the first that a table has
    "plays": ("playcount", "plays", "timesplayed"),
    "time": ("lastplayedtimestamp", "lastplayed"),
    "rating": ("rating",),
    "artist": ("artist", "artistname", "trackartist", "albumartist"),
    "title": ("title", "tracktitle", "trackname", "name"),
    "album": ("album", "albumname", "albumtitle"),
    "path": ("path", "filepath", "filename", "location", "file"),
}
_USERS = ("user", "userid", "username", "listener")
_NEVER = ("", "n/a", "never", "?", "0")
_MAX_SECOND_DIGITS = 10  # longer times count from 1601, as Windows does


def _is_player_table(head: Head) -> bool:
    if head.member.suffix not in (".csv", ".tsv", ".txt") or not head.first_line:
        return False
    columns = _columns(header_fields(head.first_line))
    return columns is not None and {"plays", "time"} <= columns.keys() and bool(columns.keys() & {"title", "path"})


def read_player_table(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read how often each track was played, at the time of the last play; four stars are a like, one is a dislike.

    Times are local, as players show them. A track without names is named by its file.
    """
    table = open_table(member)
    columns = _columns(table.columns) or {}
    blocks = (
        [dict(zip(columns, row, strict=True)) for row in block.select(map(stripped, columns.values())).iter_rows()]
        for block in table.blocks(list(columns.values()))
    )
    yield from entry_batches(map(_with_opinions, blocks), _facts, listener, needed=("title",))


def _columns(names: Sequence[str]) -> Mapping[str, str] | None:
    """The columns that are known, by our names; None of a table that names listeners."""
    by_name = {re.sub(r"[\W_]+", "", name).casefold(): name for name in reversed(names)}
    if any(user in by_name for user in _USERS):
        return None
    found = {ours: [by_name[name] for name in known if name in by_name] for ours, known in _COLUMNS.items()}
    return {ours: known[0] for ours, known in found.items() if known}


def _with_opinions(rows: list[Facts]) -> list[Facts]:
    rated = ((row, kind_of_stars(_stars(row.get("rating")))) for row in rows)
    return [*rows, *(row | {"kind": kind} for row, kind in rated if kind is not None)]


def _facts(row: Facts) -> Facts | str:
    names = {name: row.get(name) for name in ("artist", "title", "album")}
    if not (names["artist"] and names["title"]) and row.get("path"):
        names = {"title": row["path"]}
    if "kind" in row:
        return names | {"kind": row["kind"]}
    plays = row.get("plays") or "0"
    if (plays.isdecimal() and int(plays) == 0) or plays.casefold() in _NEVER:
        return "tracks that were never played"
    return names | {"plays": float(plays) if plays.isdecimal() else -1.0, "time": _seconds(row.get("time") or "")}


def _stars(rating: str | None) -> float | None:
    """Stars of five; some players count a hundred."""
    try:
        stars = float((rating or "").replace(",", "."))
    except ValueError:
        return None
    return stars / 20 if stars > 5 else stars


def _seconds(text: str) -> str | None:
    """A time in seconds since 1970, in UTC; None if it is none or written in the way of a country."""
    if text.casefold() in _NEVER:
        return None
    if text.isdecimal():
        return str(windows_seconds(int(text))) if len(text) > _MAX_SECOND_DIGITS else text
    try:
        return str(int(datetime.fromisoformat(text).astimezone().timestamp()))
    except (ValueError, OverflowError, OSError):
        return None


PLAYER_TABLE = Reader(
    "player-table",
    _is_player_table,
    lambda members, options: OpenedSource(read_player_table(members[0], options.listener)),
    is_whole=True,
)
