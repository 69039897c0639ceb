"""`cli similar`: tracks that are near, by sound or by who plays them."""

from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.playlist_files import PLAYLIST_HELP, is_standard_output, write_playlist
from earshot.commands.shared.terminal import echo_rows


@click.command()
@click.argument("seeds", nargs=-1, required=True)
@click.option("--unlike", multiple=True, metavar="TRACK", help="Search away from this track; may be repeated.")
@click.option(
    "--by",
    "space",
    metavar="SPACE",
    default="audio",
    help="audio: how it sounds. diffused: sound spread by cli diffuse-audio. tower, or towers: who plays it, by"
    " cli train-tower. both: sound and tower, by rank fusion. Or a space that an import brought, such as yambda.",
)
@click.option("-k", default=10, type=click.IntRange(1), help="How many tracks.")
@click.option("--max-per-artist", default=3, type=click.IntRange(1), help="At most this many tracks of one artist.")
@click.option("--max-per-album", type=click.IntRange(1), help="At most this many of one album.")
@click.option("--fewer-hubs", is_flag=True, help="Rank down tracks that sound a little like everything.")
@click.option("--same-artist/--other-artists", default=None, help="Only, or never, the seeds' artists.")
@click.option("--genre", help="Only tracks whose genre tag contains this.")
@click.option("--min-duration", type=float, metavar="SECONDS", help="Only tracks at least this long.")
@click.option("--max-duration", type=float, metavar="SECONDS", help="Only tracks at most this long.")
@click.option("--why", is_flag=True, help="Show the moments that sound most alike.")
@click.option("--m3u", type=click.Path(path_type=Path, dir_okay=False), help=PLAYLIST_HELP)
@output_options
@click.pass_obj
def similar(
    folder: Path,
    seeds: tuple[str, ...],
    unlike: tuple[str, ...],
    space: str,
    why: bool,
    m3u: Path | None,
    output: str | None,
    **filters: Any,
) -> None:
    """List the tracks that sound like SEEDS, or are played by the same people: paths, ids, or words of titles.

    A file outside the library is embedded on the spot. The seeds and their copies are left out.

    Example:

    \b
        cli similar "blue monday" --other-artists --why
        cli similar new_song.mp3 other.flac --unlike 42 -k 30 --m3u mix.m3u8
        cli similar "a song I only know from playlists" --by diffused
        cli similar "blue monday" --by both
    """
    from earshot.commands.shared import text_tables
    from earshot.commands.shared.output_rows import match_rows
    from earshot.index.library import Library
    from earshot.index.search.filters import SearchFilters
    from earshot.index.vectors.spaces import TOWER
    from earshot.stages.similar import similar_tracks

    with Library.open(folder) as library:
        report = similar_tracks(
            library,
            seeds,
            SearchFilters(**filters),
            unlike=unlike,
            space=TOWER if space == "towers" else space,
            why=why,
        )
    for warning in report.warnings:
        click.echo(warning, err=True)
    if m3u is not None:
        write_playlist(m3u, [match.track for match in report.matches])
    if is_standard_output(m3u):
        return
    if output is None:
        title = " + ".join(report.seeds) + "".join(f" - {name}" for name in report.unlike)
        click.echo(text_tables.one_line(f"Similar to {title}"))
    echo_rows(
        match_rows(report, why=why, plain=output is None), output, "No track in the library passes these filters."
    )
    if report.copies and output is None:
        click.echo(f"Left out as copies: {', '.join(str(track.id) for track in report.copies)}", err=True)
