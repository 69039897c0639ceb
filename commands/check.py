"""`cli check`: tables, vectors, index, neighbours and files against each other."""

import contextlib
import re
import sqlite3
import sys
from pathlib import Path

import click

from earshot.commands.shared.options import json_option
from earshot.commands.shared.terminal import echo_json, in_one_line, plural, progress
from earshot.data.files.path_encoding import shell_word


@click.command()
@click.option("--read-data", is_flag=True, help="Also read every file and compare its content with what was embedded.")
@json_option
@click.pass_obj
def check(folder: Path, read_data: bool, as_json: bool) -> None:
    """Verify the library: tables, vectors, index and neighbours against each other, and that no file is missing.

    Exits with 1 if something is wrong; every line says what to type. --read-data also verifies the contents of music
    files, playlists, listens and trained checkpoints. Music whose content has changed while its size and time have not
    is marked: the next `cli embed-audio` embeds it again.

    Example:

    \b
        cli check --read-data
        cli check --json | jq -r '.[].fix'
    """
    from earshot.index.health.integrity import check_library
    from earshot.index.health.manifest_check import check_contents, n_contents, n_unrecorded
    from earshot.index.library import Library, LibraryError
    from earshot.index.tracks.track_store import forget_stamps

    with Library.open(folder) as library:
        problems, n_unknown = list(check_library(library)), 0
        try:
            if read_data:
                files = progress(check_contents(library), "reading", unit="file", total=n_contents(library))
                problems.extend(problem for problem in files if problem)
            n_unknown = n_unrecorded(library)
        except (LibraryError, sqlite3.DatabaseError):  # of rows that cannot be read, which the problems name
            if not problems:
                raise
    rows = [{"what": problem.what, "fix": _with_library(problem.fix, folder)} for problem in problems]
    if as_json:
        echo_json(rows, indent=2)
    else:
        for row in rows:
            click.echo(f"{in_one_line(row['what'])}\n    fix: {row['fix']}")
    if n_unknown:
        click.echo(
            f"No hash is recorded of {plural(n_unknown, 'file')}; the next command that writes records it.", err=True
        )
    if changed := [problem.changed_path for problem in problems if problem.changed_path is not None]:
        # If the library cannot be written now, the fixes that were printed hold all the same.
        with contextlib.suppress(LibraryError, sqlite3.Error), Library.open_to_write(folder) as library:
            with library.transaction():
                forget_stamps(library, changed)
            click.echo("The next `cli embed-audio` embeds the changed files again.", err=True)
    if problems:
        sys.exit(1)
    if not as_json:
        click.echo("All is well.")


def _with_library(fix: str, folder: Path) -> str:
    """A command for this library, with its folder if that was typed."""
    parent = click.get_current_context().parent
    if parent is None or parent.get_parameter_source("library") != click.core.ParameterSource.COMMANDLINE:
        return fix
    return re.sub(r"(^|&& )cli ", lambda match: f"{match[1]}EARSHOT_LIBRARY={shell_word(str(folder))} cli ", fix)
