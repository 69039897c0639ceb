"""Read what serving needs: candidates with their tower vectors, and the history of a user."""

from collections.abc import Iterator

import numpy as np

from earshot.data.events.interactions import active_mask, disliked_pairs, without_dislikes
from earshot.data.ids import IdMap
from earshot.data.recommend_request import Candidates, RecommendRequest
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import StoredInteractions, read_history
from earshot.index.recordings.never_list import NEVER_TO_ANYBODY, never_recordings
from earshot.index.recordings.recording_facts import read_facts
from earshot.index.vectors.ann import n_candidates, nearest_ids
from earshot.index.vectors.faiss_file import index_state, open_index
from earshot.index.vectors.spaces import ONE_PER_RECORDING, TOWER, as_matrix, read_some_vectors

_MIN_INDEXED = 100_000  # tracks from which the index is faster than reading every vector


def read_candidates(library: Library, run_id: int, *, with_vectors: bool) -> Candidates:
    """Read all tracks as candidates, one of each recording that may be recommended, with the vectors of a training.

    Without vectors, for towers that do not score by the unit vectors of the space, all tracks are new.
    """
    query = (
        f"SELECT id FROM tracks WHERE status IN ('embedded', 'catalog') AND {ONE_PER_RECORDING.format('id')}"
        f" AND {NEVER_TO_ANYBODY.format('id')}"
    )
    facts = read_facts(library)
    present = facts[np.isin(facts["id"], library.ids(query))]
    stored, vectors = IdMap([]), np.empty((0, 0), dtype=np.float32)
    if with_vectors:
        of_run = "SELECT track_id, vector FROM vectors WHERE space = ? AND run_id = ? ORDER BY track_id"
        stored, vectors = as_matrix(library.db.execute(of_run, [TOWER, run_id]), TOWER)
    rows = stored.find(present["id"])
    is_stored = rows >= 0
    if not (len(rows) == len(stored) and np.array_equal(rows, np.arange(len(stored)))):  # else avoid a copy
        vectors = vectors[rows[is_stored]]
    order = np.concatenate([np.flatnonzero(is_stored), np.flatnonzero(~is_stored)])
    return Candidates(IdMap(present["id"][order]), present["artist"][order], vectors)


def candidate_pools(library: Library, query: np.ndarray, k: int, *, n_excluded: int) -> Iterator[Candidates]:
    """Yield ever larger pools of the tracks nearest to a query, (dim,), by the index.

    There are none if reading all vectors is as fast, if the index is stale, or if a track came after the training: the
    index does not hold it. The caller may exclude `n_excluded` of the tracks later.
    """
    state = index_state(library, TOWER)
    if state is None or state.n_vectors < _MIN_INDEXED or state.problem or _has_newcomers(library, state.n_vectors):
        return
    index, _ = open_index(library, TOWER)
    n = n_candidates(k) + n_excluded
    while index is not None and n < state.n_vectors // 4:
        tracks, vectors = read_some_vectors(library, TOWER, nearest_ids(index, query, n).tolist())
        ids = tracks.all_ids
        facts = read_facts(library, ids.tolist())
        rows = tracks.find(facts["id"])
        if len(rows):
            yield Candidates(IdMap(facts["id"]), facts["artist"], vectors[rows])
        n *= 8


def _has_newcomers(library: Library, n_indexed: int) -> bool:
    """Tell whether there are more candidates than were indexed."""
    present = "FROM tracks WHERE status IN ('embedded', 'catalog')"  # counted by an index of SQLite
    n_copies: int = library.value(f"SELECT count(*) {present} AND NOT ({ONE_PER_RECORDING.format('id')})")
    return n_copies + n_indexed < library.value(f"SELECT count(*) {present}")


def play_counts(read: StoredInteractions) -> tuple[np.ndarray, np.ndarray]:
    """The ids of all tracks with listens, and how often each was played or liked."""
    return read.items.all_ids, without_dislikes(read.interactions).play_counts()


def request_for_user(library: Library, user_id: int, seed_id: int | None = None) -> RecommendRequest:
    """A request of a user of the library, with their history up to this moment."""
    history = read_history(library, user_id)
    tracks, kinds = history["item_ids"], history["kinds"]
    users = np.zeros(len(tracks), dtype=np.int32)
    is_active = active_mask(users, tracks, kinds)
    _, disliked = disliked_pairs(users, tracks, kinds)
    return RecommendRequest(
        tracks[is_active],
        history["times"][is_active],
        history["weights"][is_active],
        kinds[is_active],
        user_id,
        seed_id,
        np.union1d(disliked, never_recordings(library, user_id)).astype(np.int64),
    )
