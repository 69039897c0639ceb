"""Exact search with trained towers: the best tracks of each query, in blocks of the catalog, with caps per artist."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from earshot.data.events.interactions import Interactions
from earshot.data.top_k import top_k_columns
from earshot.towers.models import Towers
from earshot.towers.retrieval.query_vectors import current_query_vectors, item_vectors

_USERS_AT_ONCE = 1_024
_SCORES_AT_ONCE = 2**24  # 64 MiB
_NEUMF_SCORES_AT_ONCE = 2**18  # its network looks at each pair


@torch.no_grad()
def best_tracks(
    towers: Towers,
    queries: Tensor,
    items: Tensor,
    k: int,
    *,
    excluded: Sequence[np.ndarray] | None = None,
    offsets: np.ndarray | None = None,
    track_ids: np.ndarray | None = None,
    artists: np.ndarray | None = None,
    max_per_artist: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The k best tracks of each query, by exact search; with `artists`, at most `max_per_artist` of each.

    Parameters
    ----------
    excluded : for each query the track rows that its list may not hold
    offsets : (n_tracks,) float32, added to the score of each track in every list
    track_ids : (n_tracks,), the order of ties, as in `data.top_k`; without, rows count
    artists : (n_tracks,) int, -1 for an unknown artist, which has no cap

    Returns
    -------
    rows, shape (n_queries, k) int64, the best first, -1 where tracks run out; and their scores, float32
    """
    n = len(items)
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    is_product = towers.config.model != "neumf"
    n_block = max(1, (_SCORES_AT_ONCE if is_product else _NEUMF_SCORES_AT_ONCE) // max(n, 1))
    for start in range(0, len(queries), n_block):
        block = towers.scores(queries[start : start + n_block], items)
        if offsets is not None:
            block += torch.from_numpy(offsets).to(block.device)
        if excluded is not None:
            lists = excluded[start : start + n_block]
            query_rows = torch.from_numpy(np.repeat(np.arange(len(lists)), [len(tracks) for tracks in lists]))
            tracks = torch.from_numpy(np.concatenate(lists).astype(np.int64))
            block[query_rows.to(block.device), tracks.to(block.device)] = -torch.inf
        filled = slice(start, start + len(block)), slice(0, min(k, n))
        if artists is None:
            rows[filled], scores[filled] = _top_k(block, min(k, n), track_ids)
        else:
            rows[filled], scores[filled] = _top_k_capped(block, min(k, n), track_ids, artists, max_per_artist)
    return rows, scores


def _top_k(scores: Tensor, k: int, track_ids: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the k greatest scores of each row, and the scores: `data.top_k.top_k_columns`, as fast as `topk`.

    `topk` leaves the order of equal scores open, so rows with any among their k + 1 best are sorted again.
    """
    best, best_columns = (array.cpu().numpy() for array in scores.topk(min(k + 1, scores.shape[1]), dim=1))
    is_tied = ((best[:, 1:] == best[:, :-1]) & ~np.isneginf(best[:, 1:])).any(axis=1)
    columns, values = np.where(np.isneginf(best), -1, best_columns)[:, :k], best[:, :k]
    if is_tied.any():
        tied = scores[torch.from_numpy(is_tied).to(scores.device)].cpu().numpy()
        columns[is_tied] = top_k_columns(tied, k, track_ids)
    return columns, values


def _top_k_capped(
    scores: Tensor, k: int, track_ids: np.ndarray | None, artists: np.ndarray, max_per_artist: int
) -> tuple[np.ndarray, np.ndarray]:
    """`_top_k` with caps: of more columns than a list needs; where one comes out short, of eight times as many."""
    rows = np.full((len(scores), k), -1, dtype=np.int64)
    values = np.full((len(scores), k), -np.inf, dtype=np.float32)
    pending, width = np.arange(len(scores)), k if max_per_artist >= k else 4 * k
    while len(pending):
        width = min(width, scores.shape[1])
        best, best_scores = _top_k(scores, width, track_ids)
        is_within = (best >= 0) & within_caps(np.where(best < 0, -1, artists[best]), max_per_artist)
        rows[pending], values[pending] = first_selected(best, best_scores, is_within, k)
        is_short = (rows[pending, k - 1] < 0) & (best[:, width - 1] >= 0) & (width < scores.shape[1])
        pending, scores, width = pending[is_short], scores[torch.from_numpy(is_short).to(scores.device)], 8 * width
    return rows, values


def recommend(
    towers: Towers,
    events: Interactions,
    user_rows: np.ndarray,
    k: int,
    *,
    excluded: list[np.ndarray] | None = None,
    offsets: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Recommend to users after all of `events`; yield rows and scores as of `best_tracks`, for blocks of users."""
    items = item_vectors(towers)
    for start in range(0, len(user_rows), _USERS_AT_ONCE):
        queries = current_query_vectors(towers, events, user_rows[start : start + _USERS_AT_ONCE])
        block_excluded = None if excluded is None else excluded[start : start + _USERS_AT_ONCE]
        yield best_tracks(towers, queries, items, k, excluded=block_excluded, offsets=offsets)


def unit_vectors(items: Tensor, *, with_bias: bool = True) -> np.ndarray:
    """Item vectors of unit length, float32, to compare them with each other by cosine.

    Parameters
    ----------
    with_bias : False to drop their last number, in a factorisation the popularity of a track
    """
    return F.normalize(items if with_bias else items[:, :-1], dim=-1).cpu().numpy()


def within_caps(groups: np.ndarray, max_per_group: int) -> np.ndarray:
    """Mark the entries that are among the first `max_per_group` of their group in their list.

    Parameters
    ----------
    groups : shape (n_lists, length), int
        The group of each entry, the best entry first; -1 is no group, and has no cap.

    Returns
    -------
    np.ndarray, shape (n_lists, length), bool
    """
    length = groups.shape[1]
    order = np.argsort(groups, axis=1, kind="stable")  # stable: within a group the best stays first
    ordered = np.take_along_axis(groups, order, axis=1)
    places = np.broadcast_to(np.arange(length), groups.shape)
    begins = np.ones(groups.shape, dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    firsts = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    within = np.empty(groups.shape, dtype=bool)
    np.put_along_axis(within, order, (places - firsts < max_per_group) | (ordered < 0), axis=1)
    return within


def first_selected(
    rows: np.ndarray, scores: np.ndarray, is_selected: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first k selected entries of each list: rows and scores, (n_lists, k), -1 and -inf where they run out.

    Parameters
    ----------
    rows, scores, is_selected : shape (n_lists, length), length at least k
    """
    order = np.argsort(~is_selected, axis=1, kind="stable")[:, :k]
    is_filled = np.take_along_axis(is_selected, order, axis=1)
    first = np.where(is_filled, np.take_along_axis(rows, order, axis=1), -1)
    return first, np.where(is_filled, np.take_along_axis(scores, order, axis=1), -np.inf)
