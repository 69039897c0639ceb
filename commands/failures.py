"""`cli failures`: the files that could not be heard."""

from pathlib import Path

import click

from commands.options import output_options
from commands.terminal import echo_rows


@click.command()
@click.option("--excluded", is_flag=True, help="Also the files that a rule left out.")
@output_options
@click.pass_obj
def failures(folder: Path, excluded: bool, output: str | None) -> None:
    """List the files that could not be heard, and why.

    Example:

    \b
        cli failures --csv > failures.csv
    """
    from index.library import Library

    statuses = "('failed', 'excluded')" if excluded else "('failed')"
    with Library.open(folder) as library:
        rows = list(
            library.db.query(f"SELECT status, reason, path FROM tracks WHERE status IN {statuses} ORDER BY 1, 2, 3")
        )
    echo_rows(rows, output, "No file has failed.")
