"""Read RecBole's data sets: ``.inter``, a table of tabs whose columns say their type, as in ``user_id:token``.

https://recbole.io/docs/user_guide/data/atomic_files.html
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, ReadOptions
from earshot.data.listens.listen_tables import read_table
from earshot.data.tables.table_blocks import COLUMN_TYPE, Table
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import Layout, rows_of_layout

_HEAD_BYTES = 65_536
_ITEMS = ("item_id", "track_id", "tracks_id", "song_id", "music_id", "artist_id")


def _is_recbole(head: Head) -> bool:
    fields = head.first_line.split("\t")
    return len(fields) > 1 and all(COLUMN_TYPE.search(field.strip()) for field in fields)


def _open(members: Sequence[Member], options: ReadOptions) -> OpenedSource:
    member = members[0]
    with member.open_text() as file:
        head = file.read(_HEAD_BYTES)
    layout = Layout.detect(head, member.title)
    layout = replace(layout, names=[COLUMN_TYPE.sub("", name.strip()) for name in layout.names], quote=None)
    schema = dict.fromkeys(layout.names, pl.String())
    table = Table(member.title, schema, lambda columns, lost: rows_of_layout(member, layout, columns, lost))
    item = options.item or next((name for name in _ITEMS if name in layout.names), None)
    return read_table(table, replace(options, item=item))


RECBOLE = Reader("recbole", _is_recbole, _open, names_users=True)
