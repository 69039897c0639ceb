"""`cli serve` as it is typed: what it needs before it begins, and what it does not load."""

import stat
import subprocess
import sys

import pytest

from commands_typed import invoke
from earshot.commands.serve import serve
from earshot.web.security.passwords import is_password, read_hash


@pytest.fixture
def served(monkeypatch, tmp_path):
    """The settings that the server was started with, in place of starting it."""
    started = []
    monkeypatch.setattr("earshot.web.server.serve", lambda *arguments, **options: started.append((arguments, options)))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("EARSHOT_PASSWORD", raising=False)
    return started


def test_on_this_computer_no_password_is_needed(served, tmp_path):
    invoke(tmp_path, "serve", "--port", 0)
    ((folder, settings, port), _) = served[0]
    assert (folder, settings.host, settings.password_hash, port) == (tmp_path, "127.0.0.1", None, 0)


def test_elsewhere_it_is_asked_for_where_somebody_can_type(served, tmp_path):
    result = invoke(tmp_path, "serve", "--host", "0.0.0.0", code=2)
    assert "give --password-file, or EARSHOT_PASSWORD" in result.output and not served


def test_a_password_comes_from_a_file_or_the_environment_and_not_from_an_option(served, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("correct horse\nsecond line\n")
    invoke(tmp_path, "serve", "--host", "0.0.0.0", "--password-file", tmp_path / "secret")
    monkeypatch.setenv("EARSHOT_PASSWORD", "battery staple")
    invoke(tmp_path, "serve", "--host", "0.0.0.0", "--allow-host", "music.home")
    (_, first, _), (_, second, _) = (arguments for arguments, _ in served)
    assert is_password("correct horse", first.password_hash) and is_password("battery staple", second.password_hash)
    assert second.allowed_hosts == ("music.home",)
    assert "password" not in {parameter.name for parameter in serve.params}, "others can list the words of a command"


def test_a_typed_one_is_kept_as_its_hash(served, tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.commands.serve._typed_password", lambda: "correct horse")
    invoke(tmp_path, "serve", "--new-password")
    path = tmp_path / "config" / "earshot" / "password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and is_password("correct horse", read_hash(path))
    invoke(tmp_path, "serve", "--host", "0.0.0.0")
    assert served[1][0][1].password_hash == read_hash(path)
    path.chmod(0o644)
    assert "can be read by others" in invoke(tmp_path, "serve", code=1).output


def test_a_short_one_is_refused(served, tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_PASSWORD", "short")
    assert "a password of 5 letters; it has at least 8." in invoke(tmp_path, "serve", code=1).output


def test_serving_needs_no_torch_and_starting_not_even_polars():
    code = (
        "import importlib, sys, earshot.commands.serve, earshot.web.server as server;"
        "print([name for name in ('torch', 'librosa', 'matplotlib', 'polars', 'scipy') if name in sys.modules]);"
        "[importlib.import_module(name) for name in server._IMPORTED_LATER];"
        "print([name for name in ('torch', 'librosa', 'matplotlib', 'polars') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["[]", "['polars']"]
