"""The encoder that this library hears with."""

from typing import TYPE_CHECKING

import click

from commands.machine import pick_device

if TYPE_CHECKING:
    from audio.checkpoint import Checkpoint
    from audio.ear import Ear
    from index.library import Library


def checkpoint_in_use(library: "Library") -> "Checkpoint":
    """The library's own trained encoder, else the packaged one."""
    from audio.checkpoint import Checkpoint, default_checkpoint

    trained = library.trained_checkpoint("train-audio")
    if trained is not None and not trained.is_file():
        raise click.ClickException(f"The trained encoder {trained} is gone.\n\nPut it back, or train anew.")
    return Checkpoint(trained) if trained else default_checkpoint()


def ear_of(checkpoint: "Checkpoint", device: str) -> "Ear":
    import torch

    from audio.ear import load_ear

    torch.set_num_threads(1)  # the decoding processes need the cores more
    try:
        return load_ear(checkpoint, pick_device(device))
    except (ValueError, RuntimeError) as error:
        cure = "Take another copy of this library, or train anew: `cli train-audio --start fresh`."
        raise click.ClickException(f"{error}.\n\n{cure}" if checkpoint.path else str(error)) from None
