"""What trained towers recommend: every track is scored, in blocks, and the best are kept."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from data.listening import Listening
from towers.batches import Asked, now_asked, stranger_asked
from towers.designs import Towers

_TRACKS_AT_ONCE = 65_536
_SCORES_AT_ONCE = 2**24  # 64 MiB
_PAIRS_AT_ONCE = 2**18  # of a network that looks at each pair
_UNORDERED_HISTORY = 4  # times as many events are read at serving where their order means nothing


@torch.no_grad()
def item_vectors(towers: Towers) -> Tensor:
    """Of every track of the catalog, (n_tracks, dim)."""
    towers.eval()
    nobody, parts = np.full(1, -1), []
    for start in range(0, len(towers.catalog), _TRACKS_AT_ONCE):
        rows = np.arange(start, min(start + _TRACKS_AT_ONCE, len(towers.catalog)))
        parts.append(towers.items(towers.features(towers.blocks(rows, nobody), rows)))
    return torch.cat(parts)


@torch.no_grad()
def query_vectors(towers: Towers, asked: Asked, track_rows: np.ndarray) -> Tensor:
    """Of queries whose places are positions in `track_rows`: (n_queries, dim)."""
    towers.eval()
    blocks = towers.blocks(track_rows, asked.user_rows)
    return towers.queries(towers.features(blocks, track_rows), blocks, asked)


@torch.no_grad()
def best_tracks(
    towers: Towers, queries: Tensor, items: Tensor, k: int, *, hidden: list[np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k best tracks of each query, by exact search.

    Parameters
    ----------
    hidden : for each query the track rows that it shall not find

    Returns
    -------
    rows, shape (n_queries, k) int64, the best first, -1 where tracks run out; and their scores, float32
    """
    n = len(items)
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    is_product = towers.config.model != "neumf"
    n_block = max(1, (_SCORES_AT_ONCE if is_product else _PAIRS_AT_ONCE) // max(n, 1))
    for start in range(0, len(queries), n_block):
        block = towers.scores(queries[start : start + n_block], items)
        for place, tracks in enumerate(hidden[start : start + n_block] if hidden is not None else ()):
            block[place, torch.from_numpy(np.asarray(tracks, dtype=np.int64)).to(block.device)] = -torch.inf
        values, columns = (found.cpu().numpy() for found in block.topk(min(k, n), dim=1))
        there = slice(start, start + len(block)), slice(0, min(k, n))
        scores[there] = values
        rows[there] = np.where(np.isneginf(values), -1, columns)
    return rows, scores


def recommend(
    towers: Towers,
    events: Listening,
    user_rows: np.ndarray,
    k: int,
    *,
    hidden: list[np.ndarray] | None = None,
    n_at_once: int = 1_024,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Recommend to listeners after all of `events`, some of them at a time: rows and scores as `best_tracks`."""
    items = item_vectors(towers)
    known = towers.is_known_user.cpu().numpy()
    length = max(towers.config.history, 1) * (1 if events.times.any() else _UNORDERED_HISTORY)
    for start in range(0, len(user_rows), n_at_once):
        asked, track_rows = now_asked(events, user_rows[start : start + n_at_once], length, known)
        left_out = None if hidden is None else hidden[start : start + n_at_once]
        yield best_tracks(towers, query_vectors(towers, asked, track_rows), items, k, hidden=left_out)


def recommend_one(
    towers: Towers, user_row: int, track_rows: np.ndarray, *, novel: bool, ordered: bool
) -> tuple[np.ndarray, np.ndarray]:
    """All tracks for somebody who played `track_rows`, the latest last: rows, the best first, and their scores.

    Parameters
    ----------
    user_row : -1 for somebody who is not in the data
    novel : whether to leave out what they played
    ordered : whether the last of the tracks was the latest
    """
    known = user_row >= 0 and bool(towers.is_known_user[user_row])
    asked, rows = stranger_asked([track_rows], max(towers.config.history, 1), ordered=ordered)
    asked = replace(asked, user_rows=np.array([user_row if known else -1]))
    hidden = [np.unique(track_rows)] if novel else None
    items = item_vectors(towers)
    found, scores = best_tracks(towers, query_vectors(towers, asked, rows), items, len(items), hidden=hidden)
    return found[0][found[0] >= 0], scores[0][found[0] >= 0]


def unit_vectors(items: Tensor) -> np.ndarray:
    """Item vectors to be compared with each other by cosine, float32; a bias is no direction of taste."""
    return F.normalize(items, dim=-1).cpu().numpy()
