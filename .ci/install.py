"""Make the virtual environment that `make` works in, and say beforehand what that costs.

    python3 .ci/install.py .venv train map dev

A second call costs a tenth of a second, unless `pyproject.toml` changed or the first was interrupted. Any Python 3 can
read this file, so that one which is too old is told so in a sentence.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5  # an index that does not answer within these is left alone
HAS_TORCH = """
import importlib.metadata, tomllib
from pip._vendor.packaging.requirements import Requirement

with open("pyproject.toml", "rb") as file:
    wanted = map(Requirement, tomllib.load(file)["project"]["optional-dependencies"]["train"])
(torch,) = (requirement for requirement in wanted if requirement.name == "torch")
assert importlib.metadata.version("torch") in torch.specifier
"""
# GB to download, GB on the disk; measured on Linux x86_64 with Python 3.11 and 3.13
COST = {"CPU": (0.5, 2.0), "CUDA": (3.0, 6.0)}


class InstallError(Exception):
    """One sentence for the person who typed `make`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("venv", type=Path, help="the folder of the virtual environment")
    parser.add_argument("extras", nargs="*", help="optional dependencies of pyproject.toml: train, map, dev, bench")
    parser.add_argument("--torch-index", default="auto", help="a package index with torch, '' for none, or auto")
    arguments = parser.parse_args()
    try:
        install(arguments.venv, set(arguments.extras), arguments.torch_index)
    except InstallError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("\nInterrupted. The same command begins anew.", file=sys.stderr)
        sys.exit(130)


def install(venv: Path, extras: set, torch_index: str) -> None:
    """Bring the environment to what `pyproject.toml` asks for; nothing is done where it is there already."""
    if sys.version_info < OLDEST:
        raise InstallError(too_old(sys.version.split()[0], newer_pythons()))
    installed, wanted = venv / "installed", hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    warn_of_python(venv)
    told = installed.read_text().split() if runs(venv, "") and installed.exists() else []
    done, *extras_there = told or [""]  # an empty file is of an older Makefile
    if done == wanted and extras <= set(extras_there):
        return
    make_venv(venv)
    extras |= set(extras_there)
    unfinished = venv / "installing"
    unfinished.touch()
    try:
        pip_install(venv, extras, torch_index)
    except InstallError as error:
        if "disk is full" not in str(error):  # otherwise pip gave up before it began to write
            unfinished.unlink()
        raise
    installed.write_text("\n".join([wanted, *sorted(extras)]))
    unfinished.unlink()


def warn_of_python(venv: Path) -> None:
    """Say so where the environment is of another Python than the one that was asked for."""
    told = (venv / "pyvenv.cfg").read_text() if (venv / "pyvenv.cfg").exists() else ""
    version, asked = re.search(r"^version\w* = (3\.\d+)", told, re.MULTILINE), "{}.{}".format(*sys.version_info)
    if version and version.group(1) != asked:
        print(f"{venv} is of Python {version.group(1)}; for {asked}, remove it first: rm -r {venv}")


def too_old(version: str, newer: list) -> str:
    """The sentence for a Python before 3.11, with what to type where a newer one is at hand."""
    oldest = ".".join(map(str, OLDEST))
    cure = f"Type `make PYTHON={newer[0]}`." if newer else "Install a newer one, then type `make` again."
    return f"Earshot needs Python {oldest} or newer, and this is {version}. {cure}"


def newer_pythons() -> list:
    """Names on the PATH, like python3.13, of interpreters that are new enough and start. Newest first."""
    names = (f"python3.{minor}" for minor in range(OLDEST[1] + 9, OLDEST[1] - 1, -1))
    return [name for name in names if shutil.which(name) and _succeeds([name, "-c", ""])]


def make_venv(venv: Path) -> None:
    """Make the environment; anew where an install was interrupted or its Python is gone."""
    is_venv = (venv / "pyvenv.cfg").exists()
    is_half = (venv / "installing").exists() or not runs(venv, "import pip")
    if is_venv and not is_half:
        return
    if is_venv:  # --clear empties the folder, so never one that is no environment
        print(f"{venv} is half an environment: making it anew.")
    command = [sys.executable, "-m", "venv", *(["--clear"] if is_venv else []), str(venv)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise InstallError(venv_failure(venv, result.stdout))


def venv_failure(venv: Path, words: str) -> str:
    """The sentence for an environment that could not be made."""
    if re.search("ensurepip|No module named '?venv", words):
        debian = "On Debian and Ubuntu `sudo apt install python{}.{}-venv` brings it".format(*sys.version_info)
        return f"this Python comes without venv. {debian}; then type `make` again."
    last = words.strip().splitlines()[-1:] or ["no reason given"]
    return f"{venv} could not be made: {last[0]}"


def pip_install(venv: Path, extras: set, torch_index: str) -> None:
    """Let pip install Earshot, its talk and progress as they come, its errors as one sentence."""
    has_torch = runs(venv, HAS_TORCH)  # then what is left to download is small
    index = "" if has_torch else index_of_torch(torch_index)
    if not has_torch:
        announce(venv, index)
    log = (venv / "install.log").absolute()
    if log.exists():  # pip would write on below it
        log.unlink()
    command = [str(python_of(venv)), "-m", "pip", "install", "--disable-pip-version-check", "--log", str(log)]
    command += ["--quiet"] if has_torch else []
    command += ["--extra-index-url", index] if index else []
    command += ["--editable", ".[{}]".format(",".join(sorted(extras)))]
    pip = subprocess.Popen(command, stderr=subprocess.PIPE, universal_newlines=True, errors="replace", cwd=str(ROOT))
    is_waiting = False
    for line in pip.stderr:
        if "Retrying (" in line and not is_waiting:
            is_waiting = True
            print("The package index does not answer; pip tries again a few times.", flush=True)
    if pip.wait():
        raise InstallError(pip_failure(log.read_text(encoding="utf-8", errors="replace"), log))


def index_of_torch(torch_index: str) -> str:
    """An index with smaller wheels of torch: as told, or PyTorch's own where no GPU is and it answers quickly."""
    if torch_index != "auto":
        return torch_index
    # Of PyPI's wheels only those for Linux bring CUDA along.
    if not sys.platform.startswith("linux") or has_gpu() or not answers(CPU_INDEX):
        return ""
    return CPU_INDEX


def has_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia").exists()


def answers(index: str) -> bool:
    """Whether an index answers soon. A process of its own, as looking up a name knows no time limit."""
    code = "import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1], method='HEAD'), timeout=4)"
    return _succeeds([sys.executable, "-c", code, index.rstrip("/") + "/torch/"], timeout=PROBE_SECONDS)


def announce(venv: Path, index: str) -> None:
    """Say what is about to happen, how much comes and how long it takes."""
    download, disk = COST["CUDA" if not index and sys.platform.startswith("linux") else "CPU"]
    folder = next(folder for folder in [venv.absolute(), *venv.absolute().parents] if folder.exists())
    free = shutil.disk_usage(str(folder)).free / 1e9
    if free < COST["CPU"][1]:
        raise InstallError(f"Earshot takes at least {COST['CPU'][1]} GB, and {folder} has {free:.1f} GB free.")
    minutes = round(download * 8_000 / 100 / 60) + 1
    torch = f"torch from {index}" if index else "torch as pip finds it"
    print(
        f"Installing Earshot into {venv}, once, with {torch}: up to {download} GB to download, {disk} GB on the disk"
        f" ({free:.0f} GB are free), about {minutes} minutes at 100 Mbit/s.",
        flush=True,
    )


def pip_failure(log: str, path: Path) -> str:
    """The sentence for pip's log: what is missing, and what to do."""
    again = f"then type `make` again. All that pip said is in {path}."
    python = "Python {}.{}".format(*sys.version_info)
    if "No space left on device" in log:
        return f"the disk is full: make room, {again}"
    if re.search(r"command '.*(cc|\+\+)'|Unable to find a compiler|Microsoft Visual C\+\+ .* is required", log):
        built = re.search(r"Failed building (?:editable |wheel )?for ([\w.-]+)|Failed to build '?([\w.-]+)", log)
        name = next(filter(None, built.groups())) if built else "A dependency"
        return f"{name} has no wheel for {python} here and wants to be compiled: install a C++ compiler, {again}"
    offline = re.search(
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Read timed out", log
    )
    missing = re.search(r"No matching distribution found for ([^\s;]+)", log)
    if missing and not (offline and "from versions: none" in log):  # one retry is not being offline
        return f"there is no {missing.group(1)} for {python} here. Try another Python: `make PYTHON=...`. See {path}."
    if offline:
        return f"no package index could be reached, and the install needs one, once: connect to a network, {again}"
    return f"pip could not install Earshot. All that it said is in {path}."


def python_of(venv: Path) -> Path:
    return venv.absolute() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def runs(venv: Path, code: str) -> bool:
    """Whether the environment's Python is there and runs a line of code."""
    return python_of(venv).exists() and _succeeds([str(python_of(venv)), "-c", code])


def _succeeds(command: list, timeout: float = 60) -> bool:
    try:
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=timeout, cwd=str(ROOT)
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    main()
