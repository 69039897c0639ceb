"""`cli plays`: single plays that were recorded here, and taking them back."""

from datetime import datetime
from pathlib import Path

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows, plural
from earshot.commands.shared.text_tables import clock

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"])
_N_LATEST = 20


@click.command()
@click.argument("track", required=False)
@click.option("--listener", metavar="NAME", help="Only the plays of this listener.")
@click.option(
    "--since",
    type=_TIME,
    default=datetime.min,
    show_default=False,
    metavar="TIME",
    help="Only plays that began then or later, by the local clock.",
)
@click.option(
    "--before",
    type=_TIME,
    default=datetime.max,
    show_default=False,
    metavar="TIME",
    help="Only plays that began before.",
)
@click.option(
    "-k",
    type=click.IntRange(1),
    help=f"The latest plays at most.  [default: {_N_LATEST}; all of a TRACK or a time]",
)
@click.option("--forget", is_flag=True, help="Take back the plays that are listed without it.")
@output_options
@click.pass_obj
def plays(
    folder: Path,
    track: str | None,
    listener: str | None,
    since: datetime,
    before: datetime,
    k: int | None,
    forget: bool,
    output: str | None,
) -> None:
    """List what was played here, the latest first, or take some of these plays back.

    These are plays that `cli serve`, music players and `cli mpd` told, one by one; what was imported is listed and
    taken back by `cli forget-listens`. TRACK is what `cli similar` takes as a seed.

    Example:

    \b
        cli plays
        cli plays "jingle bells" --forget
        cli plays --listener ana --since "2026-11-26 18:00" --before 2026-11-27 --forget
    """
    from earshot.index.library import Library
    from earshot.stages.playing.play_log import forget_plays, recorded_plays

    is_chosen = track is not None or (since, before) != (datetime.min, datetime.max)
    if forget and not is_chosen and k is None:
        raise click.UsageError("--forget takes back what is listed: say which, by TRACK, --since, --before or -k.")
    with Library.open_to_write(folder) if forget else Library.open(folder) as library:
        k = k or (None if is_chosen else _N_LATEST)
        found = recorded_plays(library, track, listener, since=since, before=before, k=k)
        if forget:
            forget_plays(library, found)
    rows = [
        {
            "began": play.began.isoformat(timespec="seconds"),
            "listener": play.listener,
            "played_s": play.played_s,
            "id": play.event.track_id,
            "artist": play.artist,
            "title": play.title,
        }
        for play in found
    ]
    if output is None:
        for row, play in zip(rows, found, strict=True):
            row["began"] = play.began.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            del row["played_s"]
            row["played"] = clock(play.played_s) or None
    echo_rows(rows, output, "Nothing was played here." if not is_chosen else "Nothing of that was played here.")
    if forget and rows:
        click.echo(f"{plural(len(rows), 'play')} taken back; what was trained on them knows them still.", err=True)
