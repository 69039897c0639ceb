"""Options that several commands share."""

import math
import os
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from earshot.data.events.protocols import PROTOCOLS
from earshot.data.files.path_encoding import expand_home
from earshot.data.settings import Range, Setting, settings_of

if TYPE_CHECKING:
    from earshot.index.library import Library

C = TypeVar("C")


class HomePath(click.Path):
    """A path whose ~ is the home folder: in a unit or compose file, and after `--m3u=`, no shell has said so."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        return super().convert(expand_home(os.fspath(value)), param, ctx)


EXISTING_FILE = HomePath(path_type=Path, exists=True, dir_okay=False)
SPACES_OF_SOUND = "audio: how it sounds. diffused: sound spread by cli diffuse-audio."
NEW_FILE = HomePath(path_type=Path, dir_okay=False)


class Switch(click.Option):
    """An option `--x/--no-x` of a bool setting."""


class SwitchCommand(click.Command):
    """A command whose switches take the 0 and 1 of release 0.1 too: `--half 0` and `--half=0` are `--no-half`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        switches = {option.opts[0]: option for option in self.params if isinstance(option, Switch)}
        words, pending = [], args[::-1]
        while pending:
            word = pending.pop()
            name, _, value = word.partition("=")
            if word in switches and pending and pending[-1] in ("0", "1"):
                value = pending.pop()
            if name in switches and value in ("0", "1"):
                word = name if value == "1" else switches[name].secondary_opts[0]
                click.echo(f"`{name} {value}` is spelled `{word}` now; the next release takes no other.", err=True)
            words.append(word)
        return super().parse_args(context, words)


def config_options(config_class: type) -> Callable:
    """Give a command one option per field of a config dataclass, with its range; a bool is `--x/--no-x`."""
    return all_of(*map(_option, settings_of(config_class)))


def _option(setting: Setting) -> Callable:
    flag = setting.name.replace("_", "-")
    if setting.kind is bool:
        return click.option(f"--{flag}/--no-{flag}", cls=Switch, default=setting.default, help=setting.text)
    return click.option(f"--{flag}", type=click_type(setting), default=setting.default, help=setting.text)


def config_of(config_class: type[C], options: dict[str, Any]) -> C:
    """Take the options that `config_options` gave to a command out of all its options, and make a config of them.

    Raises
    ------
    click.UsageError
        The values do not fit together.
    """
    try:
        return config_class(**{setting.name: options.pop(setting.name) for setting in settings_of(config_class)})
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def click_type(setting: Setting) -> click.ParamType | type:
    """The type of an option that takes what `validate` lets pass, but for numbers that are nan or infinite."""
    if setting.choices:
        return click.Choice(setting.choices)
    allowed = setting.range
    if setting.kind not in (int, float) or allowed == Range():
        return setting.kind
    bounds: dict[str, Any] = {
        "min": allowed.above if allowed.low is None else allowed.low,
        "max": allowed.below if allowed.high is None else allowed.high,
        "min_open": allowed.above is not None,
        "max_open": allowed.below is not None,
    }
    return click.IntRange(**bounds) if setting.kind is int else click.FloatRange(**bounds)


def all_of(*options: Callable) -> Callable:
    """Give a command several options, which help lists in this order."""
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(options), command)


json_option = click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
output_options = all_of(
    click.option("--json", "output", flag_value="json", help="Rows as JSON."),
    click.option("--csv", "output", flag_value="csv", help="Rows as CSV."),
)
filter_options = all_of(  # the fields of `index.search.filters.TrackFilters` that a tag or a file decides
    click.option("--genre", metavar="TEXT", help="Only tracks whose genre tag contains this."),
    click.option(
        "--not-genre", multiple=True, metavar="TEXT", help="No track whose genre tag contains this; may be repeated."
    ),
    click.option(
        "--under",
        multiple=True,
        metavar="FOLDER",
        help="Only tracks in this folder or below; may be repeated, for any of them.",
    ),
    click.option("--min-duration", type=float, metavar="SECONDS", help="Only tracks at least this long."),
    click.option("--max-duration", type=float, metavar="SECONDS", help="Only tracks at most this long."),
)


def variety_options(default: float, text: str) -> Callable:
    """Give a command --variety and --seed, so that it may have another answer each time."""
    return all_of(
        click.option("--variety", default=default, type=click.FloatRange(0, 0.95), help=text),
        click.option(
            "--seed", type=click.IntRange(0), help="Of the lots: the same seed, the same answer.  [default: drawn]"
        ),
    )


def artist_gap_option(default: int) -> Callable:
    """Give a command --artist-gap: of playlists whose order counts."""
    text = "Tracks between two of one artist, at least; less where there is no such list."
    return click.option("--artist-gap", default=default, type=click.IntRange(0), help=text)


listener_option = click.option(
    "--listener", metavar="NAME", help="Leave out what this listener of the listens dislikes or never wants."
)


def require_listener(library: "Library", name: str | None) -> None:
    """Refuse a listener whom the library does not know, for a misspelt name dislikes nothing."""
    if name is not None:
        from earshot.index.listens.stored_interactions import find_user  # polars, which others need not

        find_user(library, name)


copies_option = click.option(
    "--copies", is_flag=True, help="Name the other files of each recording; a list shows only the best one."
)


def popularity_option(text: str) -> Callable:
    """Give a command --popularity: for lists of recommendations, made or evaluated."""
    text += " Below 0 for discoveries. Scores of two-tower are cosines: 0.01 changes little, 0.1 much."
    text += "  [default: 0, or what was best on validation after --popularity-share]"
    return click.option("--popularity", type=click.FloatRange(-100, 100), callback=_finite, help=text)


def device_option(text: str) -> Callable:
    """Give a command --device."""
    devices = click.Choice(["auto", "cpu", "cuda"])
    return click.option("--device", type=devices, default="auto", help=text)


def split_options(default: str, text: str) -> Callable:
    """Give a command --split, --share and --gap, which hold out a part of the listens."""
    gap = "Listens this shortly before the start of a part are left out, so that no session is in two parts."
    share = "Share of the listens for the test; as much for validation."
    return all_of(
        click.option("--split", type=click.Choice(["auto", "none", *PROTOCOLS]), default=default, help=text),
        click.option("--share", default=0.1, help=share),
        click.option("--gap", "gap_s", default=1_800, type=click.IntRange(0), metavar="SECONDS", help=gap),
    )


def _finite(_context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse nan and infinity, which pass a range of click."""
    if value is not None and not math.isfinite(value):
        raise click.UsageError(f"--{parameter.name} is {value}; it is a number, such as -0.02.")
    return value
