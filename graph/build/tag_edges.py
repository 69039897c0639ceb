"""Edges between tracks that share a tag: the same album, artist or genre."""

import numpy as np

from earshot.graph.preference_graph import BuiltEdges


def tag_edges(group_rows: np.ndarray, item_ids: np.ndarray, *, top_n: int = 20, seed: int = 0) -> BuiltEdges:
    """Make undirected edges without weights inside each group, at most `top_n` per item and group.

    In a group of up to ``top_n + 1`` items all pairs are joined. A larger one would have too many pairs (a genre of
    100,000 tracks has 5,000,000,000), so ``top_n // 2`` random rings run through all its items: each item gets two
    neighbours by every ring, the group is connected, and the paths inside it are short. An edge may occur twice, where
    rings cross or groups overlap.

    Parameters
    ----------
    group_rows, item_ids : shape (n_memberships,)
        Group and item of each membership; an item may be in several groups.
    top_n : at least 2

    Raises
    ------
    ValueError
        `top_n` is below 2, or the columns differ in length.
    """
    groups, items = np.asarray(group_rows, dtype=np.int64), np.asarray(item_ids, dtype=np.int64)
    if len(groups) != len(items):
        raise ValueError(f"columns of {len(groups)} groups and {len(items)} items")
    if top_n < 2:
        raise ValueError(f"top_n is {top_n}; a ring needs two neighbours per item")
    sizes = np.bincount(groups)
    is_small = sizes[groups] <= top_n + 1
    sources, targets = _all_pairs(groups[is_small], items[is_small], top_n)
    rng = np.random.default_rng(seed)
    rings = [_ring(groups[~is_small], items[~is_small], rng) for _ in range(top_n // 2)]
    ring_sources, ring_targets = zip(*rings, strict=True)  # one ring at least, since top_n is
    all_sources, all_targets = np.concatenate([sources, *ring_sources]), np.concatenate([targets, *ring_targets])
    return BuiltEdges(all_sources, all_targets, None, directed=False)


def _all_pairs(groups: np.ndarray, items: np.ndarray, max_step: int) -> tuple[np.ndarray, np.ndarray]:
    """Join every pair of each group: with the items sorted by group, pairs that are 1, 2, ... positions apart."""
    order = np.argsort(groups, kind="stable")
    groups, items = groups[order], items[order]
    firsts = [np.flatnonzero(groups[:-step] == groups[step:]) for step in range(1, max_step + 1)]
    sources = [items[positions] for positions in firsts]
    targets = [items[positions + step] for step, positions in enumerate(firsts, start=1)]
    return np.concatenate(sources), np.concatenate(targets)


def _ring(groups: np.ndarray, items: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Run one random ring through the items of each group."""
    order = np.lexsort((rng.random(len(groups)), groups))
    groups, items = groups[order], items[order]
    following = np.arange(1, len(groups) + 1)
    begins = np.flatnonzero(np.diff(groups, prepend=-1))
    following[np.append(begins, len(groups))[1:] - 1] = begins
    return items, items[following]
