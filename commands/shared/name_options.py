"""Options on the meaning of the names in an imported file, and lines on how many of them matched."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earshot.commands.shared.options import EXISTING_FILE, all_of
from earshot.commands.shared.terminal import plural

if TYPE_CHECKING:
    from earshot.index.tracks.name_resolution import NodeMatch
    from earshot.stages.shared.name_mapping import MappedNames


names_options = all_of(  # on the meaning of the names in an imported file
    click.option("--names", type=EXISTING_FILE, metavar="TABLE", help="A table that says what the file's names mean."),
    click.option(
        "--names-key", metavar="COLUMN", help="The column of that table with the file's names; detected if left out."
    ),
    click.option(
        "--names-value", metavar="COLUMN", help="The column of that table with their meanings; detected if left out."
    ),
    click.option(
        "--names-are",
        type=click.Choice(["auto", "names", "ids"]),
        default="auto",
        help="The meaning of numbers. ids: of this library. auto: names, as those of another program are.",
    ),
)


def echo_translation(mapped: "MappedNames", table: Path | None) -> None:
    """Print how many names the table translates, if there is one."""
    translation = mapped.translation
    if table is not None and translation is not None:
        click.echo(
            f"{translation.n_known:,} of {len(translation.names):,} names stand in {table.name}:"
            f" {translation.key} means {translation.value}",
            err=True,
        )


def node_counts(nodes: "NodeMatch") -> dict[str, int]:
    """The numbers of `echo_nodes` for programs."""
    return {"n_nodes": nodes.n_nodes, "n_matched": nodes.n_matched, "n_with_audio": nodes.n_with_audio}


def echo_nodes(nodes: "NodeMatch", level: str, words: Sequence[str]) -> None:
    """Print how many tracks, albums or artists were named and matched."""
    meant = ", taken as the library's own ids" if nodes.were_ids else ""
    click.echo(
        f"  of {plural(nodes.n_nodes, level)} named{meant}, {nodes.n_matched:,} were known and {nodes.n_with_audio:,}"
        " have audio"
    )
    if not nodes.were_ids and words and all(word.isdecimal() for word in words):
        click.echo(
            f"  These names are numbers: numbers of any other file would mean the same {level}s. Where a table says"
            " what they mean, give it with --names; if they are ids of this library, add --names-are ids.",
            err=True,
        )
