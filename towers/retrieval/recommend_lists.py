"""Recommendation lists from a set of candidates: for one user, in the data or new, and for all users."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from earshot.data.events.interactions import Interactions
from earshot.data.recommend_request import Candidates, RecommendRequest
from earshot.towers.retrieval.best_tracks import best_tracks
from earshot.towers.retrieval.popularity import popularity_offsets
from earshot.towers.retrieval.query_vectors import current_query_vectors, item_vectors, request_query_vector
from earshot.towers.tower_checkpoint import SavedTowers

_USERS_AT_ONCE = 1_024
_SCORES_AT_ONCE = 2**27  # of a batch of users: a second or two, the work that a kill loses


@dataclass(frozen=True)
class RecommendOptions:
    """Options of a list."""

    k: int
    novel: bool = True  # without tracks that the user played
    max_per_artist: int = 3
    popularity: float = 0.0  # weight of the log of a track's share of all plays, added to its score


@dataclass(frozen=True)
class Recommender:
    """Towers that hold all tracks and users of the requests, and the candidates to choose from."""

    saved: SavedTowers
    candidates: Candidates
    items: Tensor  # (n_candidates, dim)
    plays: np.ndarray | None = None  # (n_candidates,), for a popularity weight

    @cached_property
    def candidate_rows(self) -> np.ndarray:
        """The candidate row of each track of the towers, -1 for none."""
        return self.candidates.tracks.find(self.saved.tracks.all_ids)


def prepare(saved: SavedTowers, candidates: Candidates, plays: np.ndarray | None = None) -> Recommender:
    """Make vectors for the candidates without one.

    Parameters
    ----------
    saved : towers that hold these candidates, among other tracks
    plays : (n_candidates,), the play count of each

    Raises
    ------
    ValueError
        There are no candidates.
    """
    if not len(candidates):
        raise ValueError("No track that could be recommended is there any more.\n\n`cli status` says what is.")
    items = torch.from_numpy(candidates.vectors)
    if len(candidates.new_ids):
        new_items = item_vectors(saved.towers, saved.tracks.rows(candidates.new_ids))
        items = torch.cat([items, new_items]) if len(items) else new_items
    return Recommender(saved, candidates, items, plays)


def user_batches(recommender: Recommender, user_rows: np.ndarray) -> list[np.ndarray]:
    """Users in batches for `recommend_all`; the same for the same candidates."""
    n = min(_USERS_AT_ONCE, max(_SCORES_AT_ONCE // len(recommender.candidates), 1))
    return [user_rows[start : start + n] for start in range(0, len(user_rows), n)]


def recommend_one(
    recommender: Recommender, request: RecommendRequest, options: RecommendOptions
) -> list[tuple[int, float]]:
    """Recommend to one user: ids of tracks and their scores, the best first.

    Raises as `request_query_vector` does.
    """
    tracks = recommender.candidates.tracks
    excluded = tracks.find(request.excluded_ids(novel=options.novel))
    query = request_query_vector(recommender.saved, request)
    (rows,), (scores,) = _best(recommender, query, options, [excluded[excluded >= 0]])
    n = np.count_nonzero(rows >= 0)
    return list(zip(tracks.ids(rows[:n]).tolist(), scores[:n].tolist(), strict=True))


def recommend_all(
    recommender: Recommender,
    events: Interactions,
    user_rows: np.ndarray,
    options: RecommendOptions,
    disliked: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Recommend to these users after all of `events`, whose rows are those of the towers.

    Parameters
    ----------
    disliked : users, rising, and the tracks that their lists may not hold, (n,) each

    Returns
    -------
    ids of tracks, (n_users, k) int64, the best first, k no more than there are tracks; and their scores, minus infinity
    where tracks run out
    """
    pairs = [disliked] if disliked is not None else []
    if options.novel:
        pairs.append((events.user_rows, events.track_rows))
    excluded = None
    if pairs:
        tracks_of = zip(*(_tracks_of_users(users, tracks, user_rows) for users, tracks in pairs), strict=True)
        candidate_rows = (recommender.candidate_rows[np.concatenate(tracks)] for tracks in tracks_of)
        excluded = [rows[rows >= 0] for rows in candidate_rows]
    queries = current_query_vectors(recommender.saved.towers, events, user_rows, user_rows)
    rows, scores = _best(recommender, queries, options, excluded)
    return np.where(rows < 0, -1, recommender.candidates.tracks.ids(rows)), scores


def _tracks_of_users(users: np.ndarray, tracks: np.ndarray, user_rows: np.ndarray) -> list[np.ndarray]:
    """The tracks of each of `user_rows`, out of pairs that are ordered by user."""
    bounds = np.searchsorted(users, np.stack([user_rows, user_rows + 1], axis=1).astype(users.dtype))
    return [tracks[first:stop] for first, stop in bounds]


def _best(
    recommender: Recommender, queries: Tensor, options: RecommendOptions, excluded: list[np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    plays = recommender.plays
    return best_tracks(
        recommender.saved.towers,
        queries,
        recommender.items,
        min(options.k, len(recommender.items)),
        artists=recommender.candidates.artists,
        max_per_artist=options.max_per_artist,
        excluded=excluded,
        offsets=None if plays is None else popularity_offsets(plays, options.popularity),
        track_ids=recommender.candidates.tracks.all_ids,
    )
