"""States of interrupted trainings: only the same training goes on from one, and no error of the disk loses it."""

import hashlib

import numpy as np
import pytest
import torch

from earshot.data.files.path_encoding import shell_word
from earshot.data.files.training_state import resume_training, training_key, write_training
from training_states import read_training


def test_a_key_by_hand(monkeypatch):
    rows = np.arange(6, dtype=np.int32).reshape(3, 2)
    expected = hashlib.sha256(b'{"a": 1, "b": [2]}' + b"likes" + rows.tobytes() + rows[:, 0].tobytes()).hexdigest()
    contents = ["likes", rows, rows[:, 0], np.empty(0)]  # one is not contiguous, one is empty
    assert training_key({"b": [2], "a": 1}, contents) == expected
    monkeypatch.setattr("earshot.data.files.training_state._BLOCK_ROWS", 2)
    assert training_key({"b": [2], "a": 1}, contents) == expected


def test_only_the_same_training_goes_on(tmp_path):
    path = tmp_path / "state.resumable"
    assert read_training(path, "key") is None
    write_training(path, "key", {"numbers": [1]})
    assert read_training(path, "key") == {"numbers": [1]}
    assert read_training(path, "other key") is None
    restored = []
    assert resume_training(path, "key", restored.append) and restored == [{"numbers": [1]}]
    assert not resume_training(path, "other key", restored.append) and len(restored) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["state.resumable"]


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"damaged", lambda whole: b""]
)
def test_a_damaged_state_is_none(tmp_path, damage):
    path = tmp_path / "state.resumable"
    write_training(path, "key", {"numbers": [1]})
    path.write_bytes(damage(path.read_bytes()))
    assert read_training(path, "key") is None
    torch.save([1, 2], path)
    assert read_training(path, "key") is None


def test_an_error_of_the_disk_does_not_begin_a_training_anew(tmp_path, failing_disk):
    path = tmp_path / "state.resumable"
    write_training(path, "key", {"numbers": [1]})
    with failing_disk(path), pytest.raises(OSError, match="Input/output error"):
        read_training(path, "key")
    with failing_disk(path), pytest.raises(OSError, match="Input/output error"):
        resume_training(path, "key", pytest.fail)
    assert read_training(path, "key") == {"numbers": [1]}


def test_a_state_that_cannot_be_restored_says_what_to_type(tmp_path):
    path = tmp_path / "Ann's" / "x.resumable"
    write_training(path, "key", {})

    def needs_an_optimizer(state):
        return state["optimizer"]

    with pytest.raises(ValueError) as raised:
        resume_training(path, "key", needs_an_optimizer)
    assert str(raised.value) == f"{path} is damaged.\n\nBegin anew without it: rm {shell_word(str(path))}"


def test_a_storage_that_lies_of_its_length(tmp_path):
    """A tensor of 255 numbers where the file has four: nobody may read what lies behind."""
    path = tmp_path / "x.pt"
    write_training(path, "x", torch.arange(4.0))
    data = path.read_bytes()
    place = data.index(b"cpuq") + 5
    assert data[place : place + 2] == b"K\x04"
    path.write_bytes(data[: place + 1] + b"\xff" + data[place + 2 :])
    state = read_training(path, "x")
    assert state is None or state.untyped_storage().nbytes() <= path.stat().st_size
