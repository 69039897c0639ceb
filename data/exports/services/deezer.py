"""Read the sheet ``10_listeningHistory`` of the workbook that Deezer sends, or what was saved of it as CSV."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_times import seconds, time_form
from earshot.data.tables.table_blocks import SUFFIXES, list_columns, open_table, stripped
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import header_fields

_SHEET = "10_listeningHistory"
_COLUMNS = {"Song Title", "Artist", "Album Title", "ISRC", "Listening Time", "Date"}


def _is_deezer(head: Head) -> bool:
    if head.sheets:
        return _SHEET in head.sheets
    return head.member.suffix in SUFFIXES and set(header_fields(head.first_line)) >= _COLUMNS


def read_deezer(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the plays; dates are UTC, and for how long something was played is in seconds.

    A spreadsheet that saves the sheet as text writes dates in the way of its country.
    """
    table = open_table(member, sheet=_SHEET)
    if missing := sorted(_COLUMNS.difference(table.columns)):
        raise ValueError(f"{table.name} has no columns {', '.join(missing)}; it has {list_columns(table.columns)}")
    blocks = table.blocks(sorted(_COLUMNS))
    first = next(blocks)
    form = time_form(first["Date"])
    played_s = pl.col("Listening Time").str.replace(",", ".").cast(pl.Float64, strict=False)
    columns = {
        "user": pl.lit(listener or ME),
        "artist": stripped("Artist"),
        "title": stripped("Song Title"),
        "album": stripped("Album Title"),
        "isrc": stripped("ISRC"),
        "time_s": seconds(pl.col("Date"), pl.String(), form),
        "played_ms": (pl.when(played_s >= 0).then(played_s) * 1_000).round().cast(pl.Int32, strict=False),
    }
    needed = ("artist", "title", "time_s")
    for batch in valid_events(chain([first], blocks), columns, needed=needed, lost=table.lost):
        yield replace(batch, notes=tuple(filter(None, (*table.notes, form.note))))


DEEZER = Reader("deezer", _is_deezer, lambda members, options: OpenedSource(read_deezer(members[0], options.listener)))
