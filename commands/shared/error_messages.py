"""Messages and exit codes for what stops a command, and for what is wrong with a file that was given."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earshot.commands.shared.console import OutputError, terminal_width
from earshot.commands.shared.system_failures import failure_sentence
from earshot.commands.shared.text_tables import table
from earshot.stages.shared.extras import missing_extra
from earshot.stages.shared.reports import InputError, StageError

if TYPE_CHECKING:
    from earshot.index.search.selected import AmbiguousError, Selected


_CHOICE_COLUMNS = ("give", "artist", "title", "album", "path")


def shown_error(error: Exception, library: Path) -> click.ClickException | None:
    """The message for a person, with its exit code: 2 for wrong arguments; None for an error of the program itself."""
    from earshot.index.library import LibraryError
    from earshot.index.search.selected import AmbiguousError

    if isinstance(error, InputError):
        return click.UsageError(str(error))
    if isinstance(error, ImportError):
        extra = missing_extra(error)
        return None if extra is None else click.ClickException(extra)
    if isinstance(error, LibraryError | StageError):
        return click.ClickException(str(error))
    if isinstance(error, AmbiguousError):
        return click.ClickException(_choices(error))
    sentence = failure_sentence(error, library)
    if sentence is None and isinstance(error, OSError):
        sentence = str(error)
    return None if sentence is None else click.ClickException(sentence)


def _choices(error: "AmbiguousError") -> str:
    """List what words may mean, for a person to choose from."""
    choices = table([_choice(choice) for choice in error.choices], _CHOICE_COLUMNS, terminal_width())
    return f"{error}. Which one? Give what its line begins with, or more words.\n\n{choices}"


def _choice(choice: "Selected") -> tuple[str | None, ...]:
    if choice.kind == "track":
        track = choice.tracks[0]
        return (choice.address, track.artist, track.title, track.album, track.path)
    return (choice.address, None, choice.name, None, None)


@contextlib.contextmanager
def user_errors() -> Iterator[None]:
    """Show a `ValueError` as a message: in this block it says what is wrong with a file that was given."""
    try:
        yield
    except BrokenPipeError as error:  # the reader of a pipe that was given has left
        raise OutputError(error) from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
