"""`cli check`: tables, vectors, index and neighbours against each other."""

import sys
from pathlib import Path

import click

from commands.terminal import progress


@click.command()
@click.option("--read-data", is_flag=True, help="Also read every file and compare its content.")
@click.pass_obj
def check(folder: Path, read_data: bool) -> None:
    """Verify the library: tables, vectors, index and neighbours against each other.

    Exits with 1 when something is wrong; every line says what to type.

    Example:

    \b
        cli check --read-data
    """
    from index.checkup import check_files, check_library, n_files
    from index.library import Library

    with Library.open(folder) as library:
        problems = list(check_library(library))
        if read_data:
            files = progress(check_files(library), "reading", unit="file", total=n_files(library))
            problems += [problem for problem in files if problem]
    for problem in problems:
        click.echo(f"{problem.what}\n    mend: {problem.mend}")
    if problems:
        sys.exit(1)
    click.echo("All is well.")
