"""Listens from last.fm: the published thousand users, and the CSV that its export tools write."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, numbered, taken, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_tables import seconds
from earshot.data.tables.table_blocks import SUFFIXES, header_fields, open_table
from earshot.data.tables.table_reader import list_columns, stripped
from earshot.data.tables.text_blocks import Member, field_blocks

_1K = ["user", "time", "artist_mbid", "artist", "track_mbid", "track"]
_HEADLESS = ("artist", "album", "track", "date")
_1K_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CSV_DATE = re.compile(r'\d{1,2} [A-Z][a-z]{2} \d{4},? \d\d:\d\d"?$')
_REPEATED = re.compile(r"_duplicated_\d+$")
_TITLES = ("track", "name")
_TIMES = ("uts", "utc_time", "date", "time", "timestamp")
_MORE = {"album": "album", "mbid": "track_mbid"}
_KNOWN = {"artist", *_TITLES, *_TIMES, *_MORE.values(), "id", "artist_mbid", "album_mbid", "albumid", "loved"}


def _is_lastfm_1k(head: Head) -> bool:
    fields = head.first_line.split("\t")
    return len(fields) == 6 and _1K_TIME.fullmatch(fields[1]) is not None


def _is_lastfm_csv(head: Head) -> bool:
    if head.member.suffix not in SUFFIXES or not head.first_line:
        return False
    return _CSV_DATE.search(head.first_line) is not None or is_export(header_fields(head.first_line))


def read_lastfm_1k(member: Member) -> Iterator[Batch]:
    """``userid-timestamp-artid-artname-traid-traname.tsv`` of Celma's Last.fm 1K data set, as published.

    Its titles hold quotes that mean nothing, so no quoting is known here. A line without six fields, a name or a time
    is malformed.
    """
    lost: Counter[str] = Counter()
    with member.open_text() as file:
        for first, block in numbered(field_blocks(file, _1K, lost=lost)):
            columns = {
                "user": stripped("user"),
                "artist": stripped("artist"),
                "title": stripped("track"),
                "mbid": stripped("track_mbid"),
                "time_s": pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False).dt.epoch("s"),
            }
            needed = ("user", "artist", "title", "time_s")
            is_whole = pl.col("surplus").is_null()
            yield valid_events(block, columns, needed=needed, is_whole=is_whole, first=first, left_out=taken(lost))


def is_export(columns: Sequence[str]) -> bool:
    """Whether a CSV with these columns is what export tools write of one user: no column is anything else."""
    names = {_plain(name) for name in columns}
    if not all(names.intersection(some) for some in (("artist",), _TITLES, _TIMES)):
        return False
    return names <= _KNOWN or ("uts" in names and not names & {"user", "username"})


def read_lastfm_csv(file: Path | Member, listener: str | None) -> Iterator[Batch]:
    """A CSV of one user's scrobbles, with a header (``uts, artist, album, track, ...``) or as ``artist, album, track,
    date`` without one, the date as in ``31 Dec 2020 23:59``, UTC.

    Without a `listener`, they are by whom the header tells, as in ``Date#ana``, else by `ME`.

    Raises
    ------
    ValueError
        The file cannot be read as a table, or has a header without artists or times.
    """
    table = open_table(file)
    names = table.columns
    # The first line is a scrobble too, where it names no titles; it was taken for the header, in which no name stands
    # twice.
    is_headless = not {_plain(name) for name in names}.intersection(_TITLES)
    ours = [*_HEADLESS, *names[len(_HEADLESS) :]][: len(names)] if is_headless else names
    by_name = {_plain(name): name for name in reversed(ours)}

    def found(*wanted: str) -> str:
        name = next((by_name[name] for name in wanted if name in by_name), None)
        if name is None:
            raise ValueError(f"{table.name} has no column {', '.join(wanted)}; it has {list_columns(ours)}")
        return name

    time = found(*_TIMES)
    named = time.partition("#")[2].strip()
    columns = {
        "user": pl.lit(listener or named or ME), "time_s": seconds(pl.col(time), pl.String()),
        "artist": stripped(found("artist")), "title": stripped(found(*_TITLES)),
        **{ours: stripped(by_name[theirs]) for ours, theirs in _MORE.items() if theirs in by_name},
    }  # fmt: skip
    for first, block in numbered(table.blocks()):
        if is_headless:
            block.columns = ours
            if first == 0:
                line = pl.DataFrame([[_REPEATED.sub("", name)] for name in names], schema=ours, orient="col")
                block = pl.concat([line, block])
        needed = ("user", "artist", "title", "time_s")
        yield valid_events(block, columns, needed=needed, first=first, left_out=taken(table.lost))


def _plain(name: str) -> str:
    """A column's name without the user's, which one tool writes behind it."""
    return name.partition("#")[0].strip().lower()


LASTFM_1K = Reader(
    "lastfm-1k", _is_lastfm_1k, lambda members, _: OpenedSource(read_lastfm_1k(members[0])), names_users=True
)
LASTFM_CSV = Reader(
    "lastfm-csv",
    _is_lastfm_csv,
    lambda members, options: OpenedSource(read_lastfm_csv(members[0], options.listener)),
)
