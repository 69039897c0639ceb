"""`cli radio`: an endless list near some seeds, which goes on from session to session."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.options import (
    NEW_FILE,
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
from earshot.stages.shared.reports import StageError

if TYPE_CHECKING:
    from earshot.index.library import Library
    from earshot.index.playlists.continuation import Radio

_EVENTS = {"like": "draw the next songs towards it", "skip": "push them away from it for some songs",
           "dislike": "push them away from it for good", "never": "keep it out"}  # fmt: skip
_OF_THE_BEGINNING = (
    *("unlike", "space", "artist_gap", "variety", "seed", "with_seeds", "novel", "taste", "same_artist"),
    *("genre", "not_genre", "under", "min_duration", "max_duration"),
)


def _event_options(command: Any) -> Any:
    for name, effect in reversed(_EVENTS.items()):
        text = f"Before the next songs, {effect}; may be repeated."
        command = click.option(f"--{name}", multiple=True, metavar="TRACK", help=text)(command)
    return command


@click.command()
@click.argument("seeds", nargs=-1)
@click.option("-k", default=100, type=click.IntRange(1), help="How many songs.")
@click.option("--unlike", multiple=True, metavar="TRACK", help="Stay away from this track; may be repeated.")
@click.option(
    "--by", "space", metavar="SPACE", default="audio", help=f"What counts. {SPACES_OF_SOUND} tower: who plays it."
)
@artist_gap_option(4)
@variety_options(0.25, "Probability that the best next song sits out, as each after it; 0 for always the same list.")
@click.option(
    "--with-seeds/--without-seeds",
    default=None,
    help="Play the seeds too, or never.  [default: those of artists, genres and folders]",
)
@listener_option
@click.option("--novel", is_flag=True, help="Leave out what the listener has played, too.")
@click.option(
    "--taste",
    type=click.FloatRange(0, 5),
    default=0.5,
    help="Weight of the listener's taste beside the sound, by cli train-tower; 0 for none.",
)
@click.option("--same-artist/--other-artists", default=None, help="Only, or never, the seeds' artists.")
@filter_options
@click.option(
    "--session",
    type=NEW_FILE,
    metavar="FILE",
    help="Keep the session in this file; if it is there, go on with it, without SEEDS and what was played.",
)
@_event_options
@playlist_options()
@output_options
@click.pass_context
def radio(
    context: click.Context,
    seeds: tuple[str, ...],
    k: int,
    session: Path | None,
    playlist: Path | None,
    relative: bool | None,
    output: str | None,
    **options: Any,
) -> None:
    """List songs near SEEDS, each near the one before, none twice and artists apart, as long as there are any.

    SEEDS are what `cli similar` takes: tracks, albums and playlists, which are left out with their copies, and artists,
    genres and folders. The angle of each song to the one before and to the seeds is shown, in radians.

    With --session a file keeps what was played, so that tomorrow's songs are others, and --like, --skip, --dislike and
    --never say what became of them, for this session alone. `cli never` is for all lists.

    Example:

    \b
        cli radio "blue monday"
        cli radio genre:jazz --not-genre christmas -k 500 --m3u jazz.m3u8
        cli radio artist:Air --session evening.json -k 20
        cli radio --session evening.json --skip 42 --like "la femme d'argent" -k 20
    """
    from earshot.index.library import Library
    from earshot.stages.radio import next_songs

    events = {name: options.pop(name) for name in _EVENTS}
    begins = session is None or not session.exists()
    if options["novel"] and options["listener"] is None:
        raise click.UsageError("--novel is for a listener: add --listener NAME.")
    if begins and not seeds:
        raise click.UsageError("Give SEEDS: a track, an artist, an album, a genre, a folder or a playlist.")
    if not begins and seeds:
        raise click.UsageError(f"{session} is a session that has begun; leave SEEDS out, or name another file.")
    if not begins and (given := _given(context, _OF_THE_BEGINNING)):
        raise click.UsageError(f"{session} has begun with settings of its own; leave {', '.join(given)} out.")
    with Library.open(context.obj) as library:
        require_listener(library, options["listener"])
        found = _begun(library, seeds, options) if begins else _resumed(library, session, options["listener"])
        _tell(library, found, events)
        songs = next_songs(library, found, k)
    settings = found.state.settings
    if begins and session is None and settings.variety and options["seed"] is None:
        click.echo(f"Drawn with --seed {settings.seed}.", err=True)
    if len(songs) < k:
        click.echo(f"The library has {len(songs):,} more songs for this radio.", err=True)
    if playlist is not None:
        write_playlist(playlist, [song.track.listed for song in songs], relative)
    if session is not None:
        _keep(session, found)
    if is_standard_output(playlist):
        return
    if output is None:
        click.echo(one_line(f"Radio near {' + '.join(settings.names)}"))
    rows = []
    for song in songs:
        track = song.track
        angles = {"from_last": round(song.from_last, 4), "from_seeds": round(song.from_seeds, 4)}
        row: dict[str, Any] = {"rank": song.rank, **angles, "id": track.id}
        row |= {"artist": track.artist, "title": track.title, "album": track.album, "genre": track.genre}
        row |= {"length": clock(track.duration)} if output is None else {"duration_s": track.duration}
        rows.append(row if output is None else row | {"path": track.path})
    echo_rows(rows, output, "No other track in the library passes these filters.")


def _given(context: click.Context, names: Sequence[str]) -> list[str]:
    """The options among these that were typed."""
    typed = [name for name in names if context.get_parameter_source(name) is not ParameterSource.DEFAULT]
    return [option.opts[0] for option in context.command.params if option.name in typed]


def _begun(library: "Library", seeds: tuple[str, ...], options: dict[str, Any]) -> "Radio":
    from earshot.index.search.filters import TrackFilters
    from earshot.stages.radio import start_radio

    own = {
        name: options[name]
        for name in ("unlike", "space", "artist_gap", "variety", "seed", "with_seeds", "listener", "novel", "taste")
    }
    filters = TrackFilters(**{name: value for name, value in options.items() if name not in own})
    return start_radio(library, seeds, filters, **own)


def _resumed(library: "Library", session: Path | None, listener: str | None) -> "Radio":
    from earshot.data.files.regular_files import open_regular
    from earshot.data.tables.text_blocks import json_value
    from earshot.stages.radio import resume_radio

    assert session is not None
    with user_errors(), open_regular(session) as file:
        content = file.read()
    try:
        return resume_radio(library, json_value(content), listener=listener)
    except StageError as error:
        raise click.ClickException(f"{session}: {error}") from None


def _tell(library: "Library", radio: "Radio", events: dict[str, tuple[str, ...]]) -> None:
    from earshot.stages.radio import tell_radio

    for name, tracks in events.items():
        for track in tracks:
            tell_radio(library, radio, name, track)


def _keep(session: Path, radio: "Radio") -> None:
    from earshot.data.files.atomic import output_path

    try:
        with output_path(session) as temporary:
            temporary.write_text(json.dumps(radio.state.to_json()), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{session} cannot be written: {error.strerror}.") from None
