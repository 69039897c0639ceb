"""A name takes one line wherever it is printed, and a cure can be pasted."""

import json
import os
import shlex
import shutil
import subprocess

import pytest

from commands_typed import invoke
from earshot.commands.demo import _as_typed
from earshot.commands.shared.terminal import echo_some
from earshot.index.library import Library, LibraryError
from earshot.index.removal import forget_folder
from earshot.index.tracks.roots import read_rules

FORGED = "x\nNext      rm -rf ~"
SHOWN = r"x\nNext      rm -rf ~"


@pytest.fixture
def heard(track_files, tmp_path):
    """A library of one folder, whose name looks like two lines of `cli status`."""
    music = tmp_path / FORGED
    music.mkdir()
    shutil.copy(track_files[0], music)
    invoke(tmp_path / "library", "embed-audio", music)
    return tmp_path / "library"


def test_status_has_one_line_for_a_folder(heard):
    lines = invoke(heard, "status").stdout.splitlines()
    assert f"Folders   {heard.parent}/{SHOWN}" in lines
    assert not [line for line in lines if line.startswith("Next")]
    assert json.loads(invoke(heard, "status", "--json").stdout)["roots"] == [f"{heard.parent}/{FORGED}"]


def test_the_folders_that_may_be_forgotten_have_one_line_each(heard):
    with Library.open_to_write(heard) as library, pytest.raises(LibraryError) as refused:
        forget_folder(library, f"/a{FORGED}")
    assert len(str(refused.value).splitlines()) == 2 and str(refused.value).count(SHOWN) == 2
    assert "Next  " not in [line[:6] for line in invoke(heard, "forget-folder").stdout.splitlines()]
    rows = json.loads(invoke(heard, "forget-folder", "--json").stdout)
    assert rows[0]["folder"] == f"{heard.parent}/{FORGED}"
    gone = invoke(heard, "forget-folder", heard.parent / FORGED).stdout
    assert gone.splitlines()[0].endswith("No file was touched.")


def test_a_check_has_one_line_for_a_file(heard):
    shutil.rmtree(heard.parent / FORGED)
    lines = invoke(heard, "check", "--read-data", code=1).stdout.splitlines()
    assert SHOWN in lines[0]
    assert not [line for line in lines if line.startswith("Next")]


def test_lists_on_the_way_have_one_line_for_each(capsys):
    echo_some("not in the library", [FORGED, "it is damaged.\n\nTake another.", "a\tb\x85c\u2028d"])
    assert capsys.readouterr().err.splitlines() == [
        "  not in the library:",
        f"    {SHOWN}",
        "    it is damaged. Take another.",
        r"    a\tb\x85c\u2028d",
    ]


def test_a_playlist_that_cannot_be_read_has_one_line(heard):
    playlist = heard.parent / "a\nLeft out: everything.m3u"
    playlist.mkdir()
    (heard.parent / "b\nLeft out: all.xspf").write_text("no XML")
    result = invoke(heard, "import-playlists", heard.parent, code=1)
    assert result.stderr.count("\nLeft out: ") + result.stderr.startswith("Left out: ") == 1


@pytest.mark.parametrize("name", [b"caf\xe9", b"it's", b"a\nb", b"two words"])
def test_the_cure_for_a_folder_that_is_away_can_be_pasted(name, track_files, tmp_path):
    library, music = tmp_path / "library", tmp_path / os.fsdecode(name)
    music.mkdir()
    shutil.copy(track_files[0], music)
    invoke(library, "embed-audio", music)
    shutil.rmtree(music)
    music.mkdir()  # as an unmounted disk leaves it
    (cure,) = [line for line in invoke(library, "embed-audio").stderr.splitlines() if "cli forget-folder" in line]
    typed = ["bash", "-c", f"cli() {{ printf '%s' \"$2\"; }}; {cure}"]
    word = subprocess.run(typed, capture_output=True, check=True).stdout
    assert word == os.fsencode(music), shlex.join(typed)
    invoke(library, "forget-folder", os.fsdecode(word))
    with Library.open(library) as opened:
        assert not read_rules(opened)


def test_the_demo_names_a_command_that_can_be_pasted(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/my apps/cli", "demo"])
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert _as_typed() == "'/my apps/cli'"


@pytest.mark.parametrize("command", ["similar", "import-playlists", "embed-audio"])
def test_words_longer_than_a_name_may_be_lead_nowhere(command, heard):
    result = invoke(heard, command, "a" * 300, code=2 if command == "import-playlists" else 1)
    assert "No track and no file answers" in result.stderr or "There is no aaa" in result.stderr
