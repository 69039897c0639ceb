"""Read the CSV of Libre.fm, whose header stands below some lines of comment."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_times import seconds
from earshot.data.tables.table_blocks import stripped
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import Layout, rows_of_layout

_HEADER = re.compile(rb"^\xef?\xbb?\xbf?\"?Artist\"?,\"?Track\"?,\"?Album\"?,\"?Time\b", re.MULTILINE)
_MARK = "libre.fm"  # in the first line; without it, the file is a table like last.fm's
_HEAD_BYTES = 65_536


def _is_librefm(head: Head) -> bool:
    return _MARK in head.first_line.lower() and _HEADER.search(head.text.encode("utf-8", "replace")) is not None


def read_librefm(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the scrobbles, which are times since 1970 in seconds."""
    with member.open_text() as file:
        head = file.read(_HEAD_BYTES)
    header = _HEADER.search(head)
    n_before = header.start() if header else 0
    layout = Layout.detect(head[n_before:], member.title)
    lost: Counter[str] = Counter()
    blocks = rows_of_layout(member, replace(layout, n_before=layout.n_before + n_before), layout.names, lost)
    columns = {
        "user": pl.lit(listener or ME), "artist": stripped("Artist"), "title": stripped("Track"),
        "album": stripped("Album"), "time_s": seconds(pl.col("Time"), pl.String()),
    }  # fmt: skip
    yield from valid_events(blocks, columns, needed=("artist", "title", "time_s"), lost=lost)


LIBREFM = Reader(
    "librefm", _is_librefm, lambda members, options: OpenedSource(read_librefm(members[0], options.listener))
)
