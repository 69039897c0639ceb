"""The encoder that a library uses: packaged, trained, missing or damaged."""

import pytest

from earshot.audio.checkpoint import Checkpoint, default_checkpoint
from earshot.index.library import Library
from earshot.index.runs import TRAINING_STAGE, finish_run, start_run
from earshot.stages.shared.current_encoder import current_checkpoint, find_checkpoint, load_encoder
from earshot.stages.shared.reports import StageError


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


def test_without_training_it_is_the_packaged_one(library):
    assert current_checkpoint(library) == find_checkpoint(library) == default_checkpoint()
    assert load_encoder(default_checkpoint(), "cpu").config.encoder.dim > 0


def test_the_latest_finished_training_decides(library):
    run, _ = start_run(library, TRAINING_STAGE, {}, checkpoint="ear-1.safetensors")
    assert current_checkpoint(library) == default_checkpoint()  # it has not ended
    finish_run(library, run, {})
    path = library.folder / "checkpoints" / "ear-1.safetensors"
    assert find_checkpoint(library) is None
    with pytest.raises(StageError, match=r"ear-1\.safetensors is missing\.\n\nRestore it from a backup, or train anew"):
        current_checkpoint(library)
    path.parent.mkdir()
    path.write_bytes(b"")
    assert current_checkpoint(library) == Checkpoint(path)
    with pytest.raises(StageError, match="train anew: `cli train-audio --start fresh`"):
        load_encoder(Checkpoint(path), "cpu")
