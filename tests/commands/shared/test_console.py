"""Other people's text reaches a terminal as letters, in any encoding, and a reader may stop at any time."""

import io
import json
import os
import re
import socket
import subprocess
import sys

import click
import pytest

from earshot.commands.shared.console import OutputError, SafeOutput, printable
from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.terminal import echo_json, echo_stream
from earshot.commands.shared.text_tables import json_text

HOSTILE = [
    "\x1b]0;owned\x07",
    "\x9b31m",
    "\u202egnp",
    "\u2066x",
    "half\ud800",
    "a\u2028b",
    "\x1b[2J",
    "\x1b[1mx\x1b[0m",
    "tag\U000e0041",
]
HARMLESS = ["Ágætis", "日本語", "👩\u200d🎤", "می\u200cخواهم", "a\tb\nc"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_moves_a_cursor_or_hides_is_replaced(text):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", printable(text))
    assert "\ufffd" in printable(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_letters_of_every_script_stay(text):
    assert printable(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_json_keeps_what_it_escapes(text):
    written = json_text([{"title": text}])
    assert printable(written) == written
    assert json.loads(written) == [{"title": text}]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "utf-8"])
def test_letters_that_an_encoding_lacks_are_question_marks(encoding):
    raw = io.BytesIO()
    stream = SafeOutput(raw, encoding=encoding, errors="replace")
    stream.write("日本語 x\ud800")
    stream.flush()
    assert raw.getvalue() == ("日本語 x\ufffd" if encoding == "utf-8" else "??? x?").encode()


@pytest.mark.parametrize("encoding", ["ascii", "ANSI_X3.4-1968", "cp1252", "utf-8"])
def test_click_writes_through_it_in_any_encoding(encoding, monkeypatch):
    """Click opens the buffer of a stream anew, as UTF-8, where the stream says that it is of ASCII."""
    raw = io.BytesIO()
    stream = SafeOutput(raw, encoding=encoding, errors="replace")
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", stream)
    click.echo("caf\xe9 \x1b[31m\u202e\x07")
    written = raw.getvalue().decode("ascii" if encoding.startswith("A") else encoding)
    assert written == {"utf-8": "café \ufffd[31m\ufffd\ufffd\n", "cp1252": "café ?[31m??\n"}.get(
        encoding, "caf? ?[31m??\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8"])
@pytest.mark.parametrize("echo", [echo_json, lambda rows: echo_stream(iter(rows), "json")])
def test_json_keeps_all_letters_in_any_encoding(encoding, echo, monkeypatch):
    raw, rows = io.BytesIO(), [{"artist": "Кино", "title": "日本語 é 🔥"}]
    monkeypatch.setattr(sys, "stdout", SafeOutput(raw, encoding=encoding, errors="replace"))
    echo(rows)
    sys.stdout.flush()
    assert json.loads(raw.getvalue().decode(encoding)) == rows


def test_a_full_disk_and_a_reader_that_left_are_told_apart():
    class Failing(io.RawIOBase):
        def __init__(self, error):
            self.error = error

        def writable(self):
            return True

        def write(self, data):
            if self.error is not None:
                raise self.error
            return len(data)

    for error, is_unread in ((BrokenPipeError(32, "Broken pipe"), True), (OSError(28, "No space left"), False)):
        raw = Failing(error)
        stream = SafeOutput(raw, encoding="utf-8")  # type: ignore[arg-type]
        with pytest.raises(OutputError) as raised:
            stream.write("x")
            stream.flush()
        assert raised.value.is_unread == is_unread
        raw.error = None


def cli(*arguments, **others):
    return subprocess.Popen(
        [sys.executable, "-m", "earshot.cli", *map(str, arguments)], stderr=subprocess.PIPE, text=True, **others
    )


COMMANDS = [["--help"], ["status"], ["similar", "TITLE", "--json"], ["similar", "TITLE"], ["check"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: str(words[0]))
def test_a_reader_that_left_ends_a_command_quietly(command, heard_library, world):
    command = [word.replace("TITLE", world.tracks[0].title) for word in command]
    reading, writing = os.pipe()
    os.close(reading)  # as if `head` had gone already
    process = cli("--library", heard_library, *command, stdout=writing)
    os.close(writing)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 141
    assert "Traceback" not in stderr and "Broken pipe" not in stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_an_output_on_a_full_disk_is_one_sentence(heard_library):
    with open("/dev/full", "w") as full:
        process = cli("--library", heard_library, "status", stdout=full)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stderr == "Error: The output could not be written: No space left on device.\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(("words", "code"), [(["nosuch"], 2), (["similar"], 2), (["similar", "no such song"], 1)])
def test_an_exit_code_does_not_need_standard_error(words, code, heard_library):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "earshot.cli", "--library", str(heard_library), *words]
        for stdout in (subprocess.DEVNULL, full):
            assert subprocess.run(command, stdout=stdout, stderr=full, timeout=60).returncode == code


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_two_outputs_on_a_full_disk_are_no_traceback(heard_library):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "earshot.cli", "--library", str(heard_library), "status"]
        assert subprocess.run(command, stdout=full, stderr=full, timeout=60).returncode == 1


def test_a_closed_output_is_nothing_to_stumble_over(heard_library):
    command = f"{sys.executable} -m earshot.cli --library '{heard_library}' status >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], timeout=60).returncode == 0


def test_tables_are_whole_where_no_terminal_cuts_them(heard_library, world):
    command = ["--library", heard_library, "similar", world.tracks[0].title]
    process = cli(*command, stdout=subprocess.PIPE, env=os.environ | {"COLUMNS": "40"})
    output, _ = process.communicate(timeout=60)
    assert "…" not in output and max(map(len, output.splitlines())) > 60


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_a_playlist_on_standard_output_comes_after_what_is_there(name, heard_library, world, tmp_path):
    with open(tmp_path / "list", "a") as file:
        file.write("precious\n")
        file.flush()
        command = ["--library", heard_library, "similar", world.tracks[0].title, "-k", "2", "--m3u", name]
        _, stderr = cli(*command, stdout=file).communicate(timeout=60)
    first, second, *lines = (tmp_path / "list").read_text(encoding="utf-8").splitlines()
    assert (first, second, len(lines)) == ("precious", "#EXTM3U", 4), stderr


def test_a_playlist_reaches_a_socket(heard_library, world):
    ours, theirs = socket.socketpair()
    command = ["--library", heard_library, "similar", world.tracks[0].title, "--m3u", "-"]
    process = cli(*command, stdout=theirs)
    theirs.close()
    with ours.makefile(encoding="utf-8") as received:
        assert received.read().startswith("#EXTM3U\n")
    assert process.wait(60) == 0
    ours.close()
    process.stderr.close()


def test_a_playlist_whose_reader_left_ends_quietly(heard_library, world, tmp_path):
    """A reader of standard output, and one of a named pipe."""
    similar = ["--library", heard_library, "similar", world.tracks[0].title, "--m3u"]
    reading, writing = os.pipe()
    os.close(reading)
    process = cli(*similar, "-", stdout=writing)
    os.close(writing)
    assert (process.communicate(timeout=60)[1], process.returncode) == ("", 141)

    reading, writing = os.pipe()
    os.close(reading)
    process = cli(*similar, f"/dev/fd/{writing}", stdout=subprocess.DEVNULL, pass_fds=[writing])
    os.close(writing)
    assert (process.communicate(timeout=60)[1], process.returncode) == ("", 141)


def test_a_file_whose_reader_left_ends_quietly():
    with pytest.raises(OutputError) as raised, user_errors():
        raise BrokenPipeError(32, "Broken pipe", "/tmp/pipe")
    assert raised.value.is_unread
