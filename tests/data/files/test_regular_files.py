"""Only regular files are opened, and nothing waits on what is none."""

import os
import socket
import stat
import threading

import pytest

from earshot.data.files import regular_files
from earshot.data.files.regular_files import (
    IrregularFileError,
    irregular_kind,
    open_regular,
    require_regular,
)


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
