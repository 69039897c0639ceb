"""Earshot's command line: a group of commands, each in its file of commands/.

Stages are imported inside the commands, so that `cli --help` answers at once and `cli similar` of a known
track never waits for torch.
"""

import contextlib
import importlib
import os
import pkgutil
import signal
import sys

# No traceback for Ctrl-C while the commands below are imported; `main` replaces this handler.
if os.path.basename(sys.argv[0]) in ("cli", "cli.py", "earshot"):  # not if a test imports this module
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from pathlib import Path
from typing import Any

import click

from earshot import commands
from earshot.commands.shared.console import OutputError, close_outputs, open_outputs
from earshot.commands.shared.error_messages import shown_error
from earshot.commands.shared.options import HomePath
from earshot.commands.shared.signals import TerminatedError, end_on_signals, say_interrupted

_OWN_ERRORS = (click.ClickException, click.exceptions.Exit, click.Abort, OutputError)  # not of a disk or database


class _Commands(click.Group):
    """All commands; errors of stages, the disk and the database become one message."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except _OWN_ERRORS:
            raise
        except Exception as error:
            shown = shown_error(error, context.params["library"])
            if shown is None:
                raise
            raise shown from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--library",
    type=HomePath(path_type=Path, file_okay=False),
    default=Path("library"),
    envvar="EARSHOT_LIBRARY",
    show_envvar=True,
    help="The library folder.",
)
@click.version_option(package_name="earshot")
@click.pass_context
def cli(context: click.Context, library: Path) -> None:
    """Music found by how it sounds and by who loves it.

    \b
        cli embed-audio ~/Music
        cli similar "song title"
    """
    context.obj = library


for _module in pkgutil.iter_modules(commands.__path__):
    if not _module.ispkg:  # a file holds the command of its name
        cli.add_command(getattr(importlib.import_module(f"earshot.commands.{_module.name}"), _module.name))


def main() -> None:
    """Run the console command: an expected failure is one message and an exit code, never a traceback."""
    open_outputs()
    end_on_signals()
    code = _run()
    try:
        close_outputs()
    except OutputError as error:
        code = code or _unwritten(error)
    sys.exit(code)


def _unwritten(error: OutputError) -> int:
    """Exit code of a command whose output could not be written: `cli failures | head`, or a full disk."""
    if error.is_unread:
        return 141  # as if SIGPIPE had ended it
    with contextlib.suppress(OutputError):  # standard error may be the very output that fails
        click.echo(f"Error: {error}", err=True)
    return 1


def _run() -> int:
    """Run the command that was typed, and return its exit code."""
    try:
        return cli(prog_name="cli", standalone_mode=False) or 0
    except SystemExit as exit:  # 3 of embed-audio, 1 of check
        return exit.code if isinstance(exit.code, int) else 1
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except click.ClickException as error:
        with contextlib.suppress(OutputError):  # then the exit code alone says it
            error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say_interrupted()
        return 130
    except TerminatedError:
        return 143
    except OutputError as error:
        return _unwritten(error)


if __name__ == "__main__":
    main()
