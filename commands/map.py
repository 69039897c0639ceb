"""`cli map`: all tracks on one sheet, laid out by UMAP."""

from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.options import NEW_FILE, SPACES_OF_SOUND
from earshot.commands.shared.terminal import last_report


@click.command()
@click.option(
    "--space",
    metavar="SPACE",
    default="audio",
    help=f"What counts. {SPACES_OF_SOUND} tower: who plays it, by cli train-tower. Or a space that an import brought,"
    " such as yambda.",
)
@click.option(
    "--color", type=click.Choice(["genre", "artist", "album"]), default="genre", help="The tag that colors the dots."
)
@click.option("--out", type=NEW_FILE, metavar="FILE.png", help="A picture.  [default: map.png, without --html]")
@click.option("--html", type=NEW_FILE, metavar="FILE.html", help="A page for a browser, with names; one file.")
@click.option(
    "--limit", default=50_000, type=click.IntRange(1), help="Draw a random sample of so many, if there are more tracks."
)
@click.option("--seed", default=0, help="Of the sample and of the layout.")
@click.pass_obj
def map(folder: Path, out: Path | None, html: Path | None, color: str, **options: Any) -> None:
    """Draw all tracks on one sheet: what is near in a vector space is near there (UMAP).

    Only neighbourhoods mean something: the distance between two clusters says little. The page shows names under the
    mouse and copies an id on a click; it needs no network.

    Example:

    \b
        cli map
        cli map --space tower --color artist --html map.html
    """
    from earshot.index.library import Library
    from earshot.stages.map import MapReport, draw_map

    out = Path("map.png") if out is None and html is None else out
    with Library.open(folder) as library, user_errors():
        report = last_report(draw_map(library, out, html, color=color, **options), MapReport)
    if not report.is_colored:
        click.echo(f"All dots are grey: no track has a tag for {color}; `cli import-tags` brings tags in.", err=True)
    for path in report.paths:
        click.echo(f"{path} written: {report.title}")
