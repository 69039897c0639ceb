"""Docstrings open with an imperative or a noun, not with a clause that only the code explains."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("audio", "commands", "data", "evaluation", "graph", "index", "stages", "towers", "web")
CLAUSES = {"Of", "Who", "Whose", "Whom", "What", "Where", "Which", "How", "As", "Is", "Are"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_docstring_opens_with_a_clause(package):
    opened = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {text.splitlines()[0]}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if (text := ast.get_docstring(node)) and text.split()[0] in CLAUSES
    ]
    assert not opened, "\n".join(opened)


def test_the_trials_count_the_commands_that_write():
    stages = re.findall(
        r"^    Stage\(", (ROOT / "benchmarks/reliability/writing_commands.py").read_text(), re.MULTILINE
    )
    page = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(\d+) (?:writing )?commands", page)) == {str(len(stages))}
    assert f"kill_trial.py --kills {3 * len(stages)} " in (ROOT / ".ci/run").read_text(), "three of each"
