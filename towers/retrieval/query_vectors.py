"""Vectors of items and queries by trained towers, also of users and tracks that training never saw (cold start)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from earshot.data.events.interactions import Interactions
from earshot.data.recommend_request import RecommendRequest
from earshot.towers.models import Towers
from earshot.towers.query_inputs import QueryInputs, inputs_at
from earshot.towers.tower_checkpoint import SavedTowers

_TRACKS_AT_ONCE = 65_536
_UNORDERED_HISTORY_FACTOR = 4  # histories without an order are read this many times as long as in training


@torch.no_grad()
def item_vectors(towers: Towers, track_rows: np.ndarray | None = None) -> Tensor:
    """Vectors of these tracks, or of every track of the catalog, (n_tracks, dim)."""
    towers.eval()
    track_rows = np.arange(len(towers.catalog)) if track_rows is None else track_rows
    no_user, vectors = np.full(1, -1), []
    for start in range(0, max(len(track_rows), 1), _TRACKS_AT_ONCE):
        rows = track_rows[start : start + _TRACKS_AT_ONCE]
        vectors.append(towers.items(towers.features(towers.blocks(rows, no_user), rows)))
    return torch.cat(vectors)


def history_length(towers: Towers, *, ordered: bool) -> int:
    """Number of events of the history that a query reads."""
    return max(towers.config.history, 1) * (1 if ordered else _UNORDERED_HISTORY_FACTOR)


@torch.no_grad()
def query_vectors(towers: Towers, inputs: QueryInputs, track_rows: np.ndarray) -> Tensor:
    """Vectors of queries, (n_queries, dim); places of the inputs are positions in `track_rows`."""
    towers.eval()
    blocks = towers.blocks(track_rows, inputs.user_rows)
    return towers.queries(towers.features(blocks, track_rows), blocks, inputs)


def current_query_vectors(
    towers: Towers,
    events: Interactions,
    user_rows: np.ndarray,
    known_rows: Sequence[int] | np.ndarray | None = None,
    *,
    ordered: bool | None = None,
) -> Tensor:
    """Query vectors of users after all of `events`, (n_users, dim).

    Parameters
    ----------
    user_rows : (n_users,), of `events`
    known_rows : (n_users,)
        The rows of the same users in the towers, -1 for a new user; without, those of `events`.
    ordered : whether the order of events means anything; without, it does where there are times
    """
    is_ordered = bool(events.times.any()) if ordered is None else ordered
    rows = rows_with_vectors(towers, np.asarray(user_rows if known_rows is None else known_rows))
    starts, length = events.user_offsets(), history_length(towers, ordered=is_ordered)
    return query_vectors(towers, *inputs_at(events, rows, starts[user_rows], starts[user_rows + 1], length))


def rows_with_vectors(towers: Towers, user_rows: np.ndarray) -> np.ndarray:
    """These rows of users, (n,), with -1 for a user without a vector."""
    has_vector = np.append(towers.is_known_user.cpu().numpy(), False)  # the last element is that of -1
    return np.where(has_vector[user_rows], user_rows, -1)


def uses_history(towers: Towers, user_row: int, *, ordered: bool = True) -> bool:
    """Check that the history of a user changes their recommendations.

    Parameters
    ----------
    user_row : -1 for a new user
    ordered : whether one of the tracks is known to be the latest, and could be the seed
    """
    if towers.config.model == "two-tower":
        return bool(towers.config.history or (towers.config.use_seed and ordered))
    return user_row < 0 or not towers.is_known_user[user_row]


def request_query_vector(saved: SavedTowers, request: RecommendRequest) -> Tensor:
    """The query vector of a request, (1, dim).

    A track that plays now counts as the latest of the history, played whole; it takes the seed's place in the query,
    also where the history has no order.

    Parameters
    ----------
    saved : towers that hold the tracks of the history and the user, among others

    Raises
    ------
    ValueError
        The towers cannot read the seed track, or the history of a new user.
    """
    user_row = int(saved.users.find([request.user_id])[0])
    is_new_user = request.user_id < 0 and request.seed_id is None and len(request)
    if is_new_user and not uses_history(saved.towers, user_row, ordered=request.is_ordered):
        raise ValueError(
            "These towers read no history, so they cannot recommend to a user who is not in the data."
            "\n\nTrain others: `cli train-tower --history 50`."
        )
    if request.seed_id is not None and not uses_history(saved.towers, user_row):
        raise ValueError(
            f"These towers ({saved.towers.config.model}) have one vector for a user, and read no track that plays."
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
    first_user = np.zeros(1, dtype=np.int64)
    return current_query_vectors(saved.towers, events, first_user, [user_row], ordered=request.is_ordered)
