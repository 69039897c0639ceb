"""Baselines without training: popularity, personal favourites, content kNN; scores for `evaluation.full_ranking`."""

import numpy as np

from earshot.data.cosine import unit_rows
from earshot.data.events.interactions import Interactions, blocks
from earshot.data.events.protocols import DAY_S
from earshot.evaluation.full_ranking import GlobalScores, Scores
from earshot.evaluation.queries import Histories

_MAX_EVENTS = 1_000_000  # in memory at a time


def popular(known: Interactions) -> Scores:
    """Score each track by its number of plays, the same for all queries."""
    return GlobalScores(known.play_counts().astype(np.float32))


def decayed_popularity(known: Interactions, half_life_days: float = 7.0) -> Scores:
    """Score each track by its plays, each of which counts half after so many days."""
    plays, latest = np.zeros(known.n_tracks), known.times.max(initial=0)
    for start, stop in blocks(len(known), _MAX_EVENTS):  # memory-mapped arrays may be larger than memory
        ages = (latest - known.times[start:stop]) / DAY_S
        np.add.at(plays, known.track_rows[start:stop], 0.5 ** (ages / half_life_days))
    return GlobalScores(plays.astype(np.float32))


def personal_top(known: Interactions, histories: Histories, half_life_days: float = 30.0) -> Scores:
    """Rank the tracks of each history by recent plays, and then all others by popularity.

    Scores are ranks in these two orders, whole numbers, so that no rounding puts a popular track before a favourite.
    """
    steps, order = np.unique(known.play_counts(), return_inverse=True)

    def scores(start: int, stop: int, out: np.ndarray) -> None:
        out[:] = order
        for row, query in enumerate(range(start, stop)):
            times = histories.times(query)
            tracks, places = np.unique(histories.tracks(query), return_inverse=True)
            if len(tracks):  # ages from the last event: a common factor keeps the order
                recent = np.bincount(places, 0.5 ** ((times[-1] - times) / DAY_S / half_life_days), len(tracks))
                out[row, tracks] = len(steps) + np.unique(recent, return_inverse=True)[1]

    return scores


def or_else(scores: Scores, fallback: Scores, histories: Histories) -> Scores:
    """Score by another recommender the queries without a history, to whom a personal one has nothing to say."""
    is_new = histories.starts == histories.stops

    def scores_or_fallback(start: int, stop: int, out: np.ndarray) -> None:
        scores(start, stop, out)
        new = is_new[start:stop]
        if new.any():
            others = np.empty_like(out)
            fallback(start, stop, others)
            out[new] = others[new]

    return scores_or_fallback


def content_knn(audio: np.ndarray, histories: Histories) -> Scores:
    """Score tracks by cosine with the mean audio of the history; `audio`, (n_tracks, dim), has zeros for unknown."""
    units, is_silent = unit_rows(audio), ~audio.any(axis=1)

    def scores(start: int, stop: int, out: np.ndarray) -> None:
        np.matmul(np.asarray(histories.matrix(start, stop) @ units), units.T, out=out)
        out[:, is_silent] = -np.inf

    return scores
