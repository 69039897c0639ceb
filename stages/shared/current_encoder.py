"""The encoder that a library's vectors come from: trained on it, or the packaged one."""

from typing import TYPE_CHECKING

from earshot.audio.checkpoint import Checkpoint, default_checkpoint
from earshot.index.library import Library
from earshot.index.runs import TRAINING_STAGE, trained_checkpoint
from earshot.stages.shared.environment import pick_device
from earshot.stages.shared.reports import StageError

if TYPE_CHECKING:  # torch takes seconds to import
    from earshot.audio.ear import Ear


_FIX = "Restore it from a backup, or train anew: `cli train-audio --start fresh`, then `cli embed-audio`."


def current_checkpoint(library: Library) -> Checkpoint:
    """The library's latest trained encoder, else the packaged one.

    Raises
    ------
    StageError
        The file of the trained encoder is missing.
    """
    checkpoint = find_checkpoint(library)
    if checkpoint is None:
        raise StageError(f"The trained encoder {trained_checkpoint(library, TRAINING_STAGE)} is missing.\n\n{_FIX}")
    return checkpoint


def find_checkpoint(library: Library) -> Checkpoint | None:
    """The same as `current_checkpoint`; None if the file of the trained encoder is missing."""
    trained = trained_checkpoint(library, TRAINING_STAGE)
    if trained is None:
        return default_checkpoint()
    return Checkpoint(trained) if trained.is_file() else None


def load_encoder(checkpoint: Checkpoint, device: str) -> "Ear":
    """Load front end and encoder of a checkpoint.

    Raises
    ------
    StageError
        The checkpoint is damaged.
    """
    import torch

    from earshot.audio.ear import load_ear

    torch.set_num_threads(1)  # the decoding processes need the cores more
    try:
        return load_ear(checkpoint, pick_device(device))
    except ValueError as error:
        fix = "Install Earshot anew." if checkpoint == default_checkpoint() else _FIX
        raise StageError(f"{error}.\n\n{fix}") from None
