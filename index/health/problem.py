"""A problem of a library, and the command that fixes it."""

from dataclasses import dataclass
from pathlib import Path

from earshot.data.files.path_encoding import shell_word


@dataclass(frozen=True)
class Problem:
    """A problem that `cli check` reports."""

    what: str
    fix: str  # what to type, safe for a shell
    changed_id: int | None = None  # of a track whose file has changed since it was embedded


def recovery(database: Path) -> str:
    """The command that recovers the readable part of a damaged database."""
    return f"sqlite3 {shell_word(str(database))} .recover | sqlite3 {shell_word(str(database.with_name('mended.db')))}"
