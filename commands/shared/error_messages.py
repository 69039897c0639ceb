"""Messages and exit codes for what stops a stage, and for what is wrong with a file that was given."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from earshot.commands.shared.console import OutputError, terminal_width
from earshot.commands.shared.system_failures import failure_sentence
from earshot.stages.shared.reports import InputError, StageError


@contextlib.contextmanager
def stage_errors() -> Iterator[None]:
    """Show the reason why a stage cannot go on as one message; wrong arguments exit with 2, all else with 1."""
    try:
        yield
    except InputError as error:
        raise click.UsageError(str(error)) from None
    except StageError as error:
        raise click.ClickException(str(error)) from None
    except LookupError as error:
        raise click.ClickException(_choices(error)) from None


def _choices(error: LookupError) -> str:
    """The tracks that words fit, for a person to choose among them; raises any other error anew."""
    from earshot.commands.shared.text_tables import table
    from earshot.index.tracks.track_lookup import AmbiguousError

    if not isinstance(error, AmbiguousError):
        raise error
    rows = [(row.id, row.artist, row.title, row.album, row.path) for row in error.choices]
    choices = table(rows, ("id", "artist", "title", "album", "path"), terminal_width())
    return f"{error}. Which one? Give its id, or more words.\n\n{choices}"


@contextlib.contextmanager
def user_errors() -> Iterator[None]:
    """Show what is wrong with a file that was given as one message, and what stops a stage."""
    try:
        with stage_errors():
            yield
    except BrokenPipeError as error:  # the reader of a pipe that was given has left
        raise OutputError(error) from None
    except OSError as error:
        context = click.get_current_context(silent=True)
        library = context.find_object(Path) if context else None
        raise click.ClickException(failure_sentence(error, library or Path.cwd()) or str(error)) from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
