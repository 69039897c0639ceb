"""Output of commands: rows and lines on stdout; notes, errors and progress on stderr."""

import contextlib
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from earshot.commands.shared import text_tables
from earshot.commands.shared.console import SafeOutput, printable, terminal_width
from earshot.data.files.path_encoding import escaped
from earshot.stages.shared.reports import Progress

if TYPE_CHECKING:
    from earshot.index.tracks.track_lookup import TrackRow

T = TypeVar("T")


def echo_rows(rows: Sequence[dict[str, Any]], output: str | None, nothing: str) -> None:
    """Print rows as JSON, as CSV, or as a table without its empty columns; `nothing` if a table has no row."""
    if output == "json":
        echo_json(rows, indent=2)
    elif output == "csv":
        echo_csv(text_tables.as_csv(rows))
    elif rows:
        columns = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        click.echo(text_tables.table([[row[name] for name in columns] for row in rows], columns, table_width()))
    else:
        click.echo(nothing, err=True)


def add_copies(
    rows: Sequence[dict[str, Any]], others: Mapping[int, Sequence["TrackRow"]] | None, output: str | None
) -> None:
    """Add to rows with an `id` the other files of its recording: paths in JSON, else ids; nothing for None."""
    for row in rows if others is not None else ():
        tracks = (others or {}).get(row["id"], ())
        ids = " ".join(str(track.id) for track in tracks)
        row["copies"] = [track.path for track in tracks if track.path] if output == "json" else ids or None


def echo_json(value: object, indent: int | None = None) -> None:
    """Print a value as JSON that moves no cursor."""
    click.echo(text_tables.json_text(value, indent, is_ascii=_lacks_letters()))


def echo_lines(lines: Iterable[str]) -> None:
    """Print sentences, wrapped to the width of the terminal; empty ones are left out."""
    for line in filter(None, lines):
        click.echo(click.wrap_text(line, terminal_width()))


def echo_stream(rows: Iterator[dict[str, Any]], output: str) -> None:
    """Print rows as JSON or CSV, one after the other: there may be more than memory holds."""
    if output == "json":
        for text in text_tables.json_parts(rows, is_ascii=_lacks_letters()):
            click.echo(text, nl=False)
    else:
        for text in text_tables.csv_parts(rows):
            echo_csv(text)


def _lacks_letters() -> bool:
    """Tell whether standard output is of an encoding that has not all letters."""
    return "utf" not in (getattr(sys.stdout, "encoding", None) or "utf").lower()


def echo_csv(text: str) -> None:
    """Print CSV: unchanged for a program, made safe for a terminal."""
    if isinstance(sys.stdout, SafeOutput) and not sys.stdout.isatty():
        sys.stdout.write_exactly(text)
    else:
        click.echo(text, nl=False)


def plural(n: int, noun: str) -> str:
    """ "1 user", "2 users"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def echo_some(what: str, items: Sequence[str], n_items: int | None = None) -> None:
    """Print the first few of many items, each in one line."""
    n_items, shown = n_items or len(items), items[:5]
    if shown and what:
        click.echo(f"  {what}:", err=True)
    for item in shown:
        click.echo(f"    {in_one_line(item)}", err=True)
    if n_items > len(shown):
        click.echo(f"    and {n_items - len(shown):,} more", err=True)


def in_one_line(message: str) -> str:
    """Join the paragraphs of a message, and escape names that would begin another line."""
    return escaped(message.replace("\n\n", " "))  # between what is wrong and what to type


def echo_malformed(n_malformed: int, shown: Sequence[str]) -> None:
    """Print how many rows of a file were left out, and the first of them."""
    if n_malformed:
        click.echo(f"  {n_malformed:,} malformed rows left out:", err=True)
        echo_some("", shown, n_malformed)


def table_width() -> int | None:
    """Width of a line of a table, in cells; None, for any width, if no terminal shows it."""
    return terminal_width() if sys.stdout is not None and sys.stdout.isatty() else None


def progress_bar(total: int | None, what: str, unit: str) -> Any:
    """A progress bar with rate and ETA on stderr; hidden if that is no terminal."""
    from tqdm import tqdm

    # It moves the cursor, which `SafeOutput` would not let it.
    file = _Exactly(sys.stderr) if isinstance(sys.stderr, SafeOutput) else None
    return tqdm(total=total, desc=printable(what), unit=unit, disable=None, file=file, dynamic_ncols=True, leave=False)


class _Exactly:
    """A stream for tqdm, past the safety of `SafeOutput`."""

    def __init__(self, stream: SafeOutput) -> None:
        self._stream = stream
        self.write, self.flush, self.isatty, self.fileno = (
            stream.write_exactly, stream.flush, stream.isatty, stream.fileno,
        )  # fmt: skip
        self.encoding = stream.encoding


def drawn(reports: Generator[Progress | T, None, None]) -> Iterator[T]:
    """Run a stage: draw its progress, and yield its other reports."""
    bar: Any = None
    phase = None  # of the bar
    with contextlib.closing(reports), contextlib.ExitStack() as opened:
        for report in reports:
            if not isinstance(report, Progress):
                opened.close()  # erases the bar
                phase = None
                yield report
                continue
            if report.phase != phase:
                opened.close()
                phase, bar = report.phase, progress_bar(report.total, report.phase, report.unit)
                opened.callback(bar.close)
            bar.update(report.done - bar.n)
            bar.set_postfix_str(report.detail)


def last_report(reports: Generator[Any, None, None], kind: type[T]) -> T:
    """Run a stage: draw its progress, show its other reports, and return the last one, which is of this kind."""
    last = None
    for report in drawn(reports):
        if isinstance(report, kind):
            last = report
        else:
            click.echo(str(report), err=True)
    assert last is not None, f"a stage ends with its {kind.__name__}"
    return last


def progress(items: Iterable[T], what: str, unit: str, total: int | None = None) -> Iterator[T]:
    """Pass items on, and draw a progress bar beside."""
    with progress_bar(total, what, unit) as bar:
        for item in items:
            yield item
            bar.update()
