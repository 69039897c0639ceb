"""Checkpoint of an ear, and the fingerprint of its vectors. Imports no torch: a rescan needs the fingerprint alone."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from earshot.audio.config import DECODER_CONTRACT, EarConfig

FORMAT = "earshot-ear-1"
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
