"""`cli copies`: recordings that lie in the library more than once."""

from pathlib import Path

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows, plural
from earshot.commands.shared.text_tables import clock


@click.command()
@output_options
@click.pass_obj
def copies(folder: Path, output: str | None) -> None:
    """List recordings that several files hold, with the best file of each first.

    Files are one recording by their content, their sound (re-encoded, quieter, up to 5 s cut off), or a code (MBID,
    ISRC). Lists, recommendations and trainings know a recording once, by its best file. Nothing is ever deleted.

    Example:

    \b
        cli copies --csv > copies.csv
    """
    from earshot.index.library import Library
    from earshot.index.recordings.copy_list import copied_files

    with Library.open(folder) as library:
        rows = list(copied_files(library))
    n_recordings = len({row["recording"] for row in rows})
    for row in rows:
        row["is_best"] = bool(row["is_best"]) if output else "best" if row["is_best"] else ""
        if output is None:
            row["length"] = clock(row.pop("duration_s"))
            row["path"] = row.pop("path")  # last
    echo_rows(rows, output, "No recording is here twice.")
    if rows and output is None:
        click.echo(f"{plural(n_recordings, 'recording')} in {plural(len(rows), 'file')}", err=True)
