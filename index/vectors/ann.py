"""FAISS indexes: choose a type by size, build it, and tune its recall against exact search.

Every index returns durable track ids, by falling cosine of unit vectors (inner product). All types but the exact one
approximate twice: they search a part of the catalog, by compressed vectors. So they return many candidates, and `rank`
orders these by the full vectors.
"""

import math
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from earshot.data.top_k import falling

TYPES = ("flat", "ivf-sq8", "ivf-pq", "hnsw")
TARGET_RECALL = 0.98
_MAX_QUERIES = 500  # for measuring recall
_SEED = 20
_MIN_VECTORS = {"ivf-sq8": 39, "ivf-pq": 39 * 256}  # FAISS wants 39 per centroid of a k-means


@dataclass(frozen=True)
class BuiltIndex:
    """An index and its measured recall."""

    index: Any  # faiss.Index that returns ids
    type: str
    recall_at_10: float  # share of the true ten (or k) nearest among its candidates, on a sample of queries
    settings: dict[str, Any]


def choose_type(n_vectors: int) -> str:
    """Choose the index type for a catalog of this size, on a personal computer.

    Exact search over 300,000 vectors takes a few milliseconds. Beyond, inverted lists scan a part of the
    catalog, in a quarter of the memory; beyond ten million, product quantisation takes a sixteenth.
    HNSW is faster than either, but large and without removal of vectors, so it is left to ``--type hnsw``.
    """
    if n_vectors <= 300_000:
        return "flat"
    return "ivf-sq8" if n_vectors <= 10_000_000 else "ivf-pq"


def build(
    vectors: np.ndarray,
    ids: np.ndarray,
    type: str = "auto",
    target: float = TARGET_RECALL,
    *,
    queries: np.ndarray | None = None,
    k: int = 10,
) -> BuiltIndex:
    """Build an index over unit vectors, shape (n, dim) float32, and tune it until it reaches the recall.

    Parameters
    ----------
    ids : shape (n,), int64
    type : one of `TYPES`, or auto. Too few vectors to train an index of that type get an exact one.
    target : the recall@k against exact search to reach, in [0, 1]. The result holds the recall reached, which may be
        less.
    queries : (n_queries, dim), typical queries; by default vectors of the catalog

    Raises
    ------
    ValueError
        The type is unknown.
    """
    if type == "auto":
        type = choose_type(len(vectors))
    if type not in TYPES:
        raise ValueError(f"index type {type!r}; there are {', '.join(TYPES)} and auto")
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    n_vectors, dim = vectors.shape
    if n_vectors < _MIN_VECTORS.get(type, 0):
        type = "flat"
    nlist = max(1, min(round(4 * math.sqrt(n_vectors)), n_vectors // 39))  # FAISS wants 39 points per centroid
    inner = _empty_index(type, dim, nlist)
    if not inner.is_trained:
        rng = np.random.default_rng(_SEED)
        sample = rng.permutation(n_vectors)[: max(64 * nlist, 20_000)]
        inner.train(vectors[np.sort(sample)])
    index = faiss.IndexIDMap(inner)
    index.add_with_ids(vectors, np.ascontiguousarray(ids, dtype=np.int64))
    if type == "flat":
        return BuiltIndex(index, type, 1.0, {})
    recall, settings = _tune(index, vectors, np.asarray(ids), type, target, queries, k)
    return BuiltIndex(index, type, recall, settings)


def _empty_index(type: str, dim: int, nlist: int) -> Any:
    """Make an index of a type, without vectors; `nlist` is the number of inverted lists, if it has any."""
    if type == "flat":
        return faiss.IndexFlatIP(dim)
    if type == "hnsw":
        index: Any = faiss.IndexHNSWFlat(dim, 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 100
        return index
    if type == "ivf-sq8":
        return faiss.index_factory(dim, f"IVF{nlist},SQ8", faiss.METRIC_INNER_PRODUCT)
    n_bytes = next(n for n in range(max(dim // 4, 1), 0, -1) if dim % n == 0)  # per vector
    # np: no polysemous training, which takes minutes and is for a kind of search that is not used here.
    return faiss.index_factory(dim, f"IVF{nlist},PQ{n_bytes}x8np", faiss.METRIC_INNER_PRODUCT)


def _tune(
    index: Any, vectors: np.ndarray, ids: np.ndarray, type: str, target: float, queries: np.ndarray | None, k: int
) -> tuple[float, dict[str, Any]]:
    """Double the search effort until the target is reached or everything is searched."""
    if queries is None:
        rng = np.random.default_rng(_SEED + 1)
        queries = vectors[np.sort(rng.permutation(len(vectors))[:_MAX_QUERIES])]
        truth = ids[exact_nearest(vectors, queries, min(k + 1, len(vectors)))]
    else:
        queries = np.ascontiguousarray(queries[:_MAX_QUERIES], dtype=np.float32)
        truth = ids[exact_nearest(vectors, queries, min(k, len(vectors)))]
        truth = np.insert(truth, 0, -1, axis=1)  # in place of the query itself, which `recall_at_k` skips
    recall, settings = 0.0, dict[str, Any]()
    for effort in range(16):
        before, settings = settings, _set_effort(index, type, effort)
        if settings == before:
            break
        _, candidates = index.search(queries, min(n_candidates(k), len(vectors)))
        recall = recall_at_k(candidates, truth)
        if recall >= target:
            break
    return recall, settings


def _set_effort(index: Any, type: str, effort: int) -> dict[str, Any]:
    """Set the number of lists or graph nodes that a query visits: doubled per step, up to all of them."""
    inner: Any = faiss.downcast_index(index.index)
    if type == "hnsw":
        inner.hnsw.efSearch = min(128 * 2**effort, max(inner.ntotal, 128))
        return {"efSearch": inner.hnsw.efSearch}
    inner.nprobe = min(4 * 2**effort, inner.nlist)
    return {"nlist": inner.nlist, "nprobe": inner.nprobe}


def n_candidates(k: int) -> int:
    """The number of candidates of an approximate index that include the `k` nearest."""
    return 10 * k + 50


def nearest_ids(index: Any, query: np.ndarray, n: int) -> np.ndarray:
    """The ids of at most n candidates of an index for one query, (dim,)."""
    ids = index.search(query[None], n)[1][0]
    return ids[ids >= 0]


def rank(queries: np.ndarray, vectors: np.ndarray, candidate_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order the candidates of each query by their exact cosines.

    Parameters
    ----------
    queries, vectors : shape (n_queries, dim) and (n, dim)
    candidate_rows : shape (n_queries, n_candidates); -1 for none

    Returns
    -------
    scores, rows : shape (n_queries, n_candidates), highest first; minus infinity and -1 at the end for none
    """
    # One query at a time: the vectors of all candidates of all queries would take gigabytes.
    scores = np.array([vectors[rows] @ query for query, rows in zip(queries, candidate_rows, strict=True)])
    scores[candidate_rows < 0] = -np.inf
    order = falling(scores, candidate_rows)
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(candidate_rows, order, axis=1)


def exact_nearest(vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Rows of the k nearest vectors of each query, shape (n_queries, k), by exhaustive search."""
    vectors, queries = (np.ascontiguousarray(array, dtype=np.float32) for array in (vectors, queries))
    return faiss.knn(queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)[1]


def recall_at_k(candidates: np.ndarray, truth: np.ndarray) -> float:
    """The share of true neighbours among the candidates, without the query itself.

    Parameters
    ----------
    candidates : shape (n_queries, at least k + 1)
    truth : shape (n_queries, k + 1), of which the first column is skipped: the nearest vector of a vector of the
        catalog is itself, which every index finds
    """
    if truth.shape[1] < 2:
        return 1.0  # nothing to find
    hits = sum(len(np.intersect1d(a, b[1:])) for a, b in zip(candidates, truth, strict=True))
    return hits / truth[:, 1:].size
