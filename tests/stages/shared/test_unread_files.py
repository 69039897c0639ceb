"""Files that cannot be read today, as a user meets them: nothing known is lost, and all is tried again."""

import errno
import json
import os
import shutil
import threading
import time
from pathlib import Path

import pytest

import faulty_worker
from commands_typed import invoke, rows_of
from earshot.audio import embed_files
from earshot.data.files import regular_files, skip_rules
from earshot.data.files.folder_walk import find_files
from earshot.data.files.skip_rules import Rules

TWO = ("--workers", 2)


@pytest.fixture
def music(track_files, tmp_path):
    """A folder of music to which a test adds files whose names say what goes wrong."""
    folder = tmp_path / "music"
    folder.mkdir()
    for number, path in enumerate(track_files[:2]):
        shutil.copy(path, folder / f"{number}{path.suffix}")
    return folder


@pytest.fixture
def trouble(music, track_files, monkeypatch):
    """A function that adds files by name, and lets them go wrong; without names all is well again."""

    def begin(*names: str) -> None:
        monkeypatch.undo()
        if names:
            monkeypatch.setattr(embed_files, "hash_file", faulty_worker.faulty_hash)
        for number, name in enumerate(names):
            shutil.copy(track_files[2 + number % 6], music / f"{name}.flac")
            with open(music / f"{name}.flac", "ab") as file:
                file.write(bytes(number + 1))  # each is other content
            os.utime(music / f"{name}.flac", ns=(time.time_ns(), time.time_ns()))  # and has changed

    return begin


def tracks(library: Path) -> dict[str, tuple]:
    """Status, title and vector of each track by the name of its file."""
    rows = rows_of(
        library,
        "SELECT path, status, t.title, v.vector FROM tracks AS t LEFT JOIN vectors AS v ON v.track_id = t.id",
    )
    return {Path(path).name: row for path, *row in rows}


def test_a_failing_disk_costs_no_vector(music, trouble, tmp_path):
    library = tmp_path / "library"
    trouble("failing disk-1", "not allowed-1")
    trouble()
    invoke(library, "embed-audio", music, *TWO)
    before = tracks(library)
    assert {status for status, *_ in before.values()} == {"embedded"}

    trouble("failing disk-1", "failing disk-2", "not allowed-1")
    result = invoke(library, "embed-audio", *TWO, code=3)
    assert "5 found = 0 embedded + 2 reused + 3 failed + 0 excluded" in result.stdout
    assert "3 of the failed could not be read, and are tried again at the next run" in result.stdout
    assert f"{music / 'failing disk-1.flac'}: cannot be read: Input/output error" in result.stderr
    now = tracks(library)
    assert now.pop("failing disk-2.flac")[0] == "failed"
    assert now == before

    (row,) = json.loads(invoke(library, "failures", "--json").stdout)
    assert (row["reason"], row["next_run"]) == ("cannot be read: Input/output error", "tried again")
    status = invoke(library, "status").stdout
    assert "1 failed (1 of them tried again at the next run)" in status
    assert "cli embed-audio   (1 files could not be read, and are tried again)" in status

    trouble()
    result = invoke(library, "embed-audio", *TWO)
    assert "5 found = 1 embedded + 4 reused + 0 failed + 0 excluded" in result.stdout
    assert "failing disk-2.flac" in tracks(library)


def test_many_files_in_a_row_are_a_disk(music, trouble, tmp_path):
    library = tmp_path / "library"
    invoke(library, "embed-audio", music, *TWO)
    before = tracks(library)
    trouble(*(f"failing disk-{number}" for number in range(14)))
    result = invoke(library, "embed-audio", *TWO, code=1)
    assert "10 files in a row could not be read, the last of them" in result.stderr
    assert "Run `cli embed-audio` again when the disk is well" in result.stderr
    now = tracks(library)
    assert {name: now.pop(name) for name in before} == before
    assert len(now) == 10 and {status for status, *_ in now.values()} == {"failed"}
    trouble()
    result = invoke(library, "embed-audio", *TWO)
    assert "16 found = 14 embedded + 2 reused + 0 failed + 0 excluded" in result.stdout


@pytest.mark.parametrize("were_heard", [False, True])
def test_the_same_files_do_not_end_every_run(music, trouble, track_files, tmp_path, were_heard):
    """Files that always fail come last, and are no news: new ones are heard, and the run comes to its end."""
    library, names = tmp_path / "library", [f"failing disk-{number:02}" for number in range(12)]
    if were_heard:
        trouble(*names)
        trouble()
    invoke(library, "embed-audio", music, *TWO)
    before = tracks(library)
    trouble(*names)
    assert "10 files in a row" in invoke(library, "embed-audio", *TWO, code=1).stderr
    shutil.copy(track_files[2], music / f"zz{track_files[2].suffix}")
    result = invoke(library, "embed-audio", *TWO, code=3)
    assert "15 found = 1 embedded + 2 reused + 12 failed + 0 excluded" in result.stdout
    assert {name: row for name, row in tracks(library).items() if name in before} == before
    trouble()
    assert "15 found" in (result := invoke(library, "embed-audio", *TWO)).stdout and " 0 failed" in result.stdout


def test_a_disk_that_lets_nothing_be_read(music, trouble, tmp_path):
    """A share whose ticket has run out: the names are there, and all is forbidden."""
    library = tmp_path / "library"
    invoke(library, "embed-audio", music, *TWO)
    before = tracks(library)
    trouble(*(f"not allowed-{number:03}" for number in range(120)))
    result = invoke(library, "embed-audio", *TWO, code=1)
    assert "100 files in a row could not be read" in result.stderr and "Permission denied" in result.stderr
    now = tracks(library)
    assert {name: now.pop(name) for name in before} == before
    for _ in range(2):  # those that are known to be forbidden are no news
        invoke(library, "embed-audio", *TWO, code=3)
    trouble()
    assert "120 embedded" in invoke(library, "embed-audio", *TWO).stdout


def test_many_files_of_somebody_else_are_none(music, trouble, tmp_path):
    trouble(*(f"not allowed-{number}" for number in range(120)))
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, code=3)
    assert "122 found = 2 embedded + 0 reused + 120 failed + 0 excluded" in result.stdout


def test_a_root_that_goes_away(music, trouble, tmp_path):
    library = tmp_path / "library"
    invoke(library, "embed-audio", music, *TWO)
    before = tracks(library)
    trouble("root goes")
    result = invoke(library, "embed-audio", *TWO, code=1)
    assert f"{music} went away while its files were read. Was its disk unmounted?" in result.stderr
    assert tracks(library) == before


def test_an_installation_that_is_at_fault(music, trouble, tmp_path):
    """PyAV 19 was one, spoken to as PyAV 18: no file is to blame, and none is marked."""
    for path in list(music.iterdir()):
        path.unlink()
    trouble("wrong program-1", "wrong program-2", "wrong program-3")
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, code=1)
    assert "installation is at fault" in result.stderr and "TypeError: open() got a surprise" in result.stderr
    assert " av " in result.stderr and "Python 3." in result.stderr and "pip install" in result.stderr
    assert tracks(tmp_path / "library") == {}
    trouble()
    assert "3 embedded" in invoke(tmp_path / "library", "embed-audio", music, *TWO).stdout


def test_one_error_of_the_program_among_damaged_files_is_not_the_installation(music, trouble, tmp_path):
    for number, path in enumerate(list(music.iterdir())):
        path.unlink()
        (music / f"damaged-{number}.mp3").write_bytes(b"ID3" + bytes(4_000))
    trouble("wrong program")
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, code=3)
    assert "3 found = 0 embedded + 0 reused + 3 failed + 0 excluded" in result.stdout
    assert "installation" not in result.stderr


def test_an_error_of_the_program_in_many_new_files_lets_the_others_be_heard(music, trouble, track_files, tmp_path):
    """A library that was heard before has an installation that works, whatever these files hold."""
    library = tmp_path / "library"
    invoke(library, "embed-audio", music, *TWO)
    trouble(*(f"wrong program-{number}" for number in range(7)))
    shutil.copy(track_files[2], music / f"zz{track_files[2].suffix}")
    result = invoke(library, "embed-audio", *TWO, code=3)
    assert "1 embedded + 2 reused + 7 failed" in result.stdout


def test_an_error_of_the_program_in_one_file(music, trouble, tmp_path):
    trouble("wrong program")
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, code=3)
    assert "3 found = 2 embedded + 0 reused + 1 failed + 0 excluded" in result.stdout
    assert "wrong program.flac: TypeError: open() got a surprise" in result.stderr
    trouble()
    assert "1 embedded + 2 reused" in invoke(tmp_path / "library", "embed-audio", music, *TWO).stdout


def test_a_file_that_never_answers(music, trouble, tmp_path):
    trouble("hangs")
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, "--time-limit", 2, code=3)
    assert "3 found = 2 embedded + 0 reused + 1 failed + 0 excluded" in result.stdout
    assert "hangs.flac: decoding it took longer than 2 s" in result.stderr


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="no kernel files here")
def test_what_the_kernel_makes_up_is_no_music(music, tmp_path):
    (music / "song.mp3").symlink_to("/proc/kmsg")
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, code=3)
    assert "3 found = 2 embedded + 0 reused + 1 failed + 0 excluded" in result.stdout
    (row,) = json.loads(invoke(tmp_path / "library", "failures", "--json").stdout)
    assert row["reason"] == "not a regular file but a file of the kernel's"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_seeds_that_are_no_music_files(music, trouble, tmp_path):
    library = tmp_path / "library"
    invoke(library, "embed-audio", music, *TWO)
    os.mkfifo(tmp_path / "pipe.mp3")
    assert (
        "pipe.mp3 is a named pipe, not a music file" in invoke(library, "similar", tmp_path / "pipe.mp3", code=1).stderr
    )
    (tmp_path / "empty").mkdir()
    assert "No track of the library lies in the folder" in invoke(library, "similar", tmp_path / "empty", code=1).stderr
    trouble("failing disk", "wrong program")
    result = invoke(library, "similar", music / "failing disk.flac", code=1)
    assert "cannot be embedded: cannot be read: Input/output error." in result.stderr
    result = invoke(library, "similar", music / "wrong program.flac", code=1)
    assert "cannot be embedded: TypeError: open() got a surprise." in result.stderr and "pip install" in result.stderr


def test_a_name_that_tells_nothing_on_a_disk_that_does_not_answer(tmp_path, monkeypatch):
    """The first bytes must tell: of a dead disk they are not waited for, and the file is not left out for ever."""
    (tmp_path / "song").write_bytes(b"ID3")
    assert [file.exclusion for file in find_files([str(tmp_path)])] == [None]
    monkeypatch.setattr(regular_files, "_FIRST_BYTES_SECONDS", 0.1)
    answer = threading.Event()
    with monkeypatch.context() as context:
        context.setattr(regular_files, "open_regular", lambda path, buffering: answer.wait())
        (file,) = find_files([str(tmp_path)])
    answer.set()
    assert (file.failure, file.is_transient, file.exclusion) == ("cannot be read: Connection timed out", True, None)

    def failing(path: str, n_bytes: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(skip_rules, "first_bytes", failing)
    (file,) = find_files([str(tmp_path)])
    assert (file.failure, file.is_transient, file.exclusion) == ("cannot be read: Input/output error", True, None)


@pytest.fixture
def failing_walk(monkeypatch):
    """Let the walk fail at folders called damaged, with an error of this number."""
    real = os.scandir

    def begin(number: int) -> None:
        def scandir(path):
            if "damaged" in str(path):
                raise OSError(number, os.strerror(number))
            return real(path)

        monkeypatch.setattr("earshot.data.files.folder_walk.os.scandir", scandir)

    return begin


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_walk_over_a_disk_that_fails_comes_to_an_end(music, failing_walk, tmp_path, number):
    library = tmp_path / "library"
    invoke(library, "embed-audio", music, *TWO)
    before = tracks(library)
    for place in range(12):
        (music / f"damaged-{place}").mkdir()
    failing_walk(number)
    result = invoke(library, "embed-audio", *TWO, code=1)
    assert f"10 files in a row could not be read, the last of them {music}" in result.stderr
    assert os.strerror(number) in result.stderr and "Run `cli embed-audio` again when the disk is well" in result.stderr
    assert tracks(library) == before


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT])
def test_many_folders_that_are_forbidden_or_gone_are_no_failing_disk(music, failing_walk, tmp_path, number):
    for place in range(12):
        (music / f"damaged-{place}").mkdir()
    failing_walk(number)
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, code=3)
    assert "14 found = 2 embedded + 0 reused + 12 failed + 0 excluded" in result.stdout


def test_many_files_that_were_given_and_are_gone(music, track_files, tmp_path):
    files = [shutil.copy(track_files[place], tmp_path / f"{place}.mp3") for place in range(12)]
    invoke(tmp_path / "library", "embed-audio", music, *files, *TWO)
    for file in files:
        os.unlink(file)
    assert "2 found = 0 embedded + 2 reused" in invoke(tmp_path / "library", "embed-audio", *TWO).stdout


def test_a_walk_waits_only_for_a_few_files(music, tmp_path, monkeypatch):
    """Names that tell nothing, on a disk that still lists its files and answers no read."""
    asked = []
    for place in range(6):
        (music / f"song {place}").write_bytes(b"ID3")
        (music / f"song {place}.jpg").touch()

    def silent(path: str, n_bytes: int) -> bytes:
        asked.append(path)
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    monkeypatch.setattr(skip_rules, "first_bytes", silent)
    result = invoke(tmp_path / "library", "embed-audio", music, *TWO, code=1)
    assert f"3 files could not be read, the last of them {music / 'song 2'}: cannot be read: Conn" in result.stderr
    assert len(asked) == 3
    assert "2 embedded" in invoke(tmp_path / "library", "embed-audio", music, "--exclude", "song *", *TWO).stdout


def test_a_file_that_cannot_be_looked_at_may_be_left_out(tmp_path, monkeypatch):
    path, real = str(tmp_path / "bad.mp3"), os.stat

    def stat(name, **options):
        if name == path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(name, **options)

    with monkeypatch.context() as failing:
        failing.setattr(os, "stat", stat)
        (unread,) = find_files([path])
        (excluded,) = find_files([path], {path: Rules(("bad*",))})
    assert (unread.exclusion, unread.failure) == (None, "cannot be read: Input/output error")
    assert (excluded.exclusion, excluded.failure) == ("matches --exclude bad*", None)


def test_where_no_thread_can_be_started(tmp_path, monkeypatch):
    (tmp_path / "song").write_bytes(b"ID3")

    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    (file,) = find_files([str(tmp_path)])
    assert (file.failure, file.errno) == ("cannot be read: Cannot allocate memory", errno.ENOMEM)
