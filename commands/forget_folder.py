"""`cli forget-folder`: list the folders of the library, or remove one."""

from pathlib import Path

import click

from earshot.commands.shared.options import HomePath, output_options
from earshot.commands.shared.terminal import drawn, echo_rows, plural
from earshot.data.files.path_encoding import shown_path


@click.command()
@click.argument("path", required=False, type=HomePath(), metavar="[PATH]")
@output_options
@click.pass_obj
def forget_folder(folder: Path, path: str | None, output: str | None) -> None:
    """List the folders of the library, or remove one with its tracks.

    Tracks with listens, ratings or exclusions keep their names. No file is touched; `cli embed-audio PATH` embeds them
    again. PATH may also be a folder below one of these whose disk is gone for good, as `cli embed-audio` names it.

    Example:

    \b
        cli forget-folder
        cli forget-folder ~/Music/Old
    """
    from earshot.index import removal
    from earshot.index.library import Library
    from earshot.stages.shared.indexes import refresh_indexes

    if path is None:
        with Library.open(folder) as library:
            rows = removal.listed_folders(library)
        echo_rows(rows, output, "No folder was given to `cli embed-audio` yet.")
        return
    if output is not None:
        raise click.UsageError(f"--{output} lists the folders; leave it out with PATH. Nothing was changed.")
    if not path:
        raise click.UsageError("The path is empty. Was it a variable that is not set? Nothing was changed.")
    with Library.open_to_write(folder) as library:
        try:
            forgotten = removal.forget_folder(library, path)
        finally:  # even then: an earlier try may have been killed before it came to this
            list(drawn(refresh_indexes(library)))
    n_tracks = plural(forgotten.n_tracks, "track")
    click.echo(f"{shown_path(forgotten.path)} is forgotten: {n_tracks} removed. No file was touched.")
    notes = {
        "of the removed were played or judged; their names stay": forgotten.n_names,
        "tracks stay, which another folder of the library holds": forgotten.n_elsewhere,
        "tracks stay, whose files are there": forgotten.n_present,
        "entries of playlists went with them": forgotten.n_entries,
    }
    for text, number in notes.items():
        if number:
            click.echo(f"  {number:,} {text}")
