"""Arrays are read without believing what their headers say."""

import contextlib
import errno
import os
import zipfile

import numpy as np
import pytest

from earshot.data.files.array_files import read_archive, read_ids


def test_what_was_kept_comes_back(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.arange(3), b=np.array(["x"]))
    kept = read_archive(tmp_path / "x.npz", ("a", "b"))
    assert kept["a"].tolist() == [0, 1, 2] and kept["b"].tolist() == ["x"]
    np.save(tmp_path / "x.npy", np.arange(3))
    assert read_ids(tmp_path / "x.npy").tolist() == [0, 1, 2]


def header(shape, kind="<i8"):
    words = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(words).to_bytes(2, "little") + words.encode()


@pytest.mark.parametrize("shape", ["(10,)", "(1152921504606846976,)", "(-1,)", "(2, 2)", "(" + "1," * 40 + ")", "x"])
def test_ids_whose_header_lies(tmp_path, shape):
    (tmp_path / "x.npy").write_bytes(header(shape) + b"\0" * 32)
    with pytest.raises(ValueError):
        read_ids(tmp_path / "x.npy")


@pytest.mark.parametrize("kind", ["|O", "<f8", "<i4", "<U9999999", "nonsense"])
def test_ids_of_another_kind(tmp_path, kind):
    (tmp_path / "x.npy").write_bytes(header("(4,)", kind) + b"\0" * 32)
    with pytest.raises(ValueError):
        read_ids(tmp_path / "x.npy")


@pytest.mark.parametrize("flags", [0x01, 0x20, 0x40])
def test_members_that_cannot_be_read_as_they_are(tmp_path, flags):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\1\2") + 8] |= flags  # of the one member, in the table of contents
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"damaged archive|is packed"):
        read_archive(path, ("a",))


@pytest.mark.parametrize("n_bytes", [1, 2**16, 2**31])
def test_an_archive_whose_contents_begin_before_it(tmp_path, n_bytes):
    """No error of the disk, though the system call fails."""
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    data = path.read_bytes()
    size = int.from_bytes(data[-10:-6], "little") + n_bytes  # of the table of contents
    path.write_bytes(data[:-10] + size.to_bytes(4, "little") + data[-6:])
    with pytest.raises(ValueError, match="damaged archive"):
        read_archive(path, ("a",))


def test_archives_that_are_none(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.zeros(10**6))
    with pytest.raises(ValueError, match="is packed, or longer than the file"):
        read_archive(path, ("a",))
    np.savez(path, a=np.array([{"any": "thing"}], dtype=object))
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        read_archive(path, ("a",))
    np.savez(path, a=np.arange(3))
    with pytest.raises(ValueError, match="it is damaged"):
        read_archive(path, ("b",))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", header("(1152921504606846976,)") + b"\0" * 32)
    with pytest.raises(ValueError):
        read_archive(path, ("a",))
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="it is no archive, or cut short"):
        read_archive(path, ("a",))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ValueError, match="named pipe"):
        read_archive(path, ("a",))


@pytest.mark.parametrize("read", [lambda path: read_archive(path, ("a",)), read_ids])
def test_an_error_of_the_disk_or_a_lack_of_memory_is_no_damage(tmp_path, monkeypatch, read):
    np.savez(tmp_path / "x", a=np.arange(3))
    for error in (OSError(errno.EIO, "Input/output error"), MemoryError("Unable to allocate")):

        def fail(*arguments, error=error, **options):
            raise error

        with monkeypatch.context() as failing, pytest.raises(type(error)):
            failing.setattr(np, "load", fail)
            read(tmp_path / "x.npz")


@pytest.mark.parametrize("shape", ["(100000000000,)", "(5,)", "(1152921504606846976,)", "(-1,)"])
def test_an_archive_whose_header_lies_asks_for_no_memory(tmp_path, shape):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", header(shape) + b"\0" * 32)
    with pytest.raises(ValueError):
        read_archive(tmp_path / "x.npz", ("a",))


def test_archives_with_a_byte_changed_are_damaged_or_whole(tmp_path):
    """Each byte in turn: whatever zipfile and numpy raise, it is damage, and no error of the disk or the program."""
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(ValueError):
            read_archive(path, ("a",))
