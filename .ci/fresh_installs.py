"""Install Earshot anew, as a newcomer does, with each other Python at hand and with the oldest dependencies.

    python .ci/fresh_installs.py --minutes 25

Every other Python from 3.11 on that the PATH or pyenv has gets a virtual environment, `pip install` with the extras
`train` and `map`, `cli demo` (embed-audio, similar, train-audio, train-tower, recommend) and `cli check`. This Python
gets an installation without extras, which hears, answers, checks and serves, and says of the rest what it would need.
Then it gets every dependency at its lower bound and runs the tests that lean on them most.

A Python that `pyproject.toml` does not name may fail for want of a wheel. Nothing is said against Earshot either by a
full disk, an index that cannot be reached, or time that is up: such a trial is told as not made.
"""

import argparse
import array
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
import wave
from collections.abc import Callable
from pathlib import Path

import install
from lowest_versions import lowest_versions

ROOT = Path(__file__).resolve().parent.parent
GB_FREE = 9.0  # an environment with CUDA, and what pip unpacks beside it
INSTALL_SECONDS = 900
TESTS = (  # what leaned on a newer version than it said, and one of each library
    *(
        "ann",
        "faiss_file",
        "decode",
        "audio_writer",
        "co_occurrence",
        "diffusion",
        "preference_graph",
        "graph_files",
        "graph_drawing",
    ),
    *(
        "bootstrap",
        "factorization",
        "umap_layout",
        "listen_sources",
        "table_blocks",
        "migrations",
        "training_loop",
        "mel",
        "onnx_session",
        "cli",
        "app",
        "byte_ranges",
        "cover_art",
        "server",
        "sound_answers",
    ),
)


class NotMade(Exception):
    """The reason why a trial could not be made, which is none against Earshot."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=25, help="no trial begins later than this")
    parser.add_argument("--only", nargs="*", help="of these versions, as 3.13, or `light` or `lowest`")
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    trials: dict[str, Callable[[Path], None]] = {
        version: lambda folder, python=python: walk_as_newcomer(python, folder)
        for version, python in other_pythons().items()
    }
    trials["light"] = walk_without_extras
    trials["lowest"] = run_on_oldest_dependencies
    told = [
        told_trial(name, trial, deadline)
        for name, trial in trials.items()
        if not arguments.only or name in arguments.only
    ]
    print("\nFresh installs:", *told, sep="\n  ")
    sys.exit(any(": FAILED" in line for line in told))


def told_trial(name: str, trial: Callable[[Path], None], deadline: float) -> str:
    """One line on how a trial ended."""
    title = {"lowest": "oldest dependencies", "light": "without extras"}.get(name, f"Python {name}")
    print(f"\n{title}:", flush=True)
    began = time.monotonic()
    try:
        if began > deadline:
            raise NotMade("the time for fresh installs is up")
        with tempfile.TemporaryDirectory(prefix="fresh-") as folder:
            if shutil.disk_usage(folder).free < GB_FREE * 1e9:
                raise NotMade(f"{folder} has less than {GB_FREE:.0f} GB free")
            trial(Path(folder))
    except NotMade as reason:
        return f"{title}: not made, {reason}"
    except subprocess.SubprocessError as error:
        return f"{title}: FAILED, {error}"
    return f"{title}: passed in {time.monotonic() - began:.0f} s"


def walk_as_newcomer(python: str, folder: Path) -> None:
    """Install, run the demo in a folder of its own, and check what it left."""
    tools = installed(python, folder, f"{copied_sources(folder)}[train,map]")
    _run([tools / "cli", "demo"], folder, 900)
    _run([tools / "cli", "--library", "demo/library", "check", "--read-data"], folder, 120)


def walk_without_extras(folder: Path) -> None:
    """Install without extras, use all that this promises, and ask for what it lacks.

    Raises
    ------
    subprocess.SubprocessError
        A command failed, or one that has to fail did not say which extra it needs.
    """
    tools = installed(sys.executable, folder, str(copied_sources(folder)))
    cli: list[object] = [tools / "cli", "--library", folder / "library"]
    for number, pitch in enumerate((220, 233, 440)):
        write_tone(folder / "music" / f"{number}.wav", pitch)
    shutil.move(folder / "music" / "2.wav", folder / "outside.wav")
    for words in (
        ["embed-audio", folder / "music"], ["embed-audio"], ["status"], ["similar", "0", "--why"],
        ["similar", folder / "outside.wav"], ["radio", "0", "-k", "2"], ["build-index"], ["check", "--read-data"],
    ):  # fmt: skip
        _run([*cli, *words], folder, 60)
    for words, extra in ((["train-audio"], "train"), (["map"], "map"), (["mpd"], "mpd")):
        refuse_for(extra, [*cli, *words], folder)
    served = subprocess.Popen([*map(str, cli), "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())  # the address logs it in
        assert served.stdout is not None
        with browser.open(served.stdout.readline().strip(), timeout=20) as page:
            assert b"<title>" in page.read()
    except OSError as error:
        raise subprocess.SubprocessError(f"`cli serve` does not answer: {error}") from None
    finally:
        served.terminate()
        served.wait(20)


def refuse_for(extra: str, command: list[object], folder: Path) -> None:
    """Run a command that has to end with 1 and name an extra."""
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode != 1 or f"earshot[{extra}]" not in done.stderr:
        raise subprocess.SubprocessError(f"{command} ended with {done.returncode}: {done.stderr}")


def write_tone(path: Path, pitch: float, seconds: float = 8.0, rate: int = 16_000) -> None:
    """Write a tone of so many Hz, and its octave, which beat once a second."""
    path.parent.mkdir(exist_ok=True)
    moments = (2 * math.pi * n / rate for n in range(round(seconds * rate)))
    values = (8_000 * (math.sin(pitch * t) + math.sin((2 * pitch + 1) * t)) for t in moments)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array.array("h", map(int, values)).tobytes())


def run_on_oldest_dependencies(folder: Path) -> None:
    """Install every dependency at its lower bound, with what tests need, and run some tests."""
    constraints = folder / "lowest.txt"
    constraints.write_text("\n".join(lowest_versions()))
    tools = installed(
        sys.executable, folder, f"{copied_sources(folder)}[train,map,dev]", "--constraint", str(constraints)
    )
    files = [path for name in TESTS for path in (ROOT / "tests").rglob(f"test_{name}.py")]
    assert len(files) == len(TESTS)
    _run([tools / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], ROOT, 900)


def installed(python: str, folder: Path, *what: str) -> Path:
    """Make an environment and install into it; the folder of its programs.

    Raises
    ------
    NotMade
        The network, the disk or the time did not let pip finish, or a wheel is missing for a Python that
        `pyproject.toml` does not name.
    subprocess.SubprocessError
        pip failed for another reason.
    """
    began, log = time.monotonic(), folder / "pip.log"
    _run([python, "-m", "venv", folder / "venv"], folder, 120)
    command = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--log", log, *what]
    index = install.index_of_torch(os.environ.get("TORCH_INDEX", "auto"))
    try:
        _run([*command, *(["--extra-index-url", index] if index else [])], folder, INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise NotMade(f"pip was not done after {INSTALL_SECONDS} s") from None
    except subprocess.CalledProcessError:
        reason = install.pip_failure(log.read_text(encoding="utf-8", errors="replace"), log)
        is_ours = _version(python) in named_versions()
        if re.search("disk is full|no package index", reason) or (
            not is_ours and re.search("no wheel|there is no", reason)
        ):
            raise NotMade(reason.split(",")[0]) from None
        raise
    size = sum(path.lstat().st_size for path in (folder / "venv").rglob("*")) / 1e9
    print(f"installed in {time.monotonic() - began:.0f} s, {size:.1f} GB", flush=True)
    return folder / "venv" / "bin"


def copied_sources(folder: Path) -> Path:
    """A copy of what git tracks: a build leaves its traces there, and a file that git lacks is missed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        target = folder / "sources" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return folder / "sources"


def other_pythons() -> dict[str, str]:
    """The path of an interpreter for each other version from 3.11 on, the newest first."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin"), reverse=True)
    found: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("python3.*"))):
        if re.fullmatch(r"python3\.\d+", path.name) and (version := _version(str(path))):
            found.setdefault(version, str(path))
    ours = "{}.{}".format(*sys.version_info)
    versions = sorted(found, key=lambda version: int(version.split(".")[1]), reverse=True)
    return {version: found[version] for version in versions if version != ours and int(version[2:]) >= 11}


def named_versions() -> set[str]:
    """The versions of Python that `pyproject.toml` promises."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {found[1] for line in project["classifiers"] if (found := re.search(r":: (3\.\d+)$", line))}


def _version(python: str) -> str | None:
    """The version of an interpreter as 3.13, if it starts (a shim of pyenv may not) and is a final one."""
    code = "import sys; v = sys.version_info; print(f'{v[0]}.{v[1]}' if v[3] == 'final' else '')"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _run(command: list[object], folder: Path, seconds: float) -> None:
    words = [str(word) for word in command]
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "EARSHOT_LIBRARY")}
    subprocess.run(words, cwd=folder, timeout=seconds, check=True, stdin=subprocess.DEVNULL, env=kept)


if __name__ == "__main__":
    main()
