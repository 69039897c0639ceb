"""Detect encodings of the same recording. Copies are hidden from answers, never merged."""

from dataclasses import dataclass

import numpy as np

from earshot.index.library import Library
from earshot.index.vectors.spaces import AUDIO, check_blob

_MAX_EXCERPTS = 1_000  # per track; all pairs of them are compared

# Two encodings of one recording differ, excerpt by excerpt, far less than its excerpts differ among each other, and
# little at all. Measured with the packaged weights on 65,654 pairs of different clips of one length in pop_clips and
# cc_music: the ratio is at least 0.81, the distance at least 0.165; of cc_music's 18 comparisons of twins that are long
# enough, 16 have a ratio below 0.26 and 14 a distance below 0.07. Invented songs of one plan, 20 s long, come down to
# 0.18 and 0.086, so both limits are needed.
_COPY_RATIO = 0.3
_COPY_DISTANCE = 0.08


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


def is_copy(one: ExcerptVectors, other: ExcerptVectors) -> bool:
    """Tell whether two tracks of the same duration are one recording, by their excerpts in order.

    The last excerpt is ignored: in a short track it is a remainder that depends on length rather than music. A track of
    fewer than three excerpts is never called a copy.
    """
    n = min(len(one.starts), len(other.starts)) - 1
    if n < 2 or one.vectors.shape[1] != other.vectors.shape[1]:
        return False
    between = 1 - (one.vectors[:n] * other.vectors[:n]).sum(axis=1).mean()
    within = 1 - one.vectors[:n] @ one.vectors[:n].T  # (n, n)
    typical = within[~np.eye(n, dtype=bool)].mean()
    return bool(between < min(_COPY_DISTANCE, _COPY_RATIO * typical))
