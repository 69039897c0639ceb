"""Inputs of the query tower: user, history, seed and age; made alike in training and for recommendations.

Places are positions in a list of track rows that comes with the inputs: a track is looked up once, however often it
occurs.
"""

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


def inputs_at(
    events: Interactions, user_rows: np.ndarray, first: np.ndarray, stop: np.ndarray, length: int
) -> tuple[QueryInputs, np.ndarray]:
    """Inputs for recommendations: the latest events of each query, and an example age of 0.

    Without times no event is the latest, and the order of a table may be anything, such as that of play counts: a
    history longer than `length` is read evenly spread over all of it.

    Parameters
    ----------
    user_rows : (n,), of the towers; -1 for a user without a vector
    first, stop : (n,), the events of each query, from `first` to before `stop`
    length : number of events that a query reads at most, at least 1

    Returns
    -------
    inputs, and the track rows that their places are positions in
    """
    ages, n_events, has_times = np.arange(1, length + 1), (stop - first)[:, None], events.times.any()
    is_event = ages <= n_events
    positions = stop[:, None] - ages
    if not has_times:
        spread = first[:, None] + (2 * ages - 1) * n_events // (2 * length)  # the middles of equal parts
        positions = np.where(n_events > length, spread, positions)
    history = np.full(positions.shape, -1)
    history[is_event] = events.track_rows[positions[is_event]]
    seeds, codes = np.full(len(user_rows), -1), None
    if has_times:
        seeds, codes = history[:, 0], event_codes(events, np.maximum(positions, 0), np.maximum(stop - 1, 0))
    track_rows, (places, seed_places) = shared_places(events.n_tracks, history, seeds)
    days = np.zeros(len(user_rows), dtype=np.float32)
    return QueryInputs(user_rows, places, seed_places, days, codes), track_rows


def shared_places(n_tracks: int, *mentioned: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The track rows in several arrays, each once and rising, and the same arrays with places; -1 stays -1."""
    track_rows, places = unique_inverse(np.concatenate([rows.ravel() for rows in mentioned]), n_tracks)
    parts = np.split(places, np.cumsum([rows.size for rows in mentioned])[:-1])
    return track_rows, [part.reshape(rows.shape) for part, rows in zip(parts, mentioned, strict=True)]


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
