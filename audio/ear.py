"""Ear: the front end and the encoder together, from samples to vectors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from earshot.audio.acoustic_fingerprint import fingerprint
from earshot.audio.checkpoint import FORMAT, Checkpoint
from earshot.audio.config import DECODER_CONTRACT, EarConfig, EncoderConfig, ExcerptConfig, MelConfig
from earshot.audio.encoder import Encoder, untrained_encoder
from earshot.audio.mel import log_mel
from earshot.data.files.atomic import atomic_path
from earshot.data.fingerprint import Fingerprint


@dataclass(frozen=True)
class Ear:
    """A front end and an encoder that belong together."""

    config: EarConfig
    encoder: Encoder
    device: str = "cpu"
    seconds: dict[str, float] = field(default_factory=lambda: {"mel": 0.0, "encoder": 0.0})  # spent in each phase

    def embed(self, excerpts: Sequence[np.ndarray]) -> np.ndarray:
        """Vectors, shape (n_excerpts, dim) float32 on the unit sphere, of mono excerpts, each (n_samples,)."""
        return self.embed_track(excerpts)[0]

    @torch.inference_mode()
    def embed_track(
        self, excerpts: Sequence[np.ndarray], starts: Sequence[float] = ()
    ) -> tuple[np.ndarray, Fingerprint]:
        """Vectors of a track's excerpts, as `embed` makes them, and its fingerprint, from the same spectrograms.

        Parameters
        ----------
        starts : seconds, one per excerpt; without them the fingerprint is empty
        """
        vectors = np.empty((len(excerpts), self.config.encoder.dim), dtype=np.float32)
        spectrograms: dict[int, Tensor] = {}
        for rows, samples in batches_by_length(excerpts):
            began = perf_counter()
            batch = log_mel(torch.from_numpy(samples).to(self.device), self.config.mel)
            encoding_began = perf_counter()
            vectors[rows] = self.encoder(batch).cpu().numpy()
            self.seconds["mel"] += encoding_began - began
            self.seconds["encoder"] += perf_counter() - encoding_began
            spectrograms |= zip(rows, batch.cpu(), strict=True)
        heard = [spectrograms[row] for row in range(len(starts))]
        return vectors, fingerprint(heard, starts, self.config.mel.dynamic_range)


def batches_by_length(excerpts: Sequence[np.ndarray]) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield the rows of all excerpts of one length, and their samples, (n, n_samples).

    Nothing is padded, so what is computed of an excerpt does not depend on its batch.
    """
    for length in sorted({len(excerpt) for excerpt in excerpts}):
        rows = [row for row, excerpt in enumerate(excerpts) if len(excerpt) == length]
        yield rows, np.stack([excerpts[row] for row in rows])


def track_vector(excerpt_vectors: np.ndarray) -> np.ndarray:
    """The normalised mean, shape (dim,), of a track's excerpt vectors, shape (n_excerpts, dim)."""
    mean = excerpt_vectors.mean(axis=0)
    return (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)


def load_ear(checkpoint: Checkpoint, device: str = "cpu") -> Ear:
    """Load the ear of a checkpoint.

    Raises
    ------
    ValueError
        The file is no checkpoint of an ear, or of a newer format.
    OSError
        The file cannot be read, which says nothing about its content.
    """
    config, weights = (EarConfig(), None) if checkpoint.path is None else _read(checkpoint.path)
    encoder = untrained_encoder(config.mel, config.encoder)
    if weights is not None:
        encoder.load_state_dict(weights)
    return Ear(config, encoder.to(device), device)


def save_ear(ear: Ear, path: Path) -> None:
    """Write an ear as safetensors, whole or not at all."""
    # One entry of metadata: safetensors writes several in random order, and equal ears should be equal files.
    header = {"format": FORMAT, "decoder": DECODER_CONTRACT, "config": asdict(ear.config)}
    metadata = {"ear": json.dumps(header)}
    weights = {name: weight.cpu().contiguous() for name, weight in ear.encoder.state_dict().items()}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(weights, metadata=metadata))


def _read(path: Path) -> tuple[EarConfig, dict[str, Tensor]]:
    """Read the configuration of a checkpoint, and the weights, whose shapes must fit it."""
    try:
        with safe_open(path, framework="pt") as file:
            config = _config(path, file.metadata() or {})
            _check_shapes(path, config, {name: file.get_slice(name).get_shape() for name in file.keys()})  # noqa: SIM118
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, FileNotFoundError, MemoryError) as error:
        raise ValueError(f"{path} is not a readable checkpoint: {error}") from None
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise ValueError(f"{path} holds weights that are no numbers, in {name}")
    return config, weights


def _config(path: Path, metadata: dict[str, str]) -> EarConfig:
    try:
        header = json.loads(metadata.get("ear", "{}"))
        if header.get("format") != FORMAT:
            raise ValueError(f"the format is {header.get('format')!r}; this version reads {FORMAT!r}")
        settings = header["config"]
        return EarConfig(
            excerpt=ExcerptConfig(**settings["excerpt"]),
            mel=MelConfig(**settings["mel"]),
            encoder=EncoderConfig(**settings["encoder"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not an ear that this version understands: {str(error)[:300]}") from None


def _check_shapes(path: Path, config: EarConfig, shapes: dict[str, list[int]]) -> None:
    """Compare with an encoder on the meta device, before one is made that takes memory."""
    with torch.device("meta"):
        expected = {
            name: list(weight.shape) for name, weight in Encoder(config.mel, config.encoder).state_dict().items()
        }
    for name in sorted(expected.keys() | shapes.keys()):
        if expected.get(name) != shapes.get(name):
            actual = f"{name[:60]} of shape {shapes[name]}" if name in shapes else f"no {name}"
            raise ValueError(
                f"{path} holds weights of another shape than it says: {actual}, where its settings make"
                f" {expected.get(name, 'none')}"
            )
