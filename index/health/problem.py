"""One thing that is wrong with a library, and its cure."""

from dataclasses import dataclass
from pathlib import Path

from earshot.data.files.path_encoding import shell_word


@dataclass(frozen=True)
class Problem:
    """A problem, as `cli check` tells it."""

    what: str
    fix: str  # what to type, safe for a shell
    changed_id: int | None = None  # of a track whose file is no longer what was heard


def recovery(database: Path) -> str:
    """The command that saves what is left of a damaged database."""
    return f"sqlite3 {shell_word(str(database))} .recover | sqlite3 {shell_word(str(database.with_name('mended.db')))}"
