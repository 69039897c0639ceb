"""`cli check`: tables, vectors, index and neighbours against each other."""

import contextlib
import sqlite3
import sys
from pathlib import Path

import click

from commands.terminal import progress


@click.command()
@click.option("--read-data", is_flag=True, help="Also read every file and compare its content with what was heard.")
@click.pass_obj
def check(folder: Path, read_data: bool) -> None:
    """Verify the library: tables, vectors, index and neighbours against each other.

    Exits with 1 when something is wrong; every line says what to type. Of files that have changed, though size and time
    are the same, the library takes a note: the next `cli embed-audio` hears them again.

    Example:

    \b
        cli check --read-data
    """
    from index.checkup import check_files, check_library, hear_again, n_files
    from index.library import Library, LibraryError

    with Library.open(folder) as library:
        problems = list(check_library(library))
        if read_data:
            files = progress(check_files(library), "reading", unit="file", total=n_files(library))
            problems += [problem for problem in files if problem]
    for problem in problems:
        click.echo(f"{problem.what}\n    mend: {problem.mend}")
    if changed := [problem.changed_id for problem in problems if problem.changed_id is not None]:
        # Another command is writing, or nobody may: what was printed is a cure all the same.
        with contextlib.suppress(LibraryError, sqlite3.Error), Library.open_to_write(folder) as library:
            hear_again(library, changed)
            click.echo("The next `cli embed-audio` hears the files that have changed again.", err=True)
    if problems:
        sys.exit(1)
    click.echo("All is well.")
