"""`cli failures`: the files that could not be embedded."""

from pathlib import Path

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows


@click.command()
@click.option("--excluded", is_flag=True, help="Also the files and folders that a rule excluded.")
@output_options
@click.pass_obj
def failures(folder: Path, excluded: bool, output: str | None) -> None:
    """List the files that could not be embedded, and why.

    A file with damaged content is not tried again until it changes. After an error of the disk, or a lack of time or
    memory, the next `cli embed-audio` tries again.

    Example:

    \b
        cli failures --csv > failures.csv
    """
    from earshot.index.library import Library
    from earshot.index.tracks.track_store import failed_files

    with Library.open(folder) as library:
        rows = failed_files(library, excluded=excluded)
    echo_rows(rows, output, "No file has failed.")
