"""Export the encoder for other programs: one ONNX file, from samples to vectors."""

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from earshot.audio.checkpoint import default_checkpoint
from earshot.audio.config import DECODER_CONTRACT, EarConfig
from earshot.data.files.atomic import output_path
from earshot.index.library import Library
from earshot.stages.shared.current_encoder import current_checkpoint, load_weights


@dataclass(frozen=True)
class ExportReport:
    """Contents of an exported file."""

    origin: str  # of the weights, in words
    fingerprint: str  # of the vectors of a library that it agrees with
    config: EarConfig
    n_bytes: int


def export_encoder(library: Library | None, path: Path) -> ExportReport:
    """Write the encoder of a library, or without one the packaged one, as ONNX, whole or not at all.

    Its input ``samples`` are mono, shape (batch, n_samples) float32; its output ``vectors``, shape (batch, dim), lies
    on the unit sphere. The vector of a track is the normalised mean of those of its excerpts. Their number and length
    are in the file's metadata, with the other settings.

    Raises
    ------
    StageError
        The library's trained encoder is missing or damaged.
    OSError
        The file cannot be written.
    """
    from earshot.audio.onnx_runtime.encoder_graph import whole_model

    checkpoint = default_checkpoint() if library is None else current_checkpoint(library)
    config, weights = load_weights(checkpoint)
    facts = {
        "earshot": version("earshot"),
        "origin": checkpoint.origin,
        "fingerprint": checkpoint.fingerprint,
        "decoder": DECODER_CONTRACT,
        "config": json.dumps(asdict(config)),
    }
    model = whole_model(config, weights, facts)
    with output_path(path) as temporary:
        temporary.write_bytes(model)
    return ExportReport(checkpoint.origin, checkpoint.fingerprint, config, len(model))
