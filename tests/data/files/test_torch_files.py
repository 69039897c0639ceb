"""Files that torch may read: stored archives of tensors and plain values, whose members lie within the file."""

import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch

from earshot.data.files.torch_files import check_torch_file

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
