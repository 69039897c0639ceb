"""Read listens from last.fm: the Last.fm 1K data set, and the CSV that export tools write for one user."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_times import seconds, time_form
from earshot.data.tables.table_blocks import SUFFIXES, Table, list_columns, malformed_examples, open_table, stripped
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import Layout, header_fields, rows_of_layout
from earshot.data.tables.utf8_text import as_utf8

_1K_COLUMNS = ["user", "time", "artist_mbid", "artist", "track_mbid", "track", "surplus"]
_1K = Layout(_1K_COLUMNS, separator="\t", quote=None, n_before=0, is_utf8=True)
_HEADLESS = ("artist", "album", "track", "date")
_1K_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CSV_DATE = re.compile(r'\d{1,2} [A-Z][a-z]{2} \d{4},? \d\d:\d\d"?$')
_PLAYING = re.compile(r'[,;\t](?:"")?$')  # a line without a date
_N_LINES = 20  # of which one should have a date
_HEAD_BYTES = 65_536
_WERE_PLAYING = "tracks that were playing"
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
    return is_export(header_fields(head.first_line)) or _has_no_header(head.text)


def _has_no_header(text: str) -> bool:
    """Tell whether a text begins with scrobbles: the first may have no date, as it was playing then."""
    lines = [line.strip() for line in text.splitlines()[:_N_LINES]]
    first_dated = next((place for place, line in enumerate(lines) if _CSV_DATE.search(line)), None)
    return first_dated is not None and all(_PLAYING.search(line) for line in lines[:first_dated])


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

    Without a header, columns are ``artist, album, track, date``, the date as in ``31 Dec 2020 23:59``, UTC. The year
    1970 is an unknown time, and a track without any was playing when the file was made: no listen yet. Without a
    `listener`, the user is the one in the header, as in ``Date#ana``, else `ME`.

    Raises
    ------
    ValueError
        The file cannot be read as a table, or has a header without artists or times.
    """
    member = file if isinstance(file, Member) else Member(file)
    with member.open_text() as text:
        is_headless = _has_no_header(as_utf8(text.read(_HEAD_BYTES)).decode("utf-8", "replace"))
    table = open_table(member, has_header=False if is_headless else None)
    ours = [*_HEADLESS, *table.columns[len(_HEADLESS) :]][: len(table.columns)] if is_headless else table.columns
    by_name = {_plain(name): name for name in reversed(ours)}

    def find(*candidates: str) -> str:
        name = next((by_name[name] for name in candidates if name in by_name), None)
        if name is None:
            raise ValueError(f"{table.name} has no column {', '.join(candidates)}; it has {list_columns(ours)}")
        return name

    artist, title, time = find("artist"), find(*_TITLES), find(*_TIMES)
    user = time.partition("#")[2].strip()
    examples: dict[str, str] = {}
    blocks = _scrobbles(table, ours, (artist, title, time), examples)
    first_block = next(blocks)
    form = time_form(first_block[time])
    times = seconds(pl.col(time), pl.String(), form)
    columns = {
        "user": pl.lit(listener or user or ME), "time_s": pl.when(times != 0).then(times),
        "artist": stripped(artist), "title": stripped(title),
        **{ours: stripped(by_name[theirs]) for ours, theirs in _OPTIONAL.items() if theirs in by_name},
    }  # fmt: skip
    notes = tuple(filter(None, (*table.notes, form.note)))
    for batch in valid_events(
        chain([first_block], blocks), columns, needed=("user", "artist", "title"), is_valid=times.is_not_null(),
        lost=table.lost, examples=examples,
    ):  # fmt: skip
        yield replace(batch, notes=notes)


def _scrobbles(
    table: Table, columns: Sequence[str], needed: tuple[str, str, str], examples: dict[str, str]
) -> Iterator[pl.DataFrame]:
    """Yield the blocks of a table under other names, without what was playing when it was made.

    Parameters
    ----------
    needed : the columns of artist, title and time; what was playing lacks the time alone
    examples : filled with the first of what was playing
    """
    artist, title, time = map(stripped, needed)
    is_playing = artist.is_not_null() & title.is_not_null() & time.is_null()
    n_rows = 0
    for block in table.blocks():
        renamed = block.rename(dict(zip(table.columns, columns, strict=True)))
        scrobbles = renamed.filter(~is_playing)
        if len(scrobbles) < len(renamed):
            table.lost[_WERE_PLAYING] += len(renamed) - len(scrobbles)
            is_scrobble = renamed.select(is_scrobble=~is_playing)["is_scrobble"]
            examples.setdefault(_WERE_PLAYING, malformed_examples(renamed, is_scrobble, n_rows)[0])
        n_rows += len(renamed)
        yield scrobbles


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
