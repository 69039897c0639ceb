"""Only regular files are opened, and nothing waits on what is none."""

import errno
import os
import socket
import stat
import threading
import zipfile
from functools import partial

import polars as pl
import pytest

from commands_typed import invoke
from earshot.data.files import regular_files
from earshot.data.files.regular_files import (
    IrregularFileError,
    in_time,
    irregular_kind,
    open_regular,
    require_regular,
)
from library_world import open_library


def test_a_regular_file_and_a_link_to_one_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"x,y\n")
    (tmp_path / "link.csv").symlink_to(path)
    for name in (path, str(tmp_path / "link.csv")):
        with open_regular(name) as file:
            assert file.read() == b"x,y\n"
    with open_regular(path, buffering=0) as file:
        assert file.read(1) == b"x"
        assert not os.get_inheritable(file.fileno())
    (tmp_path / "empty.csv").touch()
    with open_regular(tmp_path / "empty.csv") as file:
        assert file.read() == b""


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "x.csv")
    with pytest.raises(IrregularFileError, match=r"x\.csv is a named pipe, not a regular file; save what it gives"):
        open_regular(tmp_path / "x.csv")
    with pytest.raises(IrregularFileError, match=r"link\.csv is a named pipe"):
        require_regular(tmp_path / "link.csv")


def test_a_pipe_that_takes_the_place_of_a_file_is_refused_without_waiting(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "x.csv")
    monkeypatch.setattr(regular_files, "require_regular", lambda path: None)  # it was a file a moment ago
    refused = []

    def opened():
        try:
            open_regular(tmp_path / "x.csv")
        except IrregularFileError as error:
            refused.append(str(error))

    thread = threading.Thread(target=opened, daemon=True)
    thread.start()
    thread.join(timeout=10)
    assert refused == ["x.csv is a named pipe, not a regular file; save what it gives to a file first"]


def test_folders_devices_and_sockets_are_refused(tmp_path, monkeypatch):
    with pytest.raises(IrregularFileError, match=r"is a folder, not a regular file$"):
        open_regular(tmp_path)
    (tmp_path / "zero.m3u").symlink_to("/dev/zero")
    with pytest.raises(IrregularFileError, match=r"zero\.m3u is a device, not"):
        open_regular(tmp_path / "zero.m3u")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a path of a socket may have hardly a hundred letters
        server.bind("s.csv")
        with pytest.raises(IrregularFileError, match=r"s\.csv is a socket, not"):
            open_regular(tmp_path / "s.csv")


@pytest.mark.skipif(not os.path.isfile("/proc/self/status"), reason="needs /proc")
def test_a_file_that_the_kernel_makes_up_is_refused(tmp_path):
    (tmp_path / "x.mp3").symlink_to("/proc/self/status")  # as /proc/kmsg, which waits for ever
    with pytest.raises(IrregularFileError, match=r"x\.mp3 is a file of the kernel's, not a regular file"):
        open_regular(tmp_path / "x.mp3")


def test_kernel_file_systems_are_found_among_the_mounts(tmp_path, monkeypatch):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "25 1 253:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "31 25 0:29 / /sys/kernel/tracing rw,nosuid master:7 shared:11 - tracefs tracefs rw\n"
    )
    monkeypatch.setattr(regular_files, "_MOUNT_TABLE", str(mounts))
    monkeypatch.setattr(regular_files, "_KERNEL_FOLDERS", ())
    assert regular_files._kernel_devices.__wrapped__() == {os.makedev(0, 29)}
    monkeypatch.setattr(regular_files, "_MOUNT_TABLE", str(tmp_path / "missing"))
    assert regular_files._kernel_devices.__wrapped__() == set()


def test_kinds_by_mode():
    def status(mode):
        return os.stat_result((mode | 0o600, 1, 0, 1, 0, 0, 0, 0, 0, 0))

    assert irregular_kind(status(stat.S_IFREG)) is None
    assert irregular_kind(status(stat.S_IFBLK)) == "a block device"
    assert irregular_kind(status(0)) == "a special file"


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none.csv")


CSV = b"user,artist,title,file,source,target\nana,Air,One,one.mp3,a,b\n"
SILENT = "Connection timed out"


@pytest.fixture
def answer(monkeypatch):
    """A tenth of a second of patience with a disk that answers once this is set."""
    monkeypatch.setattr(regular_files, "ANSWER_SECONDS", 0.1)
    answer = threading.Event()
    yield answer
    answer.set()
    for thread in regular_files._abandoned_threads:
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
    for thread in regular_files._abandoned_threads:
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
        monkeypatch.setattr(regular_files, "ANSWER_SECONDS", 60)
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
