"""Arrays are read without believing what their headers say."""

import contextlib
import errno
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch

from earshot.data.files.array_files import check_torch_file, read_archive, read_ids


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


CONTENT = {
    "config": {"dim": 4, "rate": 0.5, "name": "x", "none": None, "yes": True, "large": 2**70},
    "weights": {"a": torch.arange(6.0).reshape(2, 3), "b": torch.zeros(3, dtype=torch.bool)},
    "list": [1, (1, 2, 3, 4), (), torch.from_numpy(np.arange(3, dtype=np.int32))],
}


@pytest.fixture
def path(tmp_path):
    torch.save(CONTENT, tmp_path / "x.pt")
    return tmp_path / "x.pt"


def rewritten(path, *, pickled=None, compression=zipfile.ZIP_STORED):
    """The same archive with another pickle, or packed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, pickled if pickled is not None and name.endswith("data.pkl") else data)


def test_what_torch_saves(path):
    check_torch_file(path)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    many = {str(number): torch.zeros(1) for number in range(400)}  # names that take more than a byte to point to
    states = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "many": many}
    torch.save(states | {"generator": torch.Generator().get_state(), "first": model[0].weight}, path)
    check_torch_file(path)


def test_what_is_packed_may_be_of_any_size(path):
    """A gigabyte of zeros is a megabyte here, and would be a gigabyte in memory."""
    rewritten(path, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="in it is packed, or longer than the file"):
        check_torch_file(path)


def test_what_goes_on_behind_its_end(path):
    path.write_bytes(path.read_bytes() + b"PK\5\6" + b"\0" * 30)
    with pytest.raises(ValueError, match="it is no archive, or cut short"):
        check_torch_file(path)


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.999])
def test_a_file_cut_short(path, share):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match="it is no archive, or cut short"):
        check_torch_file(path)


class Trap:
    def __reduce__(self):
        return os.system, ("true",)


PICKLES = {
    "code": (pickle.dumps(Trap(), protocol=2), "something else than tensors and plain values"),
    "a buffer of any size": (b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.", "GLOBAL 'builtins bytearray'"),
    "a tensor of another way": (b"\x80\x02ctorch._utils\n_rebuild_sparse_tensor\n.", "_rebuild_sparse_tensor"),
    "another protocol": (pickle.dumps({"a": b"x"}, protocol=5), "something else than tensors and plain values"),
    "a text that is longer than it": (b"\x80\x02X\xff\xff\xff\x7fabc.", "its contents are damaged"),
    "nothing": (b"", "its contents are damaged"),
}


@pytest.mark.parametrize(("pickled", "words"), PICKLES.values(), ids=PICKLES)
def test_pickles_that_are_not_ours(path, pickled, words):
    rewritten(path, pickled=pickled)
    with pytest.raises(ValueError, match=words):
        check_torch_file(path)


def test_a_long_pickle_is_looked_through_as_it_is_read(path):
    rewritten(path, pickled=b"\x80\x02" + b"N" * 1_000_000 + b"cos\nsystem\n.")
    tracemalloc.start()
    with pytest.raises(ValueError, match="GLOBAL 'os system'"):
        check_torch_file(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    rewritten(path, pickled=b"\x80\x02" + b"N" * 5_000_000 + b".")
    with pytest.raises(ValueError, match="it is no archive of tensors"):
        check_torch_file(path)


def test_archives_of_something_else(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    with pytest.raises(ValueError, match="it is no archive of tensors"):
        check_torch_file(tmp_path / "x.npz")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="named pipe"):
        check_torch_file(tmp_path / "pipe")
    torch.save(CONTENT, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="it is no archive, or cut short"):
        check_torch_file(tmp_path / "old.pt")
