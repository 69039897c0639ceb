"""Read listens from last.fm: the Last.fm 1K data set, and the CSV that export tools write for one user."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_times import seconds
from earshot.data.tables.table_blocks import (
    SUFFIXES,
    Layout,
    Table,
    header_fields,
    list_columns,
    open_table,
    rows_of_layout,
    stripped,
)
from earshot.data.tables.text_blocks import Member

_1K_COLUMNS = ["user", "time", "artist_mbid", "artist", "track_mbid", "track", "surplus"]
_1K = Layout(_1K_COLUMNS, separator="\t", quote=None, n_before=0, is_utf8=True)
_HEADLESS = ("artist", "album", "track", "date")
_1K_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CSV_DATE = re.compile(r'\d{1,2} [A-Z][a-z]{2} \d{4},? \d\d:\d\d"?$')
_REPEATED = re.compile(r"_duplicated_\d+$")
_NEEDED = ("artist", "title", "time_s")
_TITLES = ("track", "name")
_TIMES = ("uts", "utc_time", "date", "time", "timestamp")
_OPTIONAL = {"album": "album", "mbid": "track_mbid"}  # columns of a batch, and of the file
_KNOWN = {"artist", *_TITLES, *_TIMES, *_OPTIONAL.values(), "id", "artist_mbid", "album_mbid", "albumid", "loved"}


def _is_lastfm_1k(head: Head) -> bool:
    fields = head.first_line.split("\t")
    return len(fields) == 6 and _1K_TIME.fullmatch(fields[1]) is not None


def _is_lastfm_csv(head: Head) -> bool:
    if head.member.suffix not in SUFFIXES or not head.first_line:
        return False
    return _CSV_DATE.search(head.first_line) is not None or is_export(header_fields(head.first_line))


def read_lastfm_1k(member: Member) -> Iterator[Batch]:
    """Read ``userid-timestamp-artid-artname-traid-traname.tsv`` of Celma's Last.fm 1K data set, as published.

    Quotes in it are parts of titles. A line without six fields, a name or a time is malformed.
    """
    columns = {
        "user": stripped("user"),
        "artist": stripped("artist"),
        "title": stripped("track"),
        "mbid": stripped("track_mbid"),
        "time_s": pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False).dt.epoch("s"),
    }
    lost: Counter[str] = Counter()
    blocks, is_valid = rows_of_layout(member, _1K, _1K_COLUMNS, lost), pl.col("surplus").is_null()
    yield from valid_events(blocks, columns, needed=("user", *_NEEDED), is_valid=is_valid, lost=lost)


def is_export(columns: Sequence[str]) -> bool:
    """Tell whether a CSV has the columns that export tools write for one user, and no others."""
    names = {_plain(name) for name in columns}
    if not all(names.intersection(group) for group in (("artist",), _TITLES, _TIMES)):
        return False
    return names <= _KNOWN or ("uts" in names and not names & {"user", "username"})


def read_lastfm_csv(file: Path | Member, listener: str | None) -> Iterator[Batch]:
    """Read a CSV of one user's scrobbles, with a header (``uts, artist, album, track, ...``) or without one.

    Without a header, columns are ``artist, album, track, date``, the date as in ``31 Dec 2020 23:59``, UTC. Without a
    `listener`, the user is the one in the header, as in ``Date#ana``, else `ME`.

    Raises
    ------
    ValueError
        The file cannot be read as a table, or has a header without artists or times.
    """
    table = open_table(file)
    names = table.columns
    # Without a header, the first scrobble was read as one, and names that repeat in it got a suffix.
    is_headless = not {_plain(name) for name in names}.intersection(_TITLES)
    ours = [*_HEADLESS, *names[len(_HEADLESS) :]][: len(names)] if is_headless else names
    by_name = {_plain(name): name for name in reversed(ours)}

    def find(*candidates: str) -> str:
        name = next((by_name[name] for name in candidates if name in by_name), None)
        if name is None:
            raise ValueError(f"{table.name} has no column {', '.join(candidates)}; it has {list_columns(ours)}")
        return name

    time = find(*_TIMES)
    user = time.partition("#")[2].strip()
    columns = {
        "user": pl.lit(listener or user or ME), "time_s": seconds(pl.col(time), pl.String()),
        "artist": stripped(find("artist")), "title": stripped(find(*_TITLES)),
        **{ours: stripped(by_name[theirs]) for ours, theirs in _OPTIONAL.items() if theirs in by_name},
    }  # fmt: skip
    blocks = _with_first_row(table, ours) if is_headless else table.blocks()
    yield from valid_events(blocks, columns, needed=("user", *_NEEDED), lost=table.lost)


def _with_first_row(table: Table, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the blocks of a table without a header, whose first row was taken for names of columns."""
    first_row = pl.DataFrame([[_REPEATED.sub("", name)] for name in table.columns], schema=columns, orient="col")
    blocks = (block.rename(dict(zip(table.columns, columns, strict=True))) for block in table.blocks())
    yield pl.concat([first_row, next(blocks)])
    yield from blocks


def _plain(name: str) -> str:
    """Normalize a column's name; one tool writes the user's name behind it."""
    return name.partition("#")[0].strip().lower()


LASTFM_1K = Reader(
    "lastfm-1k", _is_lastfm_1k, lambda members, _: OpenedSource(read_lastfm_1k(members[0])), names_users=True
)
LASTFM_CSV = Reader(
    "lastfm-csv",
    _is_lastfm_csv,
    lambda members, options: OpenedSource(read_lastfm_csv(members[0], options.listener)),
)
