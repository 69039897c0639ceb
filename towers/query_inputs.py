"""Inputs of the query tower: user, history, seed and age; made alike in training and for recommendations.

Places are positions in a list of track rows that comes with the inputs: a track is looked up once, however often it
occurs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.arrays import unique_inverse
from earshot.data.events.interactions import KINDS, Interactions

N_GAPS, N_PLAYS, N_KINDS = 16, 5, 2
_SECONDS_PER_MINUTE, _MINUTES_PER_YEAR = 60.0, 365 * 24 * 60.0


@dataclass(frozen=True)
class QueryInputs:
    """Inputs of a batch of queries."""

    user_rows: np.ndarray  # (batch,), -1 for a user without a vector, or one that is withheld
    history: np.ndarray  # (batch, length) places, the latest first, -1 where it is shorter
    seeds: np.ndarray  # (batch,) places, -1 for none
    days: np.ndarray  # (batch,) float32: the age of the example; 0 is now
    codes: np.ndarray | None = None  # (batch, length) as `event_codes`; without, every event is an ordinary one

    def __len__(self) -> int:
        return len(self.user_rows)


def inputs_now(
    events: Interactions, user_rows: np.ndarray, length: int, known_users: np.ndarray
) -> tuple[QueryInputs, np.ndarray]:
    """Inputs for recommendations: the latest events of each user, and an example age of 0.

    Parameters
    ----------
    events : all events so far
    user_rows : (n,), rows in `events`
    known_users : (n_users,) bool
        Users with a vector; the others are treated as new.

    Returns
    -------
    inputs, and the track rows that their places are positions in
    """
    starts = events.user_offsets()
    return inputs_at(events, user_rows, starts[user_rows], starts[user_rows + 1], length, known_users)


def inputs_at(
    events: Interactions,
    user_rows: np.ndarray,
    first: np.ndarray,
    stop: np.ndarray,
    length: int,
    known_users: np.ndarray,
) -> tuple[QueryInputs, np.ndarray]:
    """Inputs like those of `inputs_now`, from the events of each query from `first` to before `stop`, (n,)."""
    positions = stop[:, None] - np.arange(1, length + 1)
    history = np.where(positions >= first[:, None], events.track_rows[np.maximum(positions, 0)], -1)
    has_time = bool(len(events)) and bool(events.times.any())
    seeds = events.track_rows[np.maximum(stop - 1, 0)] if has_time else np.full(len(user_rows), -1)
    seeds = np.where(stop > first, seeds, -1)
    codes = event_codes(events, np.maximum(positions, 0), np.maximum(stop - 1, 0)) if has_time else None
    return _with_places(np.where(known_users[user_rows], user_rows, -1), history, seeds, codes)


def inputs_for_new_users(
    histories: Sequence[np.ndarray], length: int, *, ordered: bool = True
) -> tuple[QueryInputs, np.ndarray]:
    """Inputs of users who are not in the data, from the tracks that each played, the latest last."""
    history = np.full((len(histories), length), -1, dtype=np.int64)
    seeds = np.full(len(histories), -1, dtype=np.int64)
    for row, tracks in enumerate(histories):
        latest = np.asarray(tracks, dtype=np.int64)[::-1][:length]
        history[row, : len(latest)] = latest
        if ordered and len(tracks):
            seeds[row] = tracks[-1]
    return _with_places(np.full(len(histories), -1), history, seeds)


def _with_places(
    user_rows: np.ndarray, history: np.ndarray, seeds: np.ndarray, codes: np.ndarray | None = None
) -> tuple[QueryInputs, np.ndarray]:
    """Inputs with places for track rows, and these rows."""
    mentioned = np.concatenate([history.ravel(), seeds])
    track_rows, places = unique_inverse(mentioned, int(mentioned.max(initial=-1)) + 1)
    n = history.size
    now = np.zeros(len(seeds), dtype=np.float32)
    return QueryInputs(user_rows, places[:n].reshape(history.shape), places[n:], now, codes), track_rows


def event_codes(events: Interactions, positions: np.ndarray, latest: np.ndarray) -> np.ndarray:
    """Time gap, share of play and kind of events as one number each, (batch, length) int64; 0 is the ordinary event.

    Time is counted back from the latest event of the same history, not from now: for recommendations the time at which
    the target will be played is unknown.

    Parameters
    ----------
    positions : (batch, length) int64, in `events`; those before a user's first event are never read
    latest : (batch,) int64, the position of the last event of each history
    """
    minutes = np.maximum(events.times[latest][:, None] - events.times[positions], 0) / _SECONDS_PER_MINUTE
    gaps = (N_GAPS - 1) * np.log1p(minutes) / np.log1p(_MINUTES_PER_YEAR)
    gaps = np.minimum(gaps.astype(np.int64), N_GAPS - 1)  # the first: within a minute and a half; the last: a year
    plays = np.minimum((events.weights[positions] * (N_PLAYS - 1)).astype(np.int64), N_PLAYS - 1)
    plays = N_PLAYS - 1 - plays  # 0: all of it; then less than all, three quarters, half, a quarter
    kinds = 0 if events.kinds is None else (events.kinds[positions] == KINDS.index("like")).astype(np.int64)
    return gaps + N_GAPS * (plays + N_PLAYS * kinds)
