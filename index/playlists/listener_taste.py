"""The lasting taste of a listener, by the towers: a radio is drawn towards it once they are trained."""

import numpy as np

from earshot.data.events.interactions import LISTEN, active_mask, disliked_pairs
from earshot.data.ids import IdMap
from earshot.index.library import Library
from earshot.index.listens.listen_store import stored_listens
from earshot.index.listens.stored_interactions import read_history
from earshot.index.playlists.track_pool import TrackPool

_HEARD = 0.5  # share of a track from which on it counts as played
_PRIOR = 4.0  # recordings that were played after which a taste counts half


def favourites(library: Library, user_id: int) -> np.ndarray:
    """The recordings that a user likes, or heard half of at least, and does not dislike: (n,) int64, rising."""
    if not stored_listens(library, "track"):
        return np.empty(0, dtype=np.int64)
    events = read_history(library, user_id)
    items, kinds = events["item_ids"], events["kinds"]
    user = np.zeros(len(items), dtype=np.int64)
    is_favourite = active_mask(user, items, kinds) & ((kinds != LISTEN) | (events["weights"] >= _HEARD))
    return np.setdiff1d(items[is_favourite], disliked_pairs(user, items, kinds)[1]).astype(np.int64)


def taste_vector(towers: TrackPool, recordings: np.ndarray) -> np.ndarray:
    """The mean direction of some recordings, (dim,) float32, as long as they say much, up to 1; 0 if nothing is known.

    Parameters
    ----------
    towers : tracks with the vectors of the item tower
    recordings : (n_recordings,) int64, the favourites of a listener
    """
    rows = towers.rows(recordings)
    mean = towers.vectors[rows].sum(axis=0)
    length = max(float(np.linalg.norm(mean)), 1e-6)
    vector: np.ndarray = mean * np.float32(len(rows) / (len(rows) + _PRIOR) / length)
    return vector


def affinities(towers: TrackPool, taste: np.ndarray, recordings: IdMap) -> np.ndarray:
    """The affinity of a taste to recordings, (n,) float32: cosines, standardised over all tracks, times its length.

    What the towers do not know is at the mean, 0.
    """
    cosines = towers.vectors @ taste
    spread = max(float(cosines.std()), 1e-6)
    scores: np.ndarray = (cosines - cosines.mean()) / spread
    if not np.array_equal(recordings.all_ids, towers.recordings.all_ids):
        scores = np.append(scores, 0.0)[towers.recordings.find(recordings.all_ids)]  # the last is that of a row of -1
    return (scores * np.linalg.norm(taste)).astype(np.float32)
