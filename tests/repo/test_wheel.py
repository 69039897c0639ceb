"""A wheel holds everything under one name, and works without the checkout."""

import os
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("audio", "commands", "data", "evaluation", "graph", "index", "stages", "towers", "web")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: setuptools leaves a build folder where it builds."""
    sources, wheels = tmp_path_factory.mktemp("sources") / "earshot", tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, sources / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("cli.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(sources)]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, timeout=300)
    (path,) = wheels.glob("earshot-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The programs of an environment that has this wheel, and the dependencies of the one that runs the tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    tools = folder / "bin"
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(_site_packages()) + "\n")
    install = [sys.executable, "-m", "pip", "--python", str(tools / "python"), "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--force-reinstall", "--ignore-installed", str(wheel)], check=True, timeout=300)
    return tools


def _site_packages() -> list[str]:
    """The folders of this environment's packages; .pth files in a folder that a .pth file names are not read."""
    ours = [Path(folder).resolve() for folder in (*site.getsitepackages(), *sys.path) if "site-packages" in str(folder)]
    return list(dict.fromkeys(map(str, ours)))


def run(*command):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EARSHOT"))}
    result = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, cwd="/", timeout=300
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_wheel_has_all_code_weights_and_pages_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"earshot", next(top for top in tops if top.endswith(".dist-info"))}
    code = {f"earshot/{path.relative_to(ROOT)}" for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    pages_and_weights = {"earshot/graph/drawing/map_page.html", "earshot/audio/weights/default.safetensors"}
    assert set(names) >= {"earshot/cli.py", *code, *pages_and_weights}
    assert {name for name in names if name.endswith(".py")} == {"earshot/cli.py", *code}


def test_an_installed_earshot_needs_no_checkout(installed, track_files, tmp_path):
    where = run(installed / "python", "-c", "import earshot.cli; print(earshot.cli.__file__)")
    assert str(installed.parent) in where
    others = f"from importlib.util import find_spec; print([name for name in {(*PACKAGES, 'cli')} if find_spec(name)])"
    assert run(installed / "python", "-c", others) == "[]\n"
    library = ("--library", tmp_path / "library")
    assert "2 embedded" in run(installed / "cli", *library, "embed-audio", *track_files[:2])
    assert "Similar to" in run(installed / "earshot", *library, "similar", track_files[0])
