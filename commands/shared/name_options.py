"""Translate the names of an imported file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.options import EXISTING_FILE
from earshot.commands.shared.terminal import plural

if TYPE_CHECKING:
    from earshot.index.tracks.name_resolution import NodeMatch


def names_options(command: Callable) -> Callable:
    """Options that say how the names of an imported file are to be understood."""
    options = [
        click.option(
            "--names", type=EXISTING_FILE, metavar="TABLE", help="A table that says what the file's names mean."
        ),
        click.option("--names-key", metavar="COLUMN", help="Of that table, with the file's names; else looked for."),
        click.option("--names-value", metavar="COLUMN", help="Of that table, with their meanings; else looked for."),
        click.option(
            "--names-are",
            type=click.Choice(["auto", "names", "ids"]),
            default="auto",
            show_default=True,
            help="auto takes digits for the library's own ids when all of them exist.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def map_names(
    words: Sequence[str],
    level: str | None,
    file: Path,
    *,
    names: Path | None,
    names_key: str | None,
    names_value: str | None,
    names_are: str,
) -> tuple[Sequence[str], str | None, dict[str, Any]]:
    """A file's names in the library's words; what they are, where columns say it; how they are to be matched."""
    from earshot.data.tables.name_tables import level_of, translate

    folders = [str(file.absolute().parent)]
    if names is not None:
        found = translate(words, names, key=names_key, value=names_value, level=level or "")
        level = level or level_of(found.value, found.key)
        click.echo(
            f"{found.n_known:,} of {len(words):,} names stand in {names.name}: {found.key} means {found.value}",
            err=True,
        )
        words, names_are, folders = found.names, "names", [str(names.absolute().parent), *folders]
    return words, level, {"names_are": names_are, "folders": folders}


def echo_nodes(nodes: "NodeMatch", level: str, words: Sequence[str]) -> None:
    meant = ", taken as the library's own ids" if nodes.were_ids else ""
    click.echo(
        f"  of {plural(nodes.n_nodes, level)} named{meant}, {nodes.n_matched:,} were known and {nodes.n_with_audio:,}"
        " have audio"
    )
    if not nodes.were_ids and words and all(word.isdecimal() for word in words):
        click.echo(
            f"  These names are numbers: numbers of any other file would mean the same {level}s. Where a table says"
            " what they mean, give it with --names.",
            err=True,
        )
