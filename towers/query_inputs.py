"""TODO."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.arrays import unique_inverse
from earshot.data.events.interactions import KINDS, Interactions

N_GAPS, N_PLAYS, N_KINDS = 16, 5, 2
_MINUTE, _YEAR = 60.0, 365 * 24 * 60.0  # seconds, and minutes


@dataclass(frozen=True)
class QueryInputs:
    """What the query tower is told. Places are positions in the `track_rows` of whoever made it."""

    user_rows: np.ndarray  # (batch,), -1 for somebody who is not in the data, or is withheld
    history: np.ndarray  # (batch, length) places, the latest first, -1 where there is none
    seeds: np.ndarray  # (batch,) places, -1 for none
    days: np.ndarray  # (batch,) float32: the age of the example; 0 is now
    facts: np.ndarray | None = None  # (batch, length) as `event_codes`; without, every event is an ordinary one

    def __len__(self) -> int:
        return len(self.user_rows)


def inputs_now(
    events: Interactions, user_rows: np.ndarray, length: int, known_users: np.ndarray
) -> tuple[QueryInputs, np.ndarray]:
    """Queries at serving: the latest events of listeners, and an example age of 0, which is now.

    Parameters
    ----------
    events : everything heard so far
    user_rows : (n,), rows in `events`
    known_users : (n_users,) bool
        Who has a vector of their own; the others are asked about as strangers.

    Returns
    -------
    asked, and the track rows that its places are positions in
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
    """As `inputs_now`, of pasts that end anywhere: the events of each query from `first` to before `stop`, (n,)."""
    there = stop[:, None] - np.arange(1, length + 1)
    history = np.where(there >= first[:, None], events.track_rows[np.maximum(there, 0)], -1)
    has_time = bool(len(events)) and bool(events.times.any())
    seeds = events.track_rows[np.maximum(stop - 1, 0)] if has_time else np.full(len(user_rows), -1)
    seeds = np.where(stop > first, seeds, -1)
    facts = event_codes(events, np.maximum(there, 0), np.maximum(stop - 1, 0)) if has_time else None
    return _placed(np.where(known_users[user_rows], user_rows, -1), history, seeds, facts)


def inputs_for_new_users(
    histories: Sequence[np.ndarray], length: int, *, ordered: bool = True
) -> tuple[QueryInputs, np.ndarray]:
    """Queries of people who are not in the data, from the tracks that each heard, the latest last."""
    history = np.full((len(histories), length), -1, dtype=np.int64)
    seeds = np.full(len(histories), -1, dtype=np.int64)
    for place, tracks in enumerate(histories):
        latest = np.asarray(tracks, dtype=np.int64)[::-1][:length]
        history[place, : len(latest)] = latest
        if ordered and len(tracks):
            seeds[place] = tracks[-1]
    return _placed(np.full(len(histories), -1), history, seeds)


def _placed(
    user_rows: np.ndarray, history: np.ndarray, seeds: np.ndarray, facts: np.ndarray | None = None
) -> tuple[QueryInputs, np.ndarray]:
    mentioned = np.concatenate([history.ravel(), seeds])
    track_rows, places = unique_inverse(mentioned, int(mentioned.max(initial=-1)) + 1)
    n = history.size
    now = np.zeros(len(seeds), dtype=np.float32)
    return QueryInputs(user_rows, places[:n].reshape(history.shape), places[n:], now, facts), track_rows


def event_codes(events: Interactions, places: np.ndarray, latest: np.ndarray) -> np.ndarray:
    """The facts of each event of some histories as one number, (batch, length) int64; 0 is the ordinary event.

    Time is counted back from the latest event of the same past, and not from now: at serving nobody knows when the
    answer will be played.

    Parameters
    ----------
    places : (batch, length) int64, positions in `events`; what stands before a listener's first event is never read
    latest : (batch,) int64, the position of the last event of each past
    """
    minutes = np.maximum(events.times[latest][:, None] - events.times[places], 0) / _MINUTE
    gaps = (N_GAPS - 1) * np.log1p(minutes) / np.log1p(_YEAR)
    gaps = np.minimum(gaps.astype(np.int64), N_GAPS - 1)  # the first: within a minute and a half; the last: a year
    plays = np.minimum((events.weights[places] * (N_PLAYS - 1)).astype(np.int64), N_PLAYS - 1)
    plays = N_PLAYS - 1 - plays  # 0: all of it; then less than all, three quarters, half, a quarter
    kinds = 0 if events.kinds is None else (events.kinds[places] == KINDS.index("like")).astype(np.int64)
    return gaps + N_GAPS * (plays + N_PLAYS * kinds)
