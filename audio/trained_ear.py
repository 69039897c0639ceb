"""Ears as torch modules: to train, to save, and to run on a GPU."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from earshot.audio.checkpoint import FORMAT, Checkpoint, read_checkpoint
from earshot.audio.config import DECODER_CONTRACT, EarConfig
from earshot.audio.ear import Ear, Encode, LogMel
from earshot.audio.encoder import Encoder, untrained_encoder
from earshot.audio.mel import log_mel
from earshot.data.files.atomic import atomic_path


@dataclass(frozen=True)
class TrainedEar:
    """A configuration, and the encoder that belongs to it."""

    config: EarConfig
    encoder: Encoder

    def on_device(self, device: str) -> Ear:
        """Move the encoder to a device, and make the ear that computes there."""
        encoder = self.encoder.to(device)

        @torch.inference_mode()
        def spectrograms(samples: np.ndarray) -> np.ndarray:
            return log_mel(torch.from_numpy(samples).to(device), self.config.mel).cpu().numpy()

        @torch.inference_mode()
        def vectors(log_mels: np.ndarray) -> np.ndarray:
            return encoder(torch.from_numpy(log_mels).to(device)).cpu().numpy()

        networks: tuple[LogMel, Encode] = (spectrograms, vectors)
        return Ear(self.config, lambda: networks)


def untrained_ear(config: EarConfig) -> TrainedEar:
    """An ear with the initial weights of its seed."""
    return TrainedEar(config, untrained_encoder(config.mel, config.encoder))


def load_trained_ear(checkpoint: Checkpoint) -> TrainedEar:
    """Load the encoder of a checkpoint; raises as `audio.ear.load_ear`."""
    if checkpoint.path is None:
        return untrained_ear(EarConfig())
    config, weights = read_checkpoint(checkpoint.path)
    ear = untrained_ear(config)
    ear.encoder.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
    return ear


def save_ear(ear: TrainedEar, path: Path) -> None:
    """Write an ear as safetensors, whole or not at all."""
    # One entry of metadata: safetensors writes several in random order, and equal ears should be equal files.
    header = {"format": FORMAT, "decoder": DECODER_CONTRACT, "config": asdict(ear.config)}
    metadata = {"ear": json.dumps(header)}
    weights = {name: weight.cpu().contiguous() for name, weight in ear.encoder.state_dict().items()}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(weights, metadata=metadata))
