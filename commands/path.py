"""`cli path`: a playlist that leads from one track to another in even steps."""

from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.options import (
    SPACES_OF_SOUND,
    artist_gap_option,
    filter_options,
    listener_option,
    output_options,
    require_listener,
    variety_options,
)
from earshot.commands.shared.playlist_files import is_standard_output, playlist_options, write_playlist
from earshot.commands.shared.terminal import echo_rows
from earshot.commands.shared.text_tables import clock, one_line


@click.command()
@click.argument("first")
@click.argument("last")
@click.option("-k", default=10, type=click.IntRange(2, 500), help="How many tracks, with both ends.")
@click.option(
    "--by", "space", metavar="SPACE", default="audio", help=f"What counts. {SPACES_OF_SOUND} tower: who plays it."
)
@artist_gap_option(3)
@variety_options(0.0, "Share of the tracks that sits out by lot, for another path each time; 0 for always the same.")
@click.option("--same-artist/--other-artists", default=None, help="Between the ends only, or never, their artists.")
@filter_options
@listener_option
@playlist_options()
@output_options
@click.pass_obj
def path(
    folder: Path,
    first: str,
    last: str,
    k: int,
    space: str,
    artist_gap: int,
    listener: str | None,
    variety: float,
    seed: int | None,
    playlist: Path | None,
    relative: bool | None,
    output: str | None,
    **filters: Any,
) -> None:
    """List a path of tracks from FIRST to LAST, in which each sounds like the next.

    The path has exactly -k tracks, if so many pass the filters, and steps as small and even as the library allows.
    Each track's angle to the one before is shown, in radians: by sound, two tracks at random are about 1.5 apart.

    FIRST and LAST are what `cli similar` takes as a seed. Of an artist, album, genre, folder or playlist the track that
    is nearest to the other end is taken. The filters are for the tracks between them.

    Example:

    \b
        cli path "blue monday" "clair de lune"
        cli path artist:Air genre:Metal -k 20 --not-genre christmas --m3u tonight.m3u8
        cli path 42 311 --variety 0.3 --seed 7
    """
    from earshot.index.library import Library
    from earshot.index.search.filters import TrackFilters
    from earshot.stages.path import path_tracks

    with Library.open(folder) as library:
        require_listener(library, listener)
        report = path_tracks(
            library, first, last, k, TrackFilters(**filters), space=space, artist_gap=artist_gap, variety=variety,
            seed=seed, listener=listener,
        )  # fmt: skip
    if variety and seed is None:
        click.echo(f"Drawn with --seed {report.seed}.", err=True)
    for note in report.notes:
        click.echo(note, err=True)
    if playlist is not None:
        write_playlist(playlist, [place.track.listed for place in report.tracks], relative)
    if is_standard_output(playlist):
        return
    if output is None:
        click.echo(one_line(f"From {report.first} to {report.last}"))
    rows = []
    for place in report.tracks:
        track = place.track
        angle = None if place.angle is None else round(place.angle, 4)
        row: dict[str, Any] = {"rank": place.rank, "angle": angle, "id": track.id}
        row |= {"artist": track.artist, "title": track.title, "album": track.album, "genre": track.genre}
        row |= {"length": clock(track.duration)} if output is None else {"duration_s": track.duration}
        rows.append(row if output is None else row | {"path": track.path})
    echo_rows(rows, output, "")
