"""What a person sees: rows and lines on stdout, asides and progress on stderr."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import click

T = TypeVar("T")


def echo_rows(rows: Sequence[dict[str, Any]], output: str | None, nothing: str) -> None:
    from index import listing

    if output == "json":
        click.echo(listing.as_json(rows))
    elif output == "csv":
        click.echo(listing.as_csv(rows), nl=False)
    elif rows:
        told = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        click.echo(listing.table([[row[name] for name in told] for row in rows], told, terminal_width()))
    else:
        click.echo(nothing, err=True)


def echo_lines(lines: Iterable[str]) -> None:
    """Sentences, broken between words where they are longer than the terminal is wide; nothing for an empty one."""
    for line in filter(None, lines):
        click.echo(click.wrap_text(line, terminal_width()))


def echo_stream(rows: Iterator[dict[str, Any]], output: str) -> None:
    """As `echo_rows` for programs, of more rows than memory may hold."""
    from index import listing

    for text in listing.json_parts(rows) if output == "json" else listing.csv_parts(rows):
        click.echo(text, nl=False)


def counted(n: int, noun: str) -> str:
    """ "1 user", "2 users"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def echo_some(what: str, items: Sequence[str], n_items: int | None = None) -> None:
    """The first few of many."""
    n_items, shown = n_items or len(items), items[:5]
    if shown and what:
        click.echo(f"  {what}:", err=True)
    for item in shown:
        click.echo(f"    {item}", err=True)
    if n_items > len(shown):
        click.echo(f"    and {n_items - len(shown):,} more", err=True)


def echo_malformed(n_malformed: int, shown: Sequence[str]) -> None:
    if n_malformed:
        click.echo(f"  {n_malformed:,} malformed rows left out:", err=True)
        echo_some("", shown, n_malformed)


def terminal_width() -> int:
    return shutil.get_terminal_size((120, 24)).columns


def progress_bar(total: int | None, what: str, unit: str, *, is_hidden: bool = False) -> Any:
    """A progress bar with rate and ETA on stderr, silent where nobody watches."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, unit=unit, disable=is_hidden or None, dynamic_ncols=True, leave=False)


def progress(items: Iterable[T], what: str, unit: str, total: int | None = None) -> Iterator[T]:
    with progress_bar(total, what, unit) as bar:
        for item in items:
            yield item
            bar.update()


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """What is wrong with a file that was given, as one message."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}.") from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
