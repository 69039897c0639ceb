"""`cli never`: tracks that no list holds, or none of one listener."""

from pathlib import Path

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows
from earshot.data.files.path_encoding import escaped


@click.command()
@click.argument("track", required=False)
@click.option(
    "--listener", metavar="NAME", help="Only for the lists of this listener; without, for those of everybody."
)
@click.option("--undo", is_flag=True, help="Take it back.")
@output_options
@click.pass_obj
def never(folder: Path, track: str | None, listener: str | None, undo: bool, output: str | None) -> None:
    """Leave TRACK out of recommendations and of what is similar, or list what is left out.

    It holds for every file of the recording, at once, until it is taken back. Nothing is deleted. TRACK is what
    `cli similar` takes as a seed; all tracks of an artist or album may be named, too.

    Example:

    \b
        cli never "jingle bells"
        cli never artist:311 --listener ana
        cli never
        cli never "jingle bells" --undo
    """
    from earshot.index.library import Library
    from earshot.stages.playing import exclusions

    if track is None:
        if undo:
            raise click.UsageError("--undo takes a track back; name it.")
        with Library.open(folder) as library:
            rows = exclusions.listed_exclusions(library, listener)
        if output is None:
            rows = [row | {"since": row["since"][:10], "listener": row["listener"] or "everybody"} for row in rows]
        echo_rows(rows, output, "Nothing is left out.")
        return
    if output is not None:
        raise click.UsageError(f"--{output} lists what is left out; leave it out with TRACK. Nothing was changed.")
    with Library.open_to_write(folder) as library:
        changed = exclusions.exclude_or_include(library, track, listener, undo=undo)
    whose = "everybody" if listener is None else escaped(listener)
    verb = "may be recommended again to" if undo else "is never recommended to"
    for name in changed:
        click.echo(f"{escaped(name)} {verb} {whose}")
    if not changed:
        click.echo("Nothing was left out." if undo else "Left out already.", err=True)
