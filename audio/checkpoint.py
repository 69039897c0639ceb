"""Checkpoint of an ear: the fingerprint of its vectors, its configuration and its weights. Imports no torch."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from earshot.audio.config import DECODER_CONTRACT, EarConfig, EncoderConfig, ExcerptConfig, MelConfig
from earshot.audio.encoder_shape import weight_shapes

FORMAT = "earshot-ear-1"
_TYPES = ("F32", "F64", "F16", "I64")  # numpy has no others of floats
PACKAGED_WEIGHTS = Path(__file__).parent / "weights" / "default.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """Weights in a file, or (path None) the untrained initial weights of the default configuration."""

    path: Path | None

    @property
    def origin(self) -> str:
        """Origin of the weights, in words."""
        if self.path is None:
            return f"untrained (initial weights of seed {EarConfig().encoder.seed})"
        return "packaged default weights" if self.path == PACKAGED_WEIGHTS else f"checkpoint {self.path.name}"

    @property
    def fingerprint(self) -> str:
        """Hash of decoder, front end and weights. Vectors of different fingerprints are never compared.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        digest = hashlib.sha256(DECODER_CONTRACT.encode())
        if self.path is None:
            digest.update(json.dumps(asdict(EarConfig()), sort_keys=True).encode())
        else:
            with self.path.open("rb") as file:  # which holds the configuration too
                while block := file.read(1 << 22):
                    digest.update(block)
        return digest.hexdigest()


def default_checkpoint() -> Checkpoint:
    """The packaged weights, or untrained ones where this version ships none."""
    return Checkpoint(PACKAGED_WEIGHTS if PACKAGED_WEIGHTS.exists() else None)


def read_checkpoint(path: Path) -> tuple[EarConfig, dict[str, np.ndarray]]:
    """Read the configuration of an ear, and its weights, float32, of the shapes that belong to it.

    Raises
    ------
    ValueError
        The file is no checkpoint of an ear, or of a newer format.
    OSError
        The file cannot be read, which says nothing about its content.
    """
    from safetensors import SafetensorError, safe_open  # a rescan needs the fingerprint alone

    try:
        with safe_open(path, framework="np") as file:
            config = _config(path, file.metadata() or {})
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            _check_shapes(path, config, {name: part.get_shape() for name, part in slices.items()})
            for name, part in slices.items():
                if part.get_dtype() not in _TYPES:
                    raise ValueError(f"{path} holds weights of the type {part.get_dtype()}, in {name}; it is F32")
            weights = {name: file.get_tensor(name) for name in slices}
    except (SafetensorError, FileNotFoundError, MemoryError) as error:
        raise ValueError(f"{path} is not a readable checkpoint: {error}") from None
    for name, weight in weights.items():
        if not np.isfinite(weight).all():
            raise ValueError(f"{path} holds weights that are no numbers, in {name}")
    return config, {name: weight.astype(np.float32, copy=False) for name, weight in weights.items()}


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
    expected = weight_shapes(config.mel, config.encoder)
    for name in sorted(expected.keys() | shapes.keys()):
        if expected.get(name) != shapes.get(name):
            actual = f"{name[:60]} of shape {shapes[name]}" if name in shapes else f"no {name}"
            raise ValueError(
                f"{path} holds weights of another shape than it says: {actual}, where its settings make"
                f" {expected.get(name, 'none')}"
            )
