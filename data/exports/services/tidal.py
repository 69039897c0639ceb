"""Read ``streaming.csv`` of the data that TIDAL sends."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, json_number
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.table_blocks import open_table
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import header_fields

_COLUMNS = {"artist_name", "track_title", "entry_date"}
_DATE = "%d/%m/%Y %H:%M"


def _is_tidal(head: Head) -> bool:
    return head.member.suffix == ".csv" and set(header_fields(head.first_line)) >= _COLUMNS


def read_tidal(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the tracks; times are of the zone in their row, UTC where it is none."""
    rows = (block.to_dicts() for block in open_table(member).blocks())
    yield from entry_batches(rows, _facts, listener)


def _facts(row: Facts) -> Facts | str:
    if (row.get("product_type") or "TRACK").upper() != "TRACK":
        return "videos and other products"
    date = row.get("entry_date") or "missing"
    try:
        parsed = datetime.strptime(date.strip(), _DATE).replace(tzinfo=_zone(row.get("time_zone") or ""))
        date = str(int(parsed.timestamp()))
    except ValueError:
        pass  # perhaps ISO 8601
    try:
        played_ms = json_number(float(row.get("stream_duration_ms") or "nan"))
    except ValueError:
        played_ms = None
    return {"artist": row["artist_name"], "title": row["track_title"], "time": date, "played_ms": played_ms}


@lru_cache(maxsize=100)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name.strip())
    except (KeyError, ValueError, OSError):  # no such zone, or no name of one at all
        return UTC


TIDAL = Reader("tidal", _is_tidal, lambda members, options: OpenedSource(read_tidal(members[0], options.listener)))
