"""`cli map`: all tracks on one sheet, laid out by UMAP."""

from pathlib import Path

import click

from earshot.commands.shared.options import NEW_FILE
from earshot.commands.shared.terminal import user_errors


@click.command("map")
@click.option(
    "--space",
    metavar="SPACE",
    default="audio",
    show_default=True,
    help="audio: how it sounds. diffused: sound spread by cli diffuse-audio. tower: who plays it, by cli train-tower."
    " Or a space that an import brought, such as yambda.",
)
@click.option(
    "--color",
    type=click.Choice(["genre", "artist", "album"]),
    default="genre",
    show_default=True,
    help="The tag that colors the dots.",
)
@click.option("--out", type=NEW_FILE, metavar="FILE.png", help="A picture.  [default: map.png, without --html]")
@click.option("--html", type=NEW_FILE, metavar="FILE.html", help="A page for a browser, with names; one file.")
@click.option(
    "--limit",
    default=50_000,
    show_default=True,
    type=click.IntRange(1),
    help="Draw a random sample of so many, if there are more tracks.",
)
@click.option("--seed", default=0, show_default=True, help="Of the sample and of the layout.")
@click.pass_obj
def draw_map(folder: Path, space: str, color: str, out: Path | None, html: Path | None, limit: int, seed: int) -> None:
    """Draw all tracks on one sheet: what is near in a vector space is near there (UMAP).

    Only neighbourhoods mean something: the distance between two clusters says little. The page shows names under the
    mouse and copies an id on a click; it needs no network.

    Example:

    \b
        cli map
        cli map --space tower --color artist --html map.html
    """
    from earshot.graph.drawing.map_colors import color_by
    from earshot.graph.drawing.map_page import write_map_page
    from earshot.graph.drawing.map_picture import check_picture_format
    from earshot.graph.drawing.map_picture import draw_map as draw_picture
    from earshot.graph.drawing.umap_layout import map_layout
    from earshot.index.library import Library
    from earshot.index.search.map_sample import read_map
    from earshot.index.vectors.spaces import require_vectors, spaces

    out = Path("map.png") if out is None and html is None else out
    with user_errors():  # before the work, not after it
        for path in filter(None, (out, html)):
            path.absolute().parent.resolve(strict=True)
        if out is not None:
            check_picture_format(out)
    with Library.open(folder) as library:
        require_vectors(library, space)
        sample, names = read_map(library, space, limit, seed), ", ".join(spaces(library)) or "none"
    n_tracks = len(sample.tracks)
    if not n_tracks:
        raise click.ClickException(f"No track has a vector in the space {space!r}; this library has {names}.")
    of_all = f" of {sample.n_all:,}" if n_tracks < sample.n_all else ""
    click.echo(f"placing {n_tracks:,} tracks{of_all}{', a sample (--limit)' if of_all else ''} ...", err=True)
    places = map_layout(sample.vectors, seed=seed)
    coloring = color_by([getattr(track, color) for track in sample.tracks], several=color == "genre")
    title = f"{n_tracks:,} tracks{of_all} by {space}, colored by {color}"
    with user_errors():
        if out is not None:
            draw_picture(out, places, coloring, title=title)
        if html is not None:
            write_map_page(
                html, places, coloring, title=title,
                ids=[track.id for track in sample.tracks],
                names=[track.name for track in sample.tracks],
                details=[" · ".join(filter(None, (track.album, track.genre))) for track in sample.tracks],
            )  # fmt: skip
    if not coloring.names:
        click.echo(f"All dots are grey: no track has a tag for {color}; `cli import-tags` brings tags in.", err=True)
    for path in filter(None, (out, html)):
        click.echo(f"{path} written: {title}")
