"""Fill the `neighbours` table, with which plain SQL in any program finds similar tracks."""

import json
from collections.abc import Callable, Iterator

import numpy as np

from earshot.data.ids import IdMap
from earshot.index.library import Library
from earshot.index.vectors.ann import build, n_candidates, rank
from earshot.index.vectors.faiss_file import open_index
from earshot.index.vectors.spaces import current_space, read_vectors

Searcher = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # from queries to scores and ids, -1 for none

PER_TRACK = 20  # neighbours
_EXACT_UP_TO = 300_000  # beyond, all pairs would take hours, and the tuned index is searched
_QUERIES_AT_ONCE = 8_192  # per transaction; each rewrites much of an index
_SCORES_AT_ONCE = 2**24  # 64 MiB


def fill_neighbours(library: Library, space: str, k: int = PER_TRACK, anew: bool = False) -> Iterator[tuple[int, int]]:
    """Bring the k nearest tracks of every track up to date; yield (done, total).

    A change to one track does not cost all pairs. Triggers have removed every row that mentions a changed or removed
    track. So new tracks are offered to all others, and tracks that lack neighbours are searched. With `anew` the table
    is filled from scratch.
    """
    current = current_space(library, space)
    if current is None:
        return
    if anew:
        with library.transaction():
            library.db.execute("DELETE FROM neighbours WHERE space = ?", [space])
            library.db.execute("UPDATE spaces SET neighbours_revision = NULL WHERE space = ?", [space])
    if library.value("SELECT neighbours_revision FROM spaces WHERE space = ?", [space]) == current.revision:
        return
    ids, vectors = read_vectors(library, space)
    k = min(k, max(len(ids) - 1, 0))
    n_held, last, floor = _held(library, space, ids)
    is_short = (n_held < k) | (n_held < last)  # the latter if the library shrank below k
    # In this order: a new track gets its rows last, so after a kill it still counts as new.
    _offer(library, space, ids, vectors, np.flatnonzero(n_held == 0), np.where(is_short, np.inf, floor), k)
    yield from _search(library, space, ids, vectors, np.flatnonzero(is_short), k)
    library.db.execute("UPDATE spaces SET neighbours_revision = ? WHERE space = ?", [current.revision, space])


def mean_neighbour_score(library: Library, space: str, ids: IdMap) -> np.ndarray:
    """The mean score of the stored neighbours of each track, shape (n,): high for a hub, which is near to everything.

    Tracks without neighbours yet get the average.
    """
    track_ids = ids.all_ids
    rows = library.db.execute(
        "SELECT track_id, avg(score) FROM neighbours WHERE space = ?"
        " AND track_id IN (SELECT value FROM json_each(?)) GROUP BY track_id",
        [space, json.dumps(track_ids.tolist())],
    ).fetchall()
    nearness = np.full(len(ids), np.mean([score for _, score in rows]) if rows else 0.0)
    if rows:
        known, scores = zip(*rows, strict=True)
        nearness[ids.rows(known)] = scores
    return nearness


def _held(library: Library, space: str, ids: IdMap) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The number of neighbours of each row, the highest rank and lowest score (infinite for none); all (n_tracks,)."""
    n_held, last = np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.int64)
    floor = np.full(len(ids), np.inf)
    query = "SELECT track_id, count(*), max(rank), min(score) FROM neighbours WHERE space = ? GROUP BY track_id"
    if groups := library.db.execute(query, [space]).fetchall():
        track_ids, *columns = (np.array(column) for column in zip(*groups, strict=True))
        rows = ids.rows(track_ids)
        n_held[rows], last[rows], floor[rows] = columns
    return n_held, last, floor


def _offer(
    library: Library, space: str, ids: IdMap, vectors: np.ndarray, new: np.ndarray, floor: np.ndarray, k: int
) -> None:
    """Insert new tracks among the neighbours of rows where they score above the `floor`, shape (n_tracks,)."""
    full = np.flatnonzero(floor < np.inf)
    if not len(new):
        return
    n_block = max(1, _SCORES_AT_ONCE // len(new))
    for start in range(0, len(full), n_block):
        rows = full[start : start + n_block]
        scores = vectors[rows] @ vectors[new].T  # (n_block, n_new)
        is_better = scores > floor[rows, None]
        with library.transaction():
            for place in np.flatnonzero(is_better.any(axis=1)):
                best = is_better[place]
                _merge(library, space, int(ids.ids(rows[place])), ids.ids(new[best]), scores[place][best], k)


def _merge(library: Library, space: str, track_id: int, ids: np.ndarray, scores: np.ndarray, k: int) -> None:
    held = library.db.execute(
        "SELECT neighbour_id, score FROM neighbours WHERE space = ? AND track_id = ?", [space, track_id]
    ).fetchall()
    merged = dict(held) | dict(zip(ids.tolist(), scores.tolist(), strict=True))
    best = sorted(merged.items(), key=lambda pair: (-pair[1], pair[0]))
    neighbours, values = np.array([[i for i, _ in best]]), np.array([[score for _, score in best]])
    _replace(library, space, np.array([track_id]), neighbours, values, k)


def _search(
    library: Library, space: str, ids: IdMap, vectors: np.ndarray, short: np.ndarray, k: int
) -> Iterator[tuple[int, int]]:
    """Search for the neighbours of rows that lack some; yield (done, total)."""
    if not len(short):
        return
    nearest = _searcher(library, space, ids, vectors, k + 1)  # one more: a track finds itself
    for start in range(0, len(short), _QUERIES_AT_ONCE):
        rows = short[start : start + _QUERIES_AT_ONCE]
        scores, neighbours = nearest(vectors[rows])
        with library.transaction():
            _replace(library, space, ids.ids(rows), neighbours, scores, k)
        yield start + len(rows), len(short)


def _searcher(library: Library, space: str, ids: IdMap, vectors: np.ndarray, k: int) -> Searcher:
    """Exact search or, if that would take hours, candidates of the index ranked by exact cosines."""
    index = open_index(library, space)[0] if len(ids) > _EXACT_UP_TO else None
    if index is None:
        flat = build(vectors, ids.all_ids, "flat").index
        return lambda queries: flat.search(queries, k)

    def ranked(queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        candidates = index.search(queries, min(n_candidates(k), len(ids)))[1]
        scores, rows = rank(queries, vectors, ids.find(candidates))
        return scores, np.where(rows < 0, -1, ids.ids(rows))

    return ranked


def _replace(
    library: Library, space: str, track_ids: np.ndarray, neighbours: np.ndarray, scores: np.ndarray, k: int
) -> None:
    """Replace the rows of tracks; `neighbours` and `scores` have the shape (n_tracks, at least k)."""
    library.db.conn.executemany(
        "DELETE FROM neighbours WHERE space = ? AND track_id = ?", [(space, int(i)) for i in track_ids]
    )
    rows = []
    for track_id, ids, values in zip(track_ids.tolist(), neighbours.tolist(), scores.tolist(), strict=True):
        pairs = [(n, s) for n, s in zip(ids, values, strict=True) if n not in (track_id, -1)][:k]
        rows += [(track_id, space, rank, n, min(s, 1.0)) for rank, (n, s) in enumerate(pairs, 1)]
    library.insert("neighbours", "track_id, space, rank, neighbour_id, score", rows)


def genre_agreement(library: Library) -> float:
    """The share of a track's five nearest by another artist that have its genre."""
    share: float = library.value("""
        SELECT avg(same_genre) FROM (
            SELECT a.genre = b.genre AS same_genre, row_number() OVER (PARTITION BY a.id ORDER BY n.rank) AS place
            FROM neighbours AS n JOIN tracks AS a ON a.id = n.track_id JOIN tracks AS b ON b.id = n.neighbour_id
            WHERE a.artist <> b.artist
        ) WHERE place <= 5
    """)
    return share
