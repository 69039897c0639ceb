"""Is this the same recording again, in another encoding? Copies are hidden from answers, never merged."""

from dataclasses import dataclass

import numpy as np

from index.library import Library

# Two encodings of one recording differ, excerpt by excerpt, far less than its excerpts differ among each
# other. Measured with the packaged weights: of 65,654 pairs of different clips of one length in pop_clips and
# cc_music none is below 0.81; of cc_music's twins of more than one excerpt, 17 of 18 comparisons are below 0.42.
_COPY_RATIO = 0.5


@dataclass(frozen=True)
class ExcerptVectors:
    """The vectors of a track's excerpts."""

    vectors: np.ndarray  # (n_excerpts, dim)
    starts: list[float]  # seconds


def read_excerpts(library: Library, track_id: int) -> ExcerptVectors:
    """A track's excerpts under the run that search uses."""
    rows = library.db.execute(
        "SELECT start_s, vector FROM excerpts WHERE track_id = ? AND run_id ="
        " (SELECT run_id FROM spaces WHERE space = 'audio') ORDER BY position",
        [track_id],
    ).fetchall()
    vectors = np.array([np.frombuffer(blob, dtype="<f4") for _, blob in rows], dtype=np.float32)
    return ExcerptVectors(vectors, [start for start, _ in rows])


def is_copy(one: ExcerptVectors, other: ExcerptVectors) -> bool:
    """Whether two tracks of the same duration are one recording, judged by their excerpts in order.

    Compares distances with distances, so it needs no threshold that depends on the encoder. A track of a
    single excerpt offers nothing to compare with and is never called a copy.
    """
    n = min(len(one.starts), len(other.starts))
    if n < 2:
        return False
    between = 1 - (one.vectors[:n] * other.vectors[:n]).sum(axis=1)  # (n,)
    within = 1 - one.vectors @ one.vectors.T  # (n_one, n_one)
    typical = within[~np.eye(len(within), dtype=bool)].mean()
    return bool(between.mean() < _COPY_RATIO * typical)
