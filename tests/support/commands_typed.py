"""Commands as tests type them in this process, and what they leave in a library's tables."""

import sqlite3
from pathlib import Path

from click.testing import CliRunner, Result

from earshot.cli import cli


def invoke(library: Path, *words: object, code: int = 0) -> Result:
    """Run a command on a library; it must end with this exit code."""
    result = CliRunner().invoke(cli, ["--library", str(library), *map(str, words)])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def rows_of(library: Path, query: str, *values: object) -> list[tuple]:
    """The rows of a query on a library's database, as any other program would read them."""
    connection = sqlite3.connect(library / "library.db")
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
