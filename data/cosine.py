"""Cosine rankings in blocks."""

import numpy as np

from earshot.data.top_k import top_k_columns

_SCORES_AT_ONCE = 2**24  # 64 MiB


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Scale every row to length 1, float32; a row of zeros stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def top_k(
    vectors: np.ndarray,
    k: int,
    *,
    query_rows: np.ndarray | None = None,
    candidates: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    penalty: np.ndarray | None = None,
) -> np.ndarray:
    """Find the k nearest rows of each query by cosine, without the query itself.

    Memory does not grow with the number of queries: scores are computed in blocks of 64 MiB.

    Parameters
    ----------
    vectors : shape (n, dim)
        Of any length; only the direction counts.
    query_rows : shape (n_queries,)
        The queries; all rows if not given.
    candidates : shape (n,), bool
        Rows that may be found; all if not given.
    groups : shape (n,), int
        A query finds no row of its own group.
    penalty : shape (n,)
        Subtracted from the cosine with each candidate: high for a *hub*, a track that turns up in most lists, as a few
        points lie near the center of all others in many dimensions (Radovanovic et al. Hubs in Space. JMLR 2010).

    Returns
    -------
    np.ndarray, shape (n_queries, k), int64
        Rows, the nearest first and ties as in `data.top_k`; -1 where candidates run out.

    Raises
    ------
    ValueError
        `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; a list has at least one place")
    units = unit_rows(vectors)
    n = len(units)
    rows = np.arange(n) if query_rows is None else np.asarray(query_rows, dtype=np.int64)
    nearest = np.full((len(rows), k), -1, dtype=np.int64)
    n_block = max(1, _SCORES_AT_ONCE // max(n, 1))
    for start in range(0, len(rows), n_block):
        block = rows[start : start + n_block]
        scores = units[block] @ units.T  # (n_block, n)
        if penalty is not None:
            scores -= penalty.astype(np.float32)
        if candidates is not None:
            scores[:, ~candidates] = -np.inf
        if groups is not None:
            scores[groups[block, None] == groups] = -np.inf
        scores[np.arange(len(block)), block] = -np.inf
        nearest[start : start + n_block] = top_k_columns(scores, k)
    return nearest
