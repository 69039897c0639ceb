"""The encoder that this library hears with."""

from typing import TYPE_CHECKING

import click

from earshot.stages.environment import pick_device

if TYPE_CHECKING:
    from earshot.audio.checkpoint import Checkpoint
    from earshot.audio.ear import Ear
    from earshot.index.library import Library


_CURE = "Restore it from a backup, or train anew: `cli train-audio --start fresh`, then `cli embed-audio`."


def checkpoint_in_use(library: "Library") -> "Checkpoint":
    """The library's own trained encoder, else the packaged one."""
    from earshot.index.runs import TRAINING_STAGE, trained_checkpoint

    found = find_checkpoint(library)
    if found is None:
        raise click.ClickException(
            f"The trained encoder {trained_checkpoint(library, TRAINING_STAGE)} is missing.\n\n{_CURE}"
        )
    return found


def find_checkpoint(library: "Library") -> "Checkpoint | None":
    """The encoder of `checkpoint_in_use`; None where the file of the trained one is missing."""
    from earshot.audio.checkpoint import Checkpoint, default_checkpoint
    from earshot.index.runs import TRAINING_STAGE, trained_checkpoint

    trained = trained_checkpoint(library, TRAINING_STAGE)
    if trained is None:
        return default_checkpoint()
    return Checkpoint(trained) if trained.is_file() else None


def ear_of(checkpoint: "Checkpoint", device: str) -> "Ear":
    import torch

    from earshot.audio.checkpoint import default_checkpoint
    from earshot.audio.ear import load_ear

    torch.set_num_threads(1)  # the decoding processes need the cores more
    try:
        return load_ear(checkpoint, pick_device(device))
    except ValueError as error:
        cure = "Install Earshot anew." if checkpoint == default_checkpoint() else _CURE
        raise click.ClickException(f"{error}.\n\n{cure}") from None
