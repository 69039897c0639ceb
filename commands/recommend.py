"""`cli recommend`: tracks for a user, for a new one, or for all users."""

from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.options import (
    EXISTING_FILE,
    copies_option,
    filter_options,
    output_options,
    popularity_option,
)
from earshot.commands.shared.playlist_files import (
    is_standard_output,
    playlist_options,
    write_playlist,
    write_playlists,
)
from earshot.commands.shared.terminal import add_copies, echo_rows, echo_some, echo_stream, last_report, plural
from earshot.commands.shared.text_tables import one_line


@click.command()
@click.argument("user", required=False)
@click.option("--all", "to_all", is_flag=True, help="To every listener, into the table `recommendations`.")
@click.option("--like", multiple=True, metavar="TRACK", help="To a new listener who likes this; may be repeated.")
@click.option(
    "--history",
    type=EXISTING_FILE,
    metavar="FILE",
    help="To a new listener who played these, the latest last: a playlist, or a text such as a tracklist.",
)
@click.option(
    "--seed-track",
    metavar="TRACK",
    help="The track that plays now, to recommend what to play after it; alone, or with USER, --like or --history.",
)
@click.option("-k", default=10, type=click.IntRange(1), help="Number of tracks.")
@click.option("--novel/--repeats", default=True, help="Leave out what the listener has played, or list it too.")
@click.option(
    "--max-per-artist",
    default=3,
    type=click.IntRange(1),
    help="At most this many tracks of one artist; of several artists on a track the first counts.",
)
@popularity_option("Weight of the log of a track's share of all plays in its score.")
@filter_options
@copies_option
@playlist_options(or_folder=" With --all a folder of M3U.")
@output_options
@click.pass_obj
def recommend(
    folder: Path,
    user: str | None,
    to_all: bool,
    like: tuple[str, ...],
    history: Path | None,
    seed_track: str | None,
    copies: bool,
    playlist: Path | None,
    relative: bool | None,
    output: str | None,
    **options: Any,
) -> None:
    """Recommend tracks to USER, a listener of the imported listens, or to a new listener by what they like.

    TRACK is what `cli similar` takes as a seed: a track, or all those of an artist, album, genre, folder or playlist.
    A text has a track on each line: `Artist - Title`, `Title by Artist` or a path, also behind a number or a time and
    before a [label]. What the library does not know is left out and listed; a number alone is a name.

    A new listener needs no training: what they played is enough. If the towers are two-tower, a new track needs none
    either, as long as it has audio or an artist. With --all the lists of all listeners replace the earlier ones when
    the last of them is made; interrupted, the same command goes on where it was.

    Example:

    \b
        cli recommend alice
        cli recommend alice --seed-track "blue monday" --popularity -0.02
        cli recommend --like "blue monday" --like 42 --m3u mix.m3u8
        cli recommend --history played.txt --repeats
        cli recommend --all -k 50
    """
    n_given = (user is not None) + bool(like) + (history is not None)
    if to_all and (n_given or seed_track is not None):
        raise click.UsageError("--all is for every listener: without USER, --like, --history and --seed-track.")
    if not to_all and (n_given > 1 or (not n_given and seed_track is None)):
        raise click.UsageError("Give one of USER, --like TRACK or --history FILE, or --seed-track TRACK, or --all.")
    filters = {name: options.pop(name) for name in ("genre", "not_genre", "under", "min_duration", "max_duration")}
    if to_all and any(value not in (None, ()) for value in filters.values()):
        raise click.UsageError("The lists of --all know no filters; ask for one list, or leave them out.")
    if to_all:
        _recommend_to_all(folder, playlist, relative, output, **options)
    else:
        options |= {"user": user, "liked": like, "seed_track": seed_track, "filters": filters}
        _recommend_to_one(folder, history, playlist, relative, output, copies=copies, **options)


def _recommend_to_one(
    folder: Path,
    history: Path | None,
    playlist: Path | None,
    relative: bool | None,
    output: str | None,
    *,
    copies: bool,
    **request: Any,
) -> None:
    """Print one list, and write its playlist."""
    from earshot.data.playlists.playlist_reader import read_history
    from earshot.index.library import Library
    from earshot.index.recordings.copy_list import other_files
    from earshot.index.search.filters import TrackFilters
    from earshot.stages.recommend import recommend_tracks

    if playlist is not None and playlist.is_dir():
        raise click.UsageError(f"{playlist} is a folder; one playlist is a file, such as {playlist / 'mix.m3u8'}.")
    with user_errors():
        played = [] if history is None else read_history(history)
    filters = TrackFilters(**request.pop("filters"))
    with Library.open(folder) as library:
        places = recommend_tracks(library, history=played, filters=filters, **request)
        others = other_files(library, [place.track.id for place in places]) if copies else None
    if places.strangers:
        click.echo(f"{plural(len(places.strangers), 'track')} in {history} not in the library:", err=True)
        echo_some("", places.strangers)
    if playlist is not None:
        write_playlist(playlist, [place.track.listed for place in places], relative)
    if is_standard_output(playlist):
        return
    if output is None:
        click.echo(one_line(f"Recommended {places.asked}"))
    repeats = "; --repeats also lists what was played." if request["novel"] else "."
    passing = "" if filters == TrackFilters() else " that passes the filters"
    nothing = f"Nothing{passing} is left to recommend{repeats}"
    rows = []
    for place in places:
        track = place.track
        row: dict[str, Any] = {"rank": place.rank, "score": round(place.score, 4), "id": track.id}
        row |= {"artist": track.artist, "title": track.title, "album": track.album}
        rows.append(row if output is None else row | {"path": track.path})
    add_copies(rows, others, output)
    echo_rows(rows, output, nothing)


def _recommend_to_all(
    folder: Path, playlist: Path | None, relative: bool | None, output: str | None, **options: Any
) -> None:
    """Fill the table of recommendations, or go on with what a killed run left; print it, and write playlists."""
    from earshot.index.library import Library
    from earshot.index.recommending.recommendation_table import listed_files, stored_recommendations
    from earshot.stages.recommend import RecommendAllReport, recommend_to_all

    if is_standard_output(playlist):
        raise click.UsageError(
            f"--all writes a folder of playlists, and {playlist} is none; name a folder: --m3u playlists."
        )
    if playlist is not None and playlist.exists() and not playlist.is_dir():
        raise click.UsageError(f"{playlist} is a file; with --all, --m3u names a folder of playlists.")
    with Library.open_to_write(folder) as library:
        report = last_report(recommend_to_all(library, **options), RecommendAllReport)
        if playlist is not None:
            write_playlists(playlist, listed_files(library), relative)
        if output is not None:
            echo_stream(stored_recommendations(library), output)
    click.echo(
        f"{plural(report.n_recommendations, 'recommendation')} to {plural(report.n_users, 'listener')}"
        f" in {report.seconds} s. Ask the view `user_recommendations` of library.db for them.",
        err=output is not None,
    )
