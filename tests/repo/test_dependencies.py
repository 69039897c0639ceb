"""`pyproject.toml` against what is imported, installed, promised and tried."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import install
from lowest_versions import lowest_versions

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {name: [Requirement(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()}
FOR_SOME = [*EXTRAS["train"], *EXTRAS["map"]]  # what some commands need
COMMANDS = {"ruff", "mypy"}  # the Makefile runs them
PLUGINS = {"pytest-xdist"}  # pytest finds it, and the Makefile asks for it by `-n`
BUILD_TOOLS = {"setuptools"}  # pip runs it, to build a wheel
BENEATH = {"httpx2"}  # starlette.testclient imports it
NOT_INSTALLED_HERE = {"bliss_audio": "bliss-audio", "ray": "ray"}  # only `make bench` and .ci/run do
VERSIONS = [found[1] for line in PROJECT["classifiers"] if (found := re.search(r":: (3\.\d+)$", line))]


def distributions(folders: list[str]) -> set[str]:
    """The installed distributions whose modules the files of some folders import, wherever in the file."""
    ours = {"earshot", *(path.stem for path in (ROOT / ".ci").glob("*.py"))}
    imported = set()
    for folder in folders:
        files = [ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py"))
        ours |= {path.stem for path in files}
        for node in (node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    modules = importlib.metadata.packages_distributions()
    found = imported - ours - set(sys.stdlib_module_names)
    return {NOT_INSTALLED_HERE.get(name) or canonicalize_name(modules[name][0]) for name in found}


def names(requirements: list[Requirement]) -> set[str]:
    return {requirement.name for requirement in requirements}


def test_what_the_packages_import_is_what_they_depend_on():
    folders = ["audio", "commands", "data", "evaluation", "graph", "index", "stages", "towers", "web", "cli.py"]
    assert distributions(folders) == names([*RUNTIME, *FOR_SOME, *EXTRAS["cluster"]])


def test_tests_import_nothing_but_dependencies_and_the_extra_dev():
    imported = distributions(["tests"])
    assert imported <= names(RUNTIME) | names(FOR_SOME) | names(EXTRAS["dev"])
    assert names(EXTRAS["dev"]) <= imported | COMMANDS | PLUGINS | BUILD_TOOLS | BENEATH


def test_benchmarks_import_nothing_but_dependencies_and_the_extra_bench():
    imported = distributions(["benchmarks"])
    assert imported <= names(RUNTIME) | names(FOR_SOME) | names(EXTRAS["bench"])
    assert names(EXTRAS["bench"]) <= imported


def test_the_makefile_runs_the_tools_that_nobody_imports():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"$(BIN)/{name}" in makefile for name in COMMANDS)
    assert "pytest -q -n auto " in makefile  # by pytest-xdist


@pytest.mark.parametrize("requirement", [*RUNTIME, *FOR_SOME, *EXTRAS["dev"]], ids=lambda requirement: requirement.name)
def test_what_is_installed_is_within_the_bounds(requirement):
    assert requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)


@pytest.mark.parametrize("requirement", [*RUNTIME, *chain(*EXTRAS.values())], ids=lambda requirement: requirement.name)
def test_the_oldest_versions_are_the_lower_bounds(requirement):
    pins = dict(line.split("==") for line in lowest_versions())
    (lower,) = (clause.version for clause in requirement.specifier if clause.operator == ">=")
    assert pins[requirement.name] == lower and requirement.specifier.contains(lower)
    assert len(pins) == len(names([*RUNTIME, *chain(*EXTRAS.values())]))


def test_a_dependency_without_a_lower_bound_cannot_be_tried(tmp_path):
    (tmp_path / "p.toml").write_text('[project]\ndependencies = ["numpy"]\n[project.optional-dependencies]\n')
    with pytest.raises(ValueError, match="numpy has no lower bound"):
        lowest_versions(tmp_path / "p.toml")
    (tmp_path / "p.toml").write_text(
        '[project]\ndependencies = ["a>=1"]\n[project.optional-dependencies]\ndev = ["a>=2"]\n'
    )
    with pytest.raises(ValueError, match="a has the lower bounds 1 and 2"):
        lowest_versions(tmp_path / "p.toml")


def test_the_versions_of_python_are_the_same_everywhere():
    oldest = VERSIONS[0]
    assert PROJECT["requires-python"] == f">={oldest}" == ">={}.{}".format(*install.OLDEST)
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert PYPROJECT["tool"]["mypy"]["python_version"] == oldest
    assert sorted(VERSIONS, key=Version) == VERSIONS
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {oldest} to {VERSIONS[-1]}" in readme
    table = readme.split("| Python | PyAV |")[1].split("\n\n")[0]
    assert all(re.search(rf"^\|.*\b{re.escape(version)}\b", table, re.MULTILINE) for version in VERSIONS)
