"""Read the tracks of one space for a map: all of them, or a sample."""

from dataclasses import dataclass

import numpy as np

from earshot.index.library import Library
from earshot.index.tracks.track_lookup import TrackRow, track_rows
from earshot.index.vectors.spaces import read_some_vectors


@dataclass(frozen=True)
class MappedTracks:
    """Tracks with their vectors, in the order of ids."""

    tracks: list[TrackRow]
    vectors: np.ndarray  # (n_tracks, dim) float32
    n_all: int  # tracks of the space before sampling


def read_map(library: Library, space: str, limit: int, seed: int = 0) -> MappedTracks:
    """Read the current tracks of a space; a random sample if there are more than `limit`.

    Only the vectors of the sample are in memory.
    """
    query = "SELECT track_id FROM current_vectors WHERE space = ? ORDER BY track_id"
    all_ids = library.ids(query, [space])
    wanted = all_ids
    if len(all_ids) > limit:
        wanted = np.sort(np.random.default_rng(seed).choice(all_ids, limit, replace=False))
    ids, vectors = read_some_vectors(library, space, wanted.tolist())
    rows = track_rows(library, wanted.tolist())
    return MappedTracks([rows[track_id] for track_id in ids.all_ids.tolist()], vectors, len(all_ids))
