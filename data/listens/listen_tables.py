"""Read tables of listens: users, items, and times or numbers of plays, in columns of well-known or given names."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import polars as pl

from earshot.data.column_words import are_of_albums, are_of_rekordbox
from earshot.data.listens.event_batch import CODES, Batch, codes, valid_events
from earshot.data.listens.listen_columns import (
    NAME_THEM,
    ListenColumns,
    are_of_items,
    are_of_listens,
    are_of_tags,
    find_columns,
    headless_names,
)
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, ReadOptions
from earshot.data.listens.listen_times import TimeForm, seconds, time_form
from earshot.data.tables.table_blocks import SUFFIXES, Table, open_table, plain_column, stripped
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import Layout, header_fields

_TIME_OF_DAY = r"^\s*\d{1,2}:\d\d(?::\d\d)?(?:\s*[AaPp][Mm])?\s*$"
_N_ROWS = 5  # of which one has as many fields as a header, if that is one
_MAX_SHOWN = 40  # letters of a field in an error
_N_SEEN = 10_000  # rows from which the meaning of a column is told


def _is_table(head: Head) -> bool:
    if head.columns:
        return True
    suffix = head.member.suffix
    if head.is_json:
        return suffix in (".jsonl", ".ndjson") and head.text[0] == "{"
    if suffix == ".xlsx":
        return bool(head.sheets)  # one inside an archive has none
    columns = text_columns(head)
    if suffix == ".txt" and not columns:
        return are_of_items([head.first_line])
    plain = {*map(plain_column, columns)}
    is_other = are_of_tags(columns) or are_of_albums(plain) or are_of_rekordbox(plain)
    return not is_other if suffix in SUFFIXES else are_of_listens(columns)


def text_columns(head: Head) -> list[str]:
    """The columns of a table as text, by its beginning; none of prose, and of a list in one column."""
    if "\0" in head.text or head.is_json or head.text.startswith("<"):
        return []
    text = head.text.encode("utf-8", "replace")
    try:
        layout = Layout.detect(text, head.member.title)
    except (ValueError, pl.exceptions.PolarsError):
        return []
    names = (headless_names(layout.first_row) if layout.first_row else None) or layout.names
    rows = text[layout.n_before :].decode("utf-8", "replace").splitlines()[:_N_ROWS]
    is_prose = layout.separator == " " and not layout.first_row
    is_prose |= bool(rows) and all(len(header_fields(row)) != len(names) for row in rows)
    return names if len(names) > 1 and not is_prose else []


def read_listen_table(file: Path | Member, options: ReadOptions | None = None) -> OpenedSource:
    """Read a table of listens; columns that are not given are found by well-known names.

    Without a `level`, items are tracks if a column of tracks is found, else artists. Times are numbers (seconds,
    milli-, micro- or nanoseconds since 1970), ISO 8601 or as in ``31 Dec 2020 23:59``; UTC unless they say otherwise.
    Columns of albums, MBIDs, ISRCs, kinds of events, splits and the part that was played are read if they are found. A
    table without a column of users must have a `listener`.

    Raises
    ------
    ValueError
        The file cannot be read, a given column is not in it, no column holds users or items, or one holds users
        despite a `listener`. Faults further on show when the batches are read.
    """
    return read_table(open_table(file, SUFFIXES, "tables of listens"), options or ReadOptions())


def read_table(table: Table, options: ReadOptions) -> OpenedSource:
    """Read an opened table; see `read_listen_table`."""
    names = headless_names(table.first_row)
    if options.listener and names and len(names) == 3:  # one person's tracks, not a person and a track
        names = ["artist", "track", names[2]]
    if table.first_row and names is None and options.user is None and options.item is None:
        row = ", ".join(field[:_MAX_SHOWN] for field in table.first_row)
        raise ValueError(
            f"{table.name} has no header, and its first row does not tell its columns: {row}.\n\n{NAME_THEM}"
        )
    found = find_columns(table.name, names or table.columns, options)
    return OpenedSource(
        _batches(table, found, dict(zip(table.columns, names or (), strict=False)), options), found.level
    )


def _batches(table: Table, found: ListenColumns, names: dict[str, str], options: ReadOptions) -> Iterator[Batch]:
    """Read the blocks of a table, whose columns get other names if it has no header."""
    theirs = {ours: own for own, ours in names.items()}
    used = [theirs.get(name, name) for name in found.used]
    blocks = (block.rename(names, strict=False) for block in table.blocks(used))
    first_block = next(blocks)
    found = _with_whole_times(found, first_block)
    if found.date and found.time:
        blocks = (_joined(block, found.date, found.time) for block in chain([first_block], blocks))
        first_block = next(blocks)
    optional = {ours: theirs for ours, theirs in found.optional if _has_known_codes(first_block, ours, theirs)}
    exprs = {ours: _optional_expr(ours, theirs) for ours, theirs in optional.items()}
    is_valid = pl.all_horizontal(
        pl.lit(True), *(exprs[ours].is_not_null() | stripped(theirs).is_null() for ours, theirs in optional.items())
    )
    form = time_form(first_block[found.time]) if found.time else TimeForm()
    named = _expressions(found, first_block.schema, options, form) | exprs
    has_artist = found.artist is not None and found.path is None
    needed = ("user", "title", *(("artist",) if has_artist else ()), *(("time_s",) if found.time else ()))
    headless = f"without a header, its columns are read as {', '.join(theirs)}" if names else ""
    notes = tuple(filter(None, (*table.notes, form.note, headless)))
    for batch in valid_events(
        chain([first_block], blocks), named, needed=needed, is_valid=is_valid, shown=found.used, lost=table.lost
    ):
        yield replace(batch, notes=notes)


def _with_whole_times(found: ListenColumns, block: pl.DataFrame) -> ListenColumns:
    """The columns without a date where the times are more than those of the day."""
    if found.date is None or found.time is None or block.schema[found.time] != pl.String:
        return replace(found, date=None)
    are_of_day = block[found.time].head(_N_SEEN).drop_nulls().str.contains(_TIME_OF_DAY)
    return found if len(are_of_day) and are_of_day.all() else replace(found, date=None)


def _joined(block: pl.DataFrame, date: str, time: str) -> pl.DataFrame:
    return block.with_columns(pl.concat_str(stripped(date), stripped(time), separator=" ").alias(time))


def _expressions(found: ListenColumns, schema: pl.Schema, options: ReadOptions, form: TimeForm) -> dict[str, pl.Expr]:
    """The columns of a batch that every table may have."""
    artist, title = stripped(found.artist) if found.artist else pl.lit(None, pl.String), stripped(found.item)
    named = {"user": pl.lit(options.listener) if found.user is None else stripped(found.user)}
    if found.path:  # a file without tags is known by its path
        is_named = artist.is_not_null() & title.is_not_null()
        artist, title = pl.when(is_named).then(artist), pl.when(is_named).then(title).otherwise(stripped(found.path))
        named["path"] = stripped(found.path)
    named |= {"artist": artist, "title": title}
    if found.time:
        named["time_s"] = seconds(pl.col(found.time), schema[found.time], form)
    if found.plays:
        named["plays"] = pl.col(found.plays).cast(pl.Float32, strict=False)
    return named


def _has_known_codes(block: pl.DataFrame, ours: str, theirs: str) -> bool:
    """Tell whether a column of kinds or splits holds a known one; without any it means something else."""
    return ours not in CODES or not block.select(codes(ours, pl.col(theirs)).is_null().all()).item()


def _optional_expr(ours: str, theirs: str) -> pl.Expr:
    if ours in CODES:
        return codes(ours, pl.col(theirs))
    if ours == "ratio":
        return pl.col(theirs).cast(pl.Float32, strict=False) / (100 if plain_column(theirs).endswith("pct") else 1)
    if ours == "played_ms":
        return pl.col(theirs).cast(pl.Float64, strict=False).round().cast(pl.Int32, strict=False)
    return stripped(theirs)


TABLE = Reader("table", _is_table, lambda members, options: read_listen_table(members[0], options))
