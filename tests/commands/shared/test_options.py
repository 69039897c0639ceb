"""Options that are made from a config dataclass show and enforce its ranges."""

from dataclasses import dataclass
from typing import Annotated, Literal

import click
import pytest
from click.testing import CliRunner

from earshot.audio.config import DecodeConfig
from earshot.cli import cli
from earshot.commands.shared.options import HomePath, Switch, SwitchCommand, config_of, config_options
from earshot.commands.train_tower import train_tower
from earshot.data.settings import Range


@dataclass(frozen=True)
class Config:
    dim: Annotated[int, "numbers in a vector", Range(1, 4_096)] = 64
    share: Annotated[float, "of tracks", Range(0, below=1)] = 0.5
    rate: Annotated[float, "of a step", Range(above=0)] = 0.1
    offset: Annotated[float, "of anything"] = -3.0
    use_audio: Annotated[bool, "hear the tracks"] = True
    half: Annotated[bool, "multiply in bfloat16"] = False
    loss: Annotated[Literal["softmax", "bpr"], "of the training"] = "bpr"


@click.command(cls=SwitchCommand, context_settings={"show_default": True})  # as of every command
@config_options(Config)
def show(**settings):
    click.echo(str(Config(**settings)))


def typed(*words):
    return CliRunner().invoke(show, list(map(str, words)))


def test_defaults_are_those_of_the_config():
    assert typed().stdout == f"{Config()}\n"
    words = ("--dim", 8, "--share", 0, "--rate", 2, "--offset", 0, "--no-use-audio", "--half", "--loss", "softmax")
    assert typed(*words).stdout == f"{Config(8, 0.0, 2.0, 0.0, False, True, 'softmax')}\n"


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (("--dim", 0), "0 is not in the range 1<=x<=4096"),
        (("--dim", 1.5), "'1.5' is not a valid integer range"),
        (("--share", 1), "1.0 is not in the range 0<=x<1"),
        (("--rate", 0), "0.0 is not in the range x>0"),
        (("--offset", "far"), "'far' is not a valid float"),
        (("--loss", "mse"), "'mse' is not one of 'softmax', 'bpr'"),
    ],
)
def test_a_value_out_of_range_is_refused_with_what_is_allowed(words, allowed):
    result = typed(*words)
    assert result.exit_code == 2 and f"Invalid value for '{words[0]}': {allowed}" in result.stderr


def test_help_shows_the_same_ranges():
    shown = " ".join(typed("--help").stdout.split())
    assert "--dim INTEGER RANGE numbers in a vector [default: 64; 1<=x<=4096]" in shown
    assert "--use-audio / --no-use-audio hear the tracks [default: use-audio]" in shown
    assert "--loss [softmax|bpr] of the training [default: bpr]" in shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("--use-audio", 0), ("--no-use-audio",)),
        (("--use-audio=0", "--half=1"), ("--no-use-audio", "--half")),
        (("--half", 1, "--use-audio", 1, "--dim", 1), ("--half", "--use-audio", "--dim", 1)),
        (("--half", 1, "--half", 0), ("--no-half",)),
    ],
)
def test_the_0_and_1_of_the_first_release_still_count(old, new):
    before, after = typed(*old), typed(*new)
    assert before.exit_code == 0 and before.stdout == after.stdout
    assert after.stderr == "" and "the next release takes no other" in before.stderr


def test_the_new_spelling_is_named():
    assert typed("--use-audio", 0).stderr == (
        "`--use-audio 0` is spelled `--no-use-audio` now; the next release takes no other.\n"
    )
    assert typed("--half", 2).exit_code == 2


def test_train_tower_takes_the_old_spelling_of_its_ten_switches():
    switches = [option for option in train_tower.params if isinstance(option, Switch)]
    assert len(switches) == 10
    for value in (0, 1):
        old = [word for switch in switches for word in (switch.opts[0], str(value))]
        new = [switch.opts[0] if value else switch.secondary_opts[0] for switch in switches]
        with (
            train_tower.make_context("train-tower", old) as before,
            train_tower.make_context("train-tower", new) as after,
        ):
            assert before.params == after.params
            assert {before.params[switch.name] for switch in switches} == {bool(value)}


def test_a_config_is_made_of_its_own_options():
    assert config_of(Config, {"k": 10} | vars(Config(dim=8))) == Config(dim=8)
    with pytest.raises(click.UsageError, match="workers is -1"):
        config_of(DecodeConfig, vars(DecodeConfig()) | {"workers": -1})


def test_every_path_may_begin_at_home():
    commands = [cli, *cli.commands.values()]
    paths = [option.type for command in commands for option in command.params if isinstance(option.type, click.Path)]
    assert len(paths) > 15 and all(isinstance(path, HomePath) for path in paths)
