"""Read the songs that Shazam heard for its user: ``shazamlibrary.csv``, whose header lies below a title."""

from collections.abc import Iterator

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_times import seconds
from earshot.data.tables.table_blocks import SUFFIXES, open_table, stripped
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import header_fields

_COLUMNS = ("TagTime", "Title", "Artist", "TrackKey")
_N_LINES = 3  # in which the header lies


def _is_shazam(head: Head) -> bool:
    lines = head.text.splitlines()[:_N_LINES] if head.member.suffix in SUFFIXES else []
    return any(set(header_fields(line)) >= {*_COLUMNS} for line in lines)


def read_shazam(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read each song that was recognized as one listen; older exports know the day of it alone."""
    table = open_table(member)
    columns = {
        "user": pl.lit(listener or ME),
        "artist": stripped("Artist"),
        "title": stripped("Title"),
        "time_s": seconds(pl.col("TagTime"), pl.String()),
    }
    needed = ("artist", "title", "time_s")
    yield from valid_events(table.blocks(_COLUMNS), columns, needed=needed, lost=table.lost)


SHAZAM = Reader("shazam", _is_shazam, lambda members, options: OpenedSource(read_shazam(members[0], options.listener)))
