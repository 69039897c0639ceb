"""The README's `cli` blocks, typed in their order after `make demo`, do what they show.

A block that names ~/Music wants the reader's own files and is left out. Trainings are small here and tracks last six
seconds; so names, scores and ids in the rows of tables differ, and every other line is compared, but for its numbers.
"""

import re
import shlex
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from earshot.cli import cli
from earshot.commands.demo import _demo_step
from earshot.data.synthetic.world import WorldConfig
from earshot.towers.config import TowerConfig, TowerTrainingConfig

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BRIEFLY = {
    "train-audio": ["--epochs", "2", "--projection-epochs", "2"],
    "train-tower": ["--epochs", "2", "--dim", "8", "--hidden", "8"],
}


def typed(block: str) -> list[tuple[str, list[str]]]:
    """The command lines of a block, each with what it prints."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(lines[0], lines[1:]) for lines in (part.splitlines() for part in parts)]


BLOCKS = [
    typed(block)
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    if re.search(r"^\$ (cli|export) ", block, re.MULTILINE) and "~/Music" not in block
]


def shape(line: str) -> str:
    """A line without its numbers, the name of its ear, and how wide its columns are."""
    line = re.sub(r"ear-[0-9a-f]{12}", "ear", line)
    return re.sub(r"[-+]?[\d.,]*\d", "N", " ".join(line.split())).replace(" behind ", " ahead of ")


def promised(printed: list[str]) -> set[str]:
    """The shapes of the lines that hold for any run: no rows of ranked tracks, no omissions."""
    return {shape(line) for line in printed if line.strip() not in ("", "...") and not re.match(r" +\d", line)}


def run_line(line: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run what a shell would run, `export`, `&&` and comments, and return all that is printed."""
    printed = ""
    for command in line.split("&&"):
        name, *words = shlex.split(command, comments=True)
        if name == "export":
            monkeypatch.setenv(*words[0].split("=", 1))
            continue
        assert name == "cli", line
        result = CliRunner().invoke(cli, [*words, *BRIEFLY.get(words[0], [])])
        assert result.exit_code == 0, (command, result.output, result.exception)
        printed += result.output
    return printed


def test_what_a_line_promises():
    assert typed("$ cli a  # why\nout 1\n\n$ cli b\n") == [("cli a  # why", ["out 1", ""]), ("cli b", [])]
    assert shape("  4.6 s,   62,201 tracks of ear-0123456789ab") == "N s, N tracks of ear"
    assert promised(["rank  score  id", "   1  0.9747  78", "...", "", "5 s"]) == {"rank score id", "N s"}


def test_there_are_blocks_for_each_part():
    names = {
        command.split()[1]
        for block in BLOCKS
        for line, _ in block
        for command in line.split("&&")
        if command.strip().startswith("cli ")
    }
    assert {"embed-audio", "similar", "train-tower", "recommend", "evaluate", "evaluate-audio", "map"} <= names


@pytest.mark.slow
def test_every_block_works_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("EARSHOT_LIBRARY", raising=False)
    monkeypatch.setattr("earshot.data.synthetic.world.WorldConfig", partial(WorldConfig, seconds=6.0))
    step = _demo_step
    monkeypatch.setattr(
        "earshot.commands.demo._demo_step", lambda library, *words: step(library, *words, *BRIEFLY.get(words[0], []))
    )
    began = time.monotonic()
    run_line("cli demo", monkeypatch)
    print(f"{time.monotonic() - began:6.1f} s  cli demo")
    for block in BLOCKS:
        for line, printed in block:
            began = time.monotonic()
            output = run_line(line, monkeypatch)
            lacking = promised(printed) - {shape(told) for told in output.splitlines()}
            assert not lacking, f"`{line}` printed\n{output}"
            print(f"{time.monotonic() - began:6.1f} s  {line}")
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    brief = program.replace(
        "train_towers(library)", "train_towers(library, TowerConfig(dim=8, hidden=8), BRIEF_TRAINING)"
    )
    result: dict[str, Any] = {"TowerConfig": TowerConfig, "BRIEF_TRAINING": TowerTrainingConfig(epochs=2)}
    exec(brief, result)
    assert len(result["answer"].matches) == 5 and 0 <= result["evaluation"].value("ndcg", k=10) <= 1
    assert result["imported"] and result["trained"].n_tracks == 80
