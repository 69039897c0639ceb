"""Read the vectors of a track's excerpts, which say at which moments two tracks sound alike."""

from dataclasses import dataclass

import numpy as np

from earshot.index.library import Library
from earshot.index.vectors.spaces import AUDIO, check_blob

_MAX_EXCERPTS = 1_000  # per track; all pairs with those of another are compared


@dataclass(frozen=True)
class ExcerptVectors:
    """The vectors of a track's excerpts."""

    vectors: np.ndarray  # (n_excerpts, dim)
    starts: list[float]  # seconds


def read_excerpts(library: Library, track_id: int) -> ExcerptVectors:
    """Read the excerpt vectors of a track from the run that search uses."""
    rows = library.db.execute(
        "SELECT start_s, vector FROM excerpts WHERE track_id = ? AND run_id ="
        " (SELECT run_id FROM spaces WHERE space = 'audio') ORDER BY position LIMIT ?",
        [track_id, _MAX_EXCERPTS],
    ).fetchall()
    for _, blob in rows:
        check_blob(blob, len(rows[0][1]), AUDIO)
    vectors = np.array([np.frombuffer(blob, dtype="<f4") for _, blob in rows], dtype=np.float32)
    return ExcerptVectors(vectors, [start for start, _ in rows])
