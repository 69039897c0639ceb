"""What any recommender has to beat, and none of which learns: scores for `evaluation.full_ranking`."""

import numpy as np

from earshot.data.cosine import unit_rows
from earshot.data.events.interactions import Interactions, blocks
from earshot.evaluation.full_ranking import GlobalScores, Scores
from earshot.evaluation.queries import Histories

_DAY = 86_400.0
_EVENTS_AT_ONCE = 1_000_000


def popular(known: Interactions) -> Scores:
    """How often a track was played, to everybody alike."""
    return GlobalScores(_plays(known).astype(np.float32))


def decayed_popularity(known: Interactions, half_life_days: float = 7.0) -> Scores:
    """As `popular`, of plays that count half after so many days."""
    plays, latest = np.zeros(known.n_tracks), known.times.max(initial=0)
    for start, stop in blocks(len(known), _EVENTS_AT_ONCE):  # memory-mapped arrays may be larger than memory
        ages = (latest - known.times[start:stop]) / _DAY
        np.add.at(plays, known.track_rows[start:stop], 0.5 ** (ages / half_life_days))
    return GlobalScores(plays.astype(np.float32))


def personal_top(known: Interactions, histories: Histories, half_life_days: float = 30.0) -> Scores:
    """What each listener has played most, of late; then what is popular.

    Scores are places in these two orders, whole numbers, so that no rounding puts a popular track before a favourite.
    """
    steps, order = np.unique(_plays(known), return_inverse=True)

    def scores(start: int, stop: int, out: np.ndarray) -> None:
        out[:] = order
        for place, query in enumerate(range(start, stop)):
            times = histories.times(query)
            tracks, own = np.unique(histories.tracks(query), return_inverse=True)
            if len(tracks):  # ages from the last event: a common factor changes no order
                plays = np.bincount(own, 0.5 ** ((times[-1] - times) / _DAY / half_life_days), len(tracks))
                out[place, tracks] = len(steps) + np.unique(plays, return_inverse=True)[1]

    return scores


def content_knn(audio: np.ndarray, histories: Histories) -> Scores:
    """The tracks nearest to the mean sound of what was played; `audio`, (n_tracks, dim), has zeros for the unheard."""
    units, unheard = unit_rows(audio), ~audio.any(axis=1)

    def scores(start: int, stop: int, out: np.ndarray) -> None:
        np.matmul(np.asarray(histories.matrix(start, stop) @ units), units.T, out=out)
        out[:, unheard] = -np.inf

    return scores


def _plays(known: Interactions) -> np.ndarray:
    return np.bincount(known.track_rows, minlength=known.n_tracks)
