"""`make install`: what it costs is said, a half environment is mended, and each failure is one sentence."""

import ast
import http.server
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

import install

ROOT = Path(__file__).parents[2]
LOG = Path("venv/install.log")


class Machine:
    """A machine to install on: a Python that runs or not, pip, and the making of environments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, venv: Path) -> None:
        self.venv, self.done, self.error = venv, [], None
        monkeypatch.setattr(install, "runs", lambda venv, code: (venv / "python").exists())
        monkeypatch.setattr(install, "pip_install", self.pip_install)
        monkeypatch.setattr(install.subprocess, "run", self.make)

    def make(self, command, **options):
        self.done.append("clear" if "--clear" in command else "make")
        self.venv.mkdir(exist_ok=True)
        for path in self.venv.iterdir() if "--clear" in command else ():
            path.unlink()
        (self.venv / "pyvenv.cfg").touch()
        (self.venv / "python").touch()
        return SimpleNamespace(returncode=0, stdout="")

    def pip_install(self, venv, extras, torch_index):
        self.done.append(f"pip {','.join(sorted(extras))}")
        if self.error:
            raise self.error

    def install(self, *extras):
        """The steps that a call took."""
        self.done.clear()
        try:
            install.install(self.venv, set(extras), "auto")
        finally:
            done = list(self.done)
        return done


@pytest.fixture
def machine(monkeypatch, tmp_path):
    return Machine(monkeypatch, tmp_path / "venv")


def test_it_installs_once(machine):
    assert machine.install("dev") == ["make", "pip dev"]
    assert machine.install("dev") == []


def test_a_mark_without_a_word_installs_again(machine):
    machine.install("dev")
    (machine.venv / "installed").write_text("")  # older Makefiles only touched it
    assert machine.install("dev") == ["pip dev"]


def test_another_python_than_the_environment_has_is_told(machine, capsys):
    machine.install("dev")
    (machine.venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.99.1\n")
    machine.install("dev")
    assert f"{machine.venv} is of Python 3.99; for 3." in capsys.readouterr().out
    (machine.venv / "pyvenv.cfg").write_text("version = {}.{}.0\n".format(*sys.version_info))
    machine.install("dev")
    assert capsys.readouterr().out == ""


def test_another_extra_is_added_and_the_first_stays(machine):
    machine.install("dev")
    assert machine.install("bench") == ["pip bench,dev"]
    assert machine.install("dev") == machine.install("bench", "dev") == []


def test_a_changed_pyproject_installs_again(machine, monkeypatch, tmp_path):
    monkeypatch.setattr(install, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text("one")
    machine.install("dev")
    (tmp_path / "pyproject.toml").write_text("two")
    assert machine.install("dev") == ["pip dev"]
    assert machine.install("dev") == []


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, install.InstallError("the disk is full: make room")])
def test_what_was_left_half_is_made_anew(machine, capsys, end):
    machine.error = end
    with pytest.raises(end if isinstance(end, type) else type(end)):
        machine.install("dev")
    machine.error = None
    assert machine.install("dev") == ["clear", "pip dev"]
    assert "is half an environment: making it anew." in capsys.readouterr().out
    assert machine.install("dev") == []


def test_a_machine_that_is_offline_keeps_what_it_has(machine):
    machine.install("dev")
    machine.error = install.InstallError("no package index could be reached")
    with pytest.raises(install.InstallError):
        machine.install("bench")
    machine.error = None
    assert machine.install("bench") == ["pip bench,dev"]


def test_an_environment_whose_python_is_gone_is_made_anew(machine):
    machine.install("dev")
    (machine.venv / "python").unlink()
    assert machine.install("dev") == ["clear", "pip dev"]


def test_a_folder_that_is_no_environment_is_never_emptied(machine):
    machine.venv.mkdir()
    (machine.venv / "thesis.txt").touch()
    assert machine.install("dev") == ["make", "pip dev"]
    assert (machine.venv / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("newer", "cure"),
    [(["python3.13", "python3.12"], "Type `make PYTHON=python3.13`."), ([], "Install a newer one, then type `make`")],
)
def test_an_old_python_gets_a_sentence(newer, cure):
    told = install.too_old("3.10.13", newer)
    assert told.startswith(f"Earshot needs Python 3.11 or newer, and this is 3.10.13. {cure}")


def test_an_old_python_can_read_the_file():
    ast.parse((ROOT / ".ci/install.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("ensurepip is not\navailable. On Debian/Ubuntu systems", "`sudo apt install python3."),
        ("/usr/bin/python3: No module named venv", "`sudo apt install python3."),
        (
            "x\nError: [Errno 13] Permission denied: 'v'",
            "v could not be made: Error: [Errno 13] Permission denied: 'v'",
        ),
        ("", "v could not be made: no reason given"),
    ],
)
def test_an_environment_that_cannot_be_made(words, told):
    assert told in install.venv_failure(Path("v"), words)


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full: make room"),
        ("Retrying after connection broken by 'NewConnectionError('<", "no package index could be reached"),
        ("urllib3.exceptions.ReadTimeoutError: Read timed out.", "no package index could be reached"),
        (
            "error: command 'x86_64-linux-gnu-gcc' failed\nERROR: Failed building wheel for implicit\n",
            "implicit has no",
        ),
        ("error: command '/usr/bin/g++' failed with exit code 1", "A dependency has no wheel"),
        ("RuntimeError: Unable to find a compiler. Failed to build 'soxr' when", "soxr has no wheel"),
        ("ERROR: No matching distribution found for torch<2.14,>=2.12", "there is no torch<2.14,>=2.12 for Python"),
        (
            "WARNING: Retrying after ReadTimeout\nERROR: Could not find torch (from versions: 2.9)\n"
            "ERROR: No matching distribution found for torch>=2.12",
            "there is no torch>=2.12 for Python",
        ),
        ("Assertion failed", "pip could not install Earshot. All that it said is in venv/install.log."),
    ],
)
def test_each_failure_of_pip_is_one_sentence(log, told):
    sentence = install.pip_failure(log, LOG)
    assert sentence.startswith(told) and "install.log" in sentence and "\n" not in sentence


@pytest.mark.parametrize(
    ("asked", "gpu", "answers", "platform", "index"),
    [
        ("auto", False, True, "linux", install.CPU_INDEX),
        ("auto", True, True, "linux", ""),
        ("auto", False, False, "linux", ""),
        ("auto", False, True, "darwin", ""),
        ("", False, True, "linux", ""),
        ("https://mirror.example/cpu", True, False, "linux", "https://mirror.example/cpu"),
    ],
)
def test_the_small_torch_is_taken_where_no_gpu_is(monkeypatch, asked, gpu, answers, platform, index):
    monkeypatch.setattr(install, "has_gpu", lambda: gpu)
    monkeypatch.setattr(install, "answers", lambda index: answers)
    monkeypatch.setattr(sys, "platform", platform)
    assert install.index_of_torch(asked) == index


def test_an_index_is_asked_for_a_moment_only(monkeypatch, tmp_path):
    (tmp_path / "torch").mkdir()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as server, socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(install, "PROBE_SECONDS", 60)
        assert install.answers(f"http://127.0.0.1:{server.server_port}")
        assert not install.answers(f"http://127.0.0.1:{server.server_port}/none")
        server.shutdown()
        monkeypatch.setattr(install, "PROBE_SECONDS", 1)
        assert not install.answers(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_what_it_costs_is_said(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda folder: SimpleNamespace(free=50e9))
    install.announce(tmp_path / "venv", "")
    assert "up to 3.0 GB to download, 6.0 GB on the disk (50 GB are free), about 5 minutes" in capsys.readouterr().out
    install.announce(tmp_path / "venv", install.CPU_INDEX)
    assert "up to 0.5 GB to download, 2.0 GB on the disk (50 GB are free), about 2 minutes" in capsys.readouterr().out
    monkeypatch.setattr(install.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e9))
    with pytest.raises(install.InstallError, match=r"takes at least 2.0 GB, and .* has 1.0 GB free"):
        install.announce(tmp_path / "venv", "")
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert "0.5 GB to download and 2 GB on the disk" in readme and "3 GB and 6 GB" in readme
