"""Preference edges from co-occurrence, weighted by PPMI or cosine: items of one listener or one playlist."""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from earshot.graph.preference_graph import BuiltEdges

WEIGHTINGS = ("cosine", "ppmi")
_BLOCK = 4_096  # items whose co-occurrences are in memory at a time
_CONTEXT_SMOOTHING = 0.75  # of item frequencies in PPMI; it discounts popular items


def co_occurrence_edges(
    group_rows: np.ndarray,
    item_ids: np.ndarray,
    counts: np.ndarray | None = None,
    *,
    weighting: str = "ppmi",
    top_n: int = 20,
    min_together: int = 2,
) -> BuiltEdges:
    r"""Weight pairs of items by the groups they share: listeners who play both, playlists that hold both.

    Edges are directed: an item may be among another's strongest and not the other way round.

    Both weightings discount popularity. With :math:`x_{gi} = \log(1 + n_{gi})` of the plays of item i in group g,
    :math:`c_{ij} = x_i \cdot x_j` and :math:`c_i = \sum_j c_{ij}`:

    .. math::
        \text{cosine} = \frac{c_{ij}}{\sqrt{c_{ii} \, c_{jj}}}, \quad
        \text{ppmi} = \max\left(0, \log \frac{c_{ij} / \sum c}{(c_i / \sum c)(c_j^{0.75} / \sum_k c_k^{0.75})}\right)

    Parameters
    ----------
    group_rows, item_ids : shape (n_events,)
        Listener or playlist, and item. The counts of a repeated pair are summed.
    counts : shape (n_events,), optional
        Plays of each event, 1 by default.
    top_n : edges kept per item, the strongest
    min_together : groups in common, below which a pair is taken for chance

    References
    ----------
    Levy, Goldberg, Dagan. Improving Distributional Similarity with Lessons Learned from Word Embeddings.
    TACL 2015. https://aclanthology.org/Q15-1016

    Raises
    ------
    ValueError
        An unknown weighting, or columns of different lengths.
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(f"weighting {weighting!r}; there are {' and '.join(WEIGHTINGS)}")
    values = np.ones(len(item_ids)) if counts is None else np.asarray(counts, dtype=np.float64)
    if not len(group_rows) == len(item_ids) == len(values):
        raise ValueError(f"columns of {len(group_rows)}, {len(item_ids)} and {len(values)} events")
    ids, items = np.unique(item_ids, return_inverse=True)
    n_groups = int(np.max(group_rows, initial=-1)) + 1
    plays = sparse.csr_array((values, (group_rows, items)), shape=(n_groups, len(ids)))
    no_edges = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    blocks = zip(no_edges, *_strongest_edges(plays, weighting, top_n, min_together), strict=True)
    sources, targets, weights = map(np.concatenate, blocks)
    return BuiltEdges(ids[sources], ids[targets], weights.astype(np.float32), directed=True)


def _strongest_edges(
    plays: sparse.csr_array, weighting: str, top_n: int, min_together: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the strongest edges of each item, a block of items at a time."""
    is_played, weight = plays.copy(), plays.copy()
    is_played.data[:] = 1.0
    weight.data = np.log1p(weight.data)
    items, by_item = is_played.T.tocsr(), weight.T.tocsr()  # (n_items, n_groups)
    norms = np.sqrt(np.asarray(by_item.power(2).sum(axis=1)).ravel())  # (n_items,)
    marginals = by_item @ np.asarray(weight.sum(axis=1)).ravel()  # (n_items,) c_i, without forming any c_ij
    smoothed = marginals**_CONTEXT_SMOOTHING
    for start in range(0, plays.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        together = (items[block] @ is_played).tocoo()  # (n_block, n_items) groups in common
        products = by_item[block] @ weight  # (n_block, n_items) c_ij, at the same entries in the same order
        assert np.array_equal(products.indices, together.coords[1])
        rows, columns = together.coords
        is_edge = (rows + start != columns) & (together.data >= min_together)
        rows, columns, shared = rows[is_edge] + start, columns[is_edge], products.data[is_edge]
        if weighting == "cosine":
            scores = shared / (norms[rows] * norms[columns])
        else:
            scores = np.log(shared * smoothed.sum() / (marginals[rows] * smoothed[columns]))
        is_positive = scores > 0
        rows, columns, scores = rows[is_positive], columns[is_positive], scores[is_positive]
        order = np.lexsort((columns, -scores, rows))
        rows, columns, scores = rows[order], columns[order], scores[order]
        top = np.arange(len(rows)) - np.searchsorted(rows, rows) < top_n
        yield rows[top], columns[top], scores[top]
