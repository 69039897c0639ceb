"""What is read to serve trained towers: the tracks that are there with their vectors, and what a listener played."""

from array import array

import numpy as np

from data.asker import Asker
from data.ids import IdMap
from data.listening import KINDS
from data.shelf import Shelf
from index.library import Library
from index.library_listening import LibraryListening
from index.tower_store import POSITIVE, TOWER, without_dislikes


def read_shelf(library: Library, run_id: int, *, with_vectors: bool) -> Shelf:
    """The tracks that are there, and not merely a file's track under another name.

    Parameters
    ----------
    run_id : the training whose vectors are served
    with_vectors : False where the towers do not serve the unit vectors of the space, so that all are newcomers
    """
    query = (
        "SELECT id, coalesce(artist_id, -1) FROM tracks"
        " WHERE status IN ('embedded', 'catalog') AND linked_id IS NULL ORDER BY id"
    )
    present = np.fromiter(library.db.execute(query), dtype=[("id", "i8"), ("artist", "i8")])
    stored, vectors = _stored(library, run_id) if with_vectors else (IdMap([]), np.empty((0, 0), dtype=np.float32))
    rows = stored.find(present["id"])
    is_stored = rows >= 0
    if not (len(rows) == len(stored) and np.array_equal(rows, np.arange(len(stored)))):  # else: no copy of them all
        vectors = vectors[rows[is_stored]]
    order = np.concatenate([np.flatnonzero(is_stored), np.flatnonzero(~is_stored)])
    return Shelf(IdMap(present["id"][order]), present["artist"][order], vectors)


def play_counts(read: LibraryListening) -> tuple[np.ndarray, np.ndarray]:
    """The ids of all tracks that anybody listened to, and how often they were played or liked."""
    listens = without_dislikes(read.listening)
    return read.items.ids(np.arange(len(read.items))), np.bincount(listens.track_rows, minlength=len(read.items))


def known_asker(read: LibraryListening, user_id: int, seed_id: int | None = None) -> Asker:
    """A listener of the library, with what they played or liked."""
    listening, first, stop = read.listening, 0, 0
    if user_id in read.users:
        row = int(read.users.rows([user_id])[0])
        first, stop = np.searchsorted(listening.user_rows, np.array([row, row + 1], dtype=np.int32))
    own = slice(first, stop)
    kinds = None if listening.kinds is None else np.asarray(listening.kinds[own])
    liked = np.isin(kinds, [KINDS.index(kind) for kind in POSITIVE]) if kinds is not None else slice(None)
    return Asker(
        read.items.ids(np.asarray(listening.track_rows[own])[liked]),
        np.asarray(listening.times[own])[liked],
        np.asarray(listening.weights[own])[liked],
        None if kinds is None else kinds[liked],
        user_id,
        seed_id,
    )


def _stored(library: Library, run_id: int) -> tuple[IdMap, np.ndarray]:
    """The vectors of a training, by rising id, whether or not their tracks are still there."""
    query = "SELECT track_id, vector FROM vectors WHERE space = ? AND run_id = ? ORDER BY track_id"
    ids, data = array("q"), bytearray()
    for track_id, blob in library.db.execute(query, [TOWER, run_id]):
        ids.append(track_id)
        data += blob
    vectors = np.frombuffer(data, dtype="<f4")
    return IdMap(np.array(ids, dtype=np.int64)), vectors.reshape(len(ids), -1 if len(ids) else 0)
