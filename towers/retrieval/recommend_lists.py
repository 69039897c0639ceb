"""Recommending from a shelf: to one listener, known or not, and to all of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from earshot.data.events.interactions import Interactions
from earshot.data.requests import Candidates, RecommendRequest
from earshot.towers.retrieval.exact_search import (
    best_of_artists,
    item_vectors,
    popularity_offsets,
    queries_of,
    uses_history,
)
from earshot.towers.tower_checkpoint import SavedTowers

_LISTENERS_AT_ONCE = 1_024
_SCORES_AT_ONCE = 2**27  # of a batch of listeners: a second or two, which is what a kill may cost


@dataclass(frozen=True)
class RecommendOptions:
    """What a list is to be."""

    k: int
    novel: bool = True  # without what the listener played
    max_per_artist: int = 3
    popularity: float = 0.0  # times the log of a track's share of all plays, added to its score


@dataclass(frozen=True)
class Serving:
    """Towers that know the tracks and listeners they are asked about, and the shelf that they choose from."""

    saved: SavedTowers
    shelf: Candidates
    items: Tensor  # (n_shelf, dim)
    plays: np.ndarray | None = None  # (n_shelf,), where popularity plays a part

    @cached_property
    def shelf_rows(self) -> np.ndarray:
        """Where each track that the towers know is on the shelf, -1 for nowhere."""
        return self.shelf.tracks.find(self.saved.tracks.all_ids)

    def offsets(self, rules: RecommendOptions) -> np.ndarray | None:
        return None if self.plays is None else popularity_offsets(self.plays, rules.popularity)


def prepare(saved: SavedTowers, shelf: Candidates, plays: np.ndarray | None = None) -> Serving:
    """Make vectors for the newcomers of a shelf; all other tracks have one.

    Parameters
    ----------
    saved : towers that know the newcomers, among others
    plays : (n_shelf,), how often each track was played

    Raises
    ------
    ValueError
        The shelf is empty.
    """
    if not len(shelf):
        raise ValueError("No track that could be recommended is there any more.\n\n`cli status` says what is.")
    items, newcomers = torch.from_numpy(shelf.vectors), shelf.new_ids
    if len(newcomers):
        new = item_vectors(saved.towers, saved.tracks.rows(newcomers))
        items = torch.cat([items, new]) if len(items) else new
    return Serving(saved, shelf, items, plays)


def batches_of(serving: Serving, user_rows: np.ndarray) -> list[np.ndarray]:
    """Listeners in the batches that `recommend_all` is to be asked about; the same for the same shelf."""
    n = min(_LISTENERS_AT_ONCE, max(_SCORES_AT_ONCE // len(serving.shelf), 1))
    return [user_rows[start : start + n] for start in range(0, len(user_rows), n)]


def recommend_one(serving: Serving, request: RecommendRequest, rules: RecommendOptions) -> list[tuple[int, float]]:
    """The list of one: ids of tracks and their scores, the best first.

    Raises
    ------
    ValueError
        A seed track that the towers cannot hear.
    """
    left_out = serving.shelf.tracks.find(request.excluded_ids(novel=rules.novel))
    rows, scores = _best(serving, query_of(serving.saved, request), rules, [left_out[left_out >= 0]])
    found = rows[0] >= 0
    return list(zip(serving.shelf.tracks.ids(rows[0][found]).tolist(), scores[0][found].tolist(), strict=True))


def query_of(saved: SavedTowers, request: RecommendRequest) -> Tensor:
    """What one listener wants, (1, dim).

    A track that plays now is the latest that they played, whole; it takes the seed's own place in the query, also where
    nothing else is known of order.

    Parameters
    ----------
    saved : towers that know the tracks that were played, and the listener, among others

    Raises
    ------
    ValueError
        A seed track, or somebody who is not in the data, and the towers cannot hear what they play.
    """
    user_row = int(saved.users.find([request.user_id])[0])
    is_stranger = request.user_id < 0 and request.seed_id is None and len(request)
    if is_stranger and not uses_history(saved.towers, user_row, ordered=request.is_ordered):
        raise ValueError(
            "These towers read no history, so they know nothing of somebody who is not in the data."
            "\n\nTrain others: `cli train-tower --history 50`."
        )
    if request.seed_id is not None and not uses_history(saved.towers, user_row):
        raise ValueError(
            f"These towers ({saved.towers.config.model}) know a listener by one vector, and no track that plays."
            "\n\nLeave out --seed-track or USER, or train others: `cli train-tower --model two-tower --history 50`."
        )
    n_seeds, now = len(request.seeds), max(int(request.times.max(initial=1)), 1)
    events = Interactions(
        np.zeros(len(request) + n_seeds, dtype=np.int32),
        saved.tracks.rows(request.track_ids()).astype(np.int32),
        np.append(request.times, np.full(n_seeds, now)).astype(np.int64),
        np.append(request.weights, np.ones(n_seeds)).astype(np.float32),
        n_users=1,
        n_tracks=len(saved.tracks),
        kinds=None if request.kinds is None else np.append(request.kinds, np.zeros(n_seeds)).astype(np.uint8),
    )
    return queries_of(saved.towers, events, np.zeros(1, dtype=np.int64), [user_row], ordered=request.is_ordered)


def recommend_all(
    serving: Serving,
    events: Interactions,
    user_rows: np.ndarray,
    rules: RecommendOptions,
    disliked: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The lists of some listeners after all of `events`, whose rows are those of the towers.

    Parameters
    ----------
    disliked : users, rising, and the tracks that their lists may not hold, (n,) each

    Returns
    -------
    ids of tracks, (n_users, k) int64, the best first, k no more than there are tracks; and their scores, minus infinity
    where tracks run out
    """
    left_out = [_of_users(*disliked, user_rows)] if disliked is not None else []
    if rules.novel:
        left_out.append(_of_users(events.user_rows, events.track_rows, user_rows))
    excluded = None
    if left_out:
        of_each = [serving.shelf_rows[np.concatenate(parts)] for parts in zip(*left_out, strict=True)]
        excluded = [rows[rows >= 0] for rows in of_each]
    rows, scores = _best(serving, queries_of(serving.saved.towers, events, user_rows, user_rows), rules, excluded)
    return np.where(rows < 0, -1, serving.shelf.tracks.ids(rows)), scores


def _of_users(users: np.ndarray, tracks: np.ndarray, user_rows: np.ndarray) -> list[np.ndarray]:
    """The tracks of each of some users, out of pairs that are ordered by user."""
    bounds = np.searchsorted(users, np.stack([user_rows, user_rows + 1], axis=1).astype(users.dtype))
    return [tracks[first:stop] for first, stop in bounds]


def _best(
    serving: Serving, queries: Tensor, rules: RecommendOptions, excluded: list[np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    return best_of_artists(
        serving.saved.towers,
        queries,
        serving.items,
        min(rules.k, len(serving.items)),  # room is made for so many
        artists=serving.shelf.artists,
        max_per_artist=rules.max_per_artist,
        excluded=excluded,
        offsets=serving.offsets(rules),
        track_ids=serving.shelf.tracks.all_ids,
    )
