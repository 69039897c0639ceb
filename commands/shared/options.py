"""Options that several commands share."""

import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import click

from earshot.data.events.protocols import PROTOCOLS
from earshot.data.files.path_encoding import expanded


def library_folder(_context: click.Context, _parameter: click.Parameter, folder: Path) -> Path:
    """The library folder; in a unit or compose file, and behind `--library=`, no shell has replaced a ~."""
    return Path(expanded(str(folder)))


EXISTING_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


NEW_FILE = click.Path(path_type=Path, dir_okay=False)


def config_options(config_class: type) -> Callable:
    """Give a command one option per field of a config dataclass."""
    hints = get_type_hints(config_class, include_extras=True)

    def decorate(command: Callable) -> Callable:
        for field in reversed(fields(config_class)):
            kind, text = get_args(hints[field.name])
            flag = "--" + field.name.replace("_", "-")
            command = click.option(flag, type=kind, default=field.default, show_default=True, help=text)(command)
        return command

    return decorate


def output_options(command: Callable) -> Callable:
    """The same --json and --csv on every command that lists something."""
    command = click.option("--csv", "output", flag_value="csv", help="Rows as CSV.")(command)
    return click.option("--json", "output", flag_value="json", help="Rows as JSON.")(command)


def dial_option(text: str) -> Callable:
    """The same --popularity where lists are made and where they are judged."""
    text += " Below 0 for discoveries. Scores of two-tower are cosines: 0.01 is a nudge, 0.1 a lot."
    text += "  [default: 0, or what suited best after --popularity-share]"
    return click.option("--popularity", type=click.FloatRange(-100, 100), callback=_finite, help=text)


def device_option(text: str) -> Callable:
    """The same --device on every command that may use a GPU."""
    devices = click.Choice(["auto", "cpu", "cuda"])
    return click.option("--device", type=devices, default="auto", show_default=True, help=text)


def split_options(default: str, text: str) -> Callable:
    """The same --split, --share and --gap wherever a part of the listens is kept back."""

    def decorate(command: Callable) -> Callable:
        gap = "So long before the moment that parts two parts nobody sees a listen: no session is in both."
        share = "Of the listens, for the test; as much for validation."
        options = [
            click.option(
                "--split",
                type=click.Choice(["auto", "none", *PROTOCOLS]),
                default=default,
                show_default=True,
                help=text,
            ),
            click.option("--share", default=0.1, show_default=True, help=share),
            click.option(
                "--gap", default=1_800, show_default=True, type=click.IntRange(0), metavar="SECONDS", help=gap
            ),
        ]
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _finite(_context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """A number; a range of click's lets nan pass."""
    if value is not None and not math.isfinite(value):
        raise click.UsageError(f"--{parameter.name} is {value}; it is a number, such as -0.02.")
    return value
