"""Modules that an installation lacks: the extra that brings each, as pyproject.toml says."""

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest

from earshot.stages.shared.extras import _EXTRAS, _PURPOSES, is_installed, missing_extra

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_each_extra_brings_its_modules_and_no_others():
    optional = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(_PURPOSES) == set(_EXTRAS.values()) == set(optional) - {"dev", "bench"}
    brought_by = importlib.metadata.packages_distributions()
    for extra in _PURPOSES:
        packages = {re.match(r"[\w-]+", line).group() for line in optional[extra]}
        modules = [module for module, named in _EXTRAS.items() if named == extra]
        assert {brought_by.get(module, [module])[0].replace("_", "-") for module in modules} == packages


@pytest.mark.parametrize(("module", "extra"), [("torch", "train"), ("umap", "map")])
def test_a_missing_module_names_its_extra(monkeypatch, module, extra):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    assert not is_installed(module)
    with pytest.raises(ModuleNotFoundError) as raised:
        __import__(f"{module}.nothing")
    sentence = missing_extra(raised.value)
    assert f"need {module}, which this installation was made without" in sentence
    assert sentence.endswith(f"Run `pip install 'earshot[{extra}]'`.")


def test_other_failures_are_not_explained_away():
    assert missing_extra(ModuleNotFoundError("No module named 'numpy'", name="numpy")) is None
    assert missing_extra(ImportError("cannot import name 'x' from 'torch'", name="torch")) is None  # it is installed
    assert missing_extra(ImportError("?")) is None
