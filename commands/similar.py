"""`cli similar`: tracks that are near, by sound or by who plays them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.options import (
    SPACES_OF_SOUND,
    copies_option,
    filter_options,
    listener_option,
    output_options,
    require_listener,
)
from earshot.commands.shared.playlist_files import is_standard_output, playlist_options, write_playlist
from earshot.commands.shared.terminal import add_copies, echo_rows
from earshot.commands.shared.text_tables import clock, one_line

if TYPE_CHECKING:
    from earshot.index.search.similarity_search import Match


@click.command()
@click.argument("seeds", nargs=-1, required=True)
@click.option("--unlike", multiple=True, metavar="TRACK", help="Search away from this track; may be repeated.")
@click.option(
    "--by",
    "space",
    metavar="SPACE",
    default="audio",
    help=f"What counts. {SPACES_OF_SOUND} tower, or towers: who plays it, by cli train-tower. both: sound and tower, by"
    " rank fusion. Or a space that an import brought, such as yambda.",
)
@click.option("-k", default=10, type=click.IntRange(1), help="How many tracks.")
@click.option("--max-per-artist", default=3, type=click.IntRange(1), help="At most this many tracks of one artist.")
@click.option("--max-per-album", type=click.IntRange(1), help="At most this many of one album.")
@click.option("--fewer-hubs", is_flag=True, help="Rank down tracks that sound a little like everything.")
@click.option("--same-artist/--other-artists", default=None, help="Only, or never, the seeds' artists.")
@filter_options
@listener_option
@click.option("--why", is_flag=True, help="Show the moments that sound most alike.")
@copies_option
@playlist_options()
@output_options
@click.pass_obj
def similar(
    folder: Path,
    seeds: tuple[str, ...],
    unlike: tuple[str, ...],
    space: str,
    why: bool,
    listener: str | None,
    copies: bool,
    playlist: Path | None,
    relative: bool | None,
    output: str | None,
    **filters: Any,
) -> None:
    """List the tracks that sound like SEEDS, or are played by the same people.

    A seed is a track, or all tracks of an artist, album, genre, folder or playlist, which count together as one: its
    name, a path, a file:// address, or words of title, artist and album. If several answer, they are listed with what
    to type: id:22, artist:311, "album:Queen - Jazz". A number alone is an id, unless it is a name too. A file outside
    the library is embedded on the spot. The seeds and their copies are left out. After -- a name may begin with a dash.

    Example:

    \b
        cli similar "blue monday" --other-artists --why
        cli similar "gipsy kings" genre:flamenco ~/Music/mix.m3u8
        cli similar new_song.mp3 other.flac --unlike 42 -k 30 --m3u mix.m3u8
        cli similar "a song I only know from playlists" --by diffused
        cli similar "blue monday" --by both
    """
    from earshot.index.library import Library
    from earshot.index.recordings.copy_list import other_files
    from earshot.index.search.filters import SearchFilters
    from earshot.index.vectors.spaces import TOWER
    from earshot.stages.similar import similar_tracks

    with Library.open(folder) as library:
        require_listener(library, listener)
        space = TOWER if space == "towers" else space
        report = similar_tracks(
            library, seeds, SearchFilters(**filters), unlike=unlike, space=space, why=why, listener=listener
        )
        others = other_files(library, [match.track.id for match in report.matches]) if copies else None
    for warning in report.warnings:
        click.echo(warning, err=True)
    if playlist is not None:
        write_playlist(playlist, [match.track.listed for match in report.matches], relative)
    if is_standard_output(playlist):
        return
    if output is None:
        title = " + ".join(report.seeds) + "".join(f" - {name}" for name in report.unlike)
        click.echo(one_line(f"Similar to {title}"))
    rows = [_row(match, report.spaces, why=why, plain=output is None) for match in report.matches]
    add_copies(rows, others, output)
    echo_rows(rows, output, "No other track in the library passes these filters.")
    if report.is_far and output is None:
        click.echo("Nothing here sounds like it: two tracks at random may score as much.", err=True)
    if report.copies and output is None:
        click.echo(f"Left out as copies: {', '.join(str(track.id) for track in report.copies)}", err=True)


def _row(match: "Match", spaces: Sequence[str], *, why: bool, plain: bool) -> dict[str, Any]:
    """A match as a row; `why` adds the moment that sounds most alike, `plain` is for a reader, who needs no path."""
    track, moment = match.track, match.moment
    score = f"{match.score:.4f}" if plain else round(match.score, 6)
    row: dict[str, Any] = {"rank": match.rank, "score": score, "id": track.id}
    row |= {"artist": track.artist, "title": track.title, "album": track.album, "genre": track.genre}
    row |= {"length": clock(track.duration)} if plain else {"duration_s": track.duration}
    row |= {f"{space}_rank": match.ranks.get(space) for space in spaces}
    if why and plain:
        row["why"] = f"{clock(moment.seed_start)} sounds like {clock(moment.match_start)}" if moment else None
    elif why and moment:
        row |= {"seed_start": moment.seed_start, "match_start": moment.match_start, "moment_score": moment.score}
    return row if plain else row | {"path": track.path}
