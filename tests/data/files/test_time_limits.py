"""A disk that never answers: reading ends in time, in one sentence, and nothing waits for the thread left behind."""

import errno
import os
import threading
import zipfile
from functools import partial

import polars as pl
import pytest

from commands_typed import invoke
from earshot.data.files import regular_files, time_limits
from earshot.data.files.regular_files import open_regular
from earshot.data.files.time_limits import in_time
from library_world import open_library

CSV = b"user,artist,title,file,source,target\nana,Air,One,one.mp3,a,b\n"
SILENT = "Connection timed out"


@pytest.fixture
def answer(monkeypatch):
    """A tenth of a second of patience with a disk that answers once this is set."""
    monkeypatch.setattr(time_limits, "ANSWER_SECONDS", 0.1)
    answer = threading.Event()
    yield answer
    answer.set()
    for thread in time_limits._abandoned_threads:
        thread.join()


@pytest.fixture
def silent_reads(monkeypatch, answer):
    """Opens go well, and so do the first reads; the others wait for the answer."""
    n_well, descriptors = [0], []
    plain_open, plain_read = regular_files._open_descriptor, os.read

    def opened(path):
        descriptors.append(plain_open(path))
        return descriptors[-1]

    def read(descriptor, n_bytes):
        if descriptor in descriptors:
            n_well[0] -= 1
            if n_well[0] < 0:
                answer.wait()
        return plain_read(descriptor, n_bytes)

    monkeypatch.setattr(regular_files, "_open_descriptor", opened)
    monkeypatch.setattr(os, "read", read)
    return n_well


def test_work_in_time_gives_its_result_or_its_own_error():
    assert in_time(lambda: 3, "x.csv") == 3
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 / 0, "x.csv")
    with pytest.raises(pl.exceptions.PanicException):  # no Exception
        in_time(partial(_raise, pl.exceptions.PanicException("polars")), "x.csv")


def _raise(error):
    raise error


def test_work_that_never_ends_is_a_time_out_that_names_the_file(answer):
    with pytest.raises(TimeoutError, match=SILENT) as raised:
        in_time(answer.wait, "x.csv")
    assert (raised.value.errno, raised.value.filename) == (errno.ETIMEDOUT, "x.csv")


def test_a_disk_is_asked_a_few_times_only_until_it_answers(answer):
    n_begun = 0

    def wait():
        nonlocal n_begun
        n_begun += 1
        answer.wait()

    for number in range(9):
        with pytest.raises(TimeoutError):
            in_time(wait, f"{number}.csv")
    assert n_begun == 3
    answer.set()
    for thread in time_limits._abandoned_threads:
        thread.join()
    assert in_time(lambda: 3, "x.csv") == 3


def test_no_thread_left_is_an_error_of_the_system(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda self: _raise(RuntimeError("can't start new thread")))
    with pytest.raises(OSError, match="Cannot allocate memory"):
        in_time(lambda: 3, "x.csv")


def test_a_file_is_read_as_any_other_in_small_and_in_large_reads(tmp_path, rng):
    content = rng.bytes(3_000_000)
    (tmp_path / "x").write_bytes(content)
    with open_regular(tmp_path / "x") as file:
        assert file.read() == content
    with open_regular(tmp_path / "x") as file:
        assert file.read(10) == content[:10]
        assert file.seek(-5, 2) == 2_999_995 and file.read() == content[-5:] and file.tell() == 3_000_000
        assert file.seek(1_500_000) and file.read(2_000_000) == content[1_500_000:]


def test_after_a_read_without_an_answer_all_fail_at_once(tmp_path, silent_reads, monkeypatch):
    (tmp_path / "x").write_bytes(bytes(3_000_000))
    silent_reads[0] = 2
    with open_regular(tmp_path / "x") as file:
        assert len(file.read(1_000_000)) == 1_000_000
        with pytest.raises(TimeoutError):
            file.read()
        monkeypatch.setattr(time_limits, "ANSWER_SECONDS", 60)
        with pytest.raises(TimeoutError):
            file.read()


def test_opening_ends_in_time(tmp_path, answer, monkeypatch):
    (tmp_path / "x").touch()
    monkeypatch.setattr(regular_files, "_open_descriptor", lambda path: answer.wait())
    with pytest.raises(TimeoutError, match=SILENT):
        open_regular(tmp_path / "x")


def _packed(path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.csv", CSV)
    elif path.suffix == ".parquet":
        pl.read_csv(CSV).write_parquet(path)
    else:
        path.write_bytes(CSV)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *(("import-listens", name) for name in ("x.csv", "x.zip", "x.csv.gz", "x.tar", "x.json", "x.parquet")),
        *(("import-graph", name) for name in ("x.csv", "x.graphml")),
        *(("import-playlists", name) for name in ("x.m3u", "x.xspf")),
        ("import-tags", "x.csv"),
    ],
)
def test_every_import_ends_in_one_sentence(tmp_path, silent_reads, command, name):
    open_library(tmp_path / "library")[0].close()
    _packed(tmp_path / name)
    result = invoke(tmp_path / "library", command, tmp_path / name, code=1)
    assert SILENT in result.stderr and "Traceback" not in result.stderr and result.stderr.count("Error: ") == 1


@pytest.mark.parametrize("command", ["import-listens", "import-graph", "import-tags"])
def test_polars_is_given_no_longer(tmp_path, answer, monkeypatch, command):
    open_library(tmp_path / "library")[0].close()
    _packed(tmp_path / "x.parquet")
    monkeypatch.setattr(pl.LazyFrame, "collect_schema", lambda table: answer.wait())
    assert SILENT in invoke(tmp_path / "library", command, tmp_path / "x.parquet", code=1).stderr
