"""`cli mpd`: Music Player Daemon plays what Earshot finds, and tells what is played and liked."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.options import HomePath, filter_options, variety_options
from earshot.commands.shared.terminal import echo_some, plural
from earshot.data.files.path_encoding import escaped

if TYPE_CHECKING:
    from earshot.index.tracks.track_lookup import TrackRow


@click.command()
@click.option(
    "--radio", multiple=True, metavar="SEED", help="Keep the queue filled by a radio near this; may be repeated."
)
@click.option(
    "--queue", multiple=True, metavar="WHAT", help="Queue these tracks: a playlist, an album, ...; may be repeated."
)
@click.option("--similar", multiple=True, metavar="SEED", help="Queue what sounds like this; may be repeated.")
@click.option("-k", default=10, type=click.IntRange(1), help="How many similar tracks.")
@variety_options(0.25, "Of the radio: probability that the best next song sits out.")
@filter_options
@click.option("--listener", default="me", metavar="NAME", help="Whose plays and likes they are.")
@click.option("--host", default="localhost", envvar="MPD_HOST", help="Of MPD: a name, a socket, or password@name.")
@click.option("--port", default=6600, envvar="MPD_PORT", type=click.IntRange(1, 65_535), help="Of MPD.")
@click.option("--music", type=HomePath(), metavar="FOLDER", help="MPD's music_directory.  [default: asked or found]")
@click.pass_obj
def mpd(
    folder: Path,
    radio: tuple[str, ...],
    queue: tuple[str, ...],
    similar: tuple[str, ...],
    k: int,
    listener: str,
    host: str,
    port: int,
    music: str | None,
    variety: float,
    seed: int | None,
    **filters: Any,
) -> None:
    """Let a running Music Player Daemon play what Earshot finds, and keep what it plays as listens.

    Until Ctrl-C plays are kept as they end, with how much was heard, and opinions in MPD's stickers (`like`, `rating`)
    as likes and dislikes. The next recommendation knows them. With --radio there is always a next song in the queue;
    what is skipped within 30 seconds pushes the songs after the next one away, and what is liked draws them near.

    With --queue or --similar and without --radio it only fills the queue. Needs `pip install "earshot[mpd]"`, and a
    library of the folder that MPD plays from.

    Example:

    \b
        cli mpd
        cli mpd --radio "blue monday" --not-genre christmas
        cli mpd --queue ~/Music/evening.m3u8
        cli mpd --similar artist:Air -k 30
    """
    if importlib.util.find_spec("mpd") is None:
        raise click.ClickException('`cli mpd` needs python-mpd2.\n\nRun `pip install "earshot[mpd]"`.')
    from earshot.index.library import Library
    from earshot.index.search.filters import SearchFilters, TrackFilters
    from earshot.stages.playing.mpd import follow_mpd
    from earshot.stages.playing.mpd_player import MpdPlayer, chosen_to_queue, queue_tracks
    from earshot.stages.radio import start_radio
    from earshot.stages.similar import similar_tracks

    player = MpdPlayer(host, port, music)
    try:
        with Library.open(folder) as library:
            tracks = chosen_to_queue(library, queue)
            if similar:
                answer = similar_tracks(library, similar, SearchFilters(k=k, **filters), listener=listener)
                tracks += [match.track for match in answer.matches]
            session = None
            if radio:
                session = start_radio(
                    library, radio, TrackFilters(**filters), variety=variety, seed=seed, listener=listener
                )
            if tracks:
                _echo_queued(tracks, queue_tracks(library, player, tracks))
        if session is not None or not tracks:
            _follow(follow_mpd(folder, player, listener, session))
    finally:
        player.close()


def _echo_queued(tracks: "list[TrackRow]", lacking: "list[TrackRow]") -> None:
    click.echo(f"{plural(len(tracks) - len(lacking), 'track')} queued")
    echo_some("not known to MPD", [track.name for track in lacking])
    if len(lacking) == len(tracks):
        raise click.ClickException("MPD knows none of them.\n\n`mpc update` lets it look for new files.")


def _follow(reports: Any) -> None:
    from earshot.stages.playing.mpd import Heard, Queued, Told

    click.echo("Following MPD; Ctrl-C ends it.", err=True)
    for report in reports:
        if isinstance(report, Heard):
            what = "skipped after" if report.is_skip else "played"
            known = "" if report.is_news else " (known already)"
            click.echo(f"{what} {report.played_s:.0f} s: {escaped(report.name)}{known}")
        elif isinstance(report, Told):
            click.echo(f"{'liked' if report.is_like else 'disliked'}: {escaped(report.name)}")
        elif isinstance(report, Queued):
            click.echo(f"next: {escaped(report.name)}")
        else:
            click.echo(escaped(str(report)), err=True)
