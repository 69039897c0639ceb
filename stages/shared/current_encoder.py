"""The encoder that a library's vectors come from: trained on it, or the packaged one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from earshot.audio.checkpoint import Checkpoint, default_checkpoint
from earshot.index.library import Library
from earshot.index.runs import TRAINING_STAGE, trained_checkpoint
from earshot.stages.shared.environment import pick_device
from earshot.stages.shared.reports import StageError

if TYPE_CHECKING:  # a rescan needs none of them
    from numpy import ndarray

    from earshot.audio.config import EarConfig
    from earshot.audio.ear import Ear
    from earshot.audio.trained_ear import TrainedEar


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


def load_encoder(checkpoint: Checkpoint, device: str, n_tracks: int | None = None) -> "Ear":
    """Load front end and encoder of a checkpoint; torch is imported for a GPU alone.

    Parameters
    ----------
    n_tracks : that it is about to hear, None for many

    Raises
    ------
    StageError
        The checkpoint is damaged.
    """
    from earshot.audio.ear import load_ear

    place = pick_device(device)
    with _damage_told(checkpoint):
        return load_ear(checkpoint, n_tracks) if place == "cpu" else load_encoder_to_train(checkpoint).on_device(place)


def load_weights(checkpoint: Checkpoint) -> "tuple[EarConfig, dict[str, ndarray]]":
    """Read configuration and weights of a checkpoint; raises as `load_encoder`."""
    from earshot.audio.ear import read_weights

    with _damage_told(checkpoint):
        return read_weights(checkpoint)


def load_encoder_to_train(checkpoint: Checkpoint) -> "TrainedEar":
    """Load front end and encoder of a checkpoint as torch modules; raises as `load_encoder`."""
    from earshot.audio.trained_ear import load_trained_ear

    with _damage_told(checkpoint):
        return load_trained_ear(checkpoint)


@contextmanager
def _damage_told(checkpoint: Checkpoint) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        fix = "Install Earshot anew." if checkpoint == default_checkpoint() else _FIX
        raise StageError(f"{error}.\n\n{fix}") from None
