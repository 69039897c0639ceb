"""Candidates of a step: its positives, draws from the catalog, and mined hard negatives, in this order."""

from typing import NamedTuple

import numpy as np

from earshot.towers.config import TowerTrainingConfig
from earshot.towers.training.known_pairs import KnownPairs
from earshot.towers.training.negative_mining import HardNegatives

_POPULARITY_POWER = 0.75


class CandidateSample(NamedTuple):
    """Candidates of the events of a step."""

    rows: np.ndarray  # track rows; of sampled softmax (batch + negatives,), of bpr (batch, 1 + negatives)
    excluded: np.ndarray  # bool, True for no negative; (batch, batch + negatives), or of bpr (batch, negatives)
    n_hard: int  # the last so many columns were mined; 0 of bpr


class CandidateSampler:
    """Draw candidates for events.

    For a user who plays every track that anyone plays, only the positive is excluded: with a single user, what they
    play now is learned against what they play at other times.

    Parameters
    ----------
    track_counts : (n_tracks,), the number of events of each track that are learned from
    known : the tracks that each user plays
    """

    def __init__(self, track_counts: np.ndarray, known: KnownPairs, config: TowerTrainingConfig) -> None:
        self.track_counts, self.known, self.config = track_counts, known, config
        self.seen_rows = np.flatnonzero(track_counts)
        self._knows_all = known.knows_all()
        shares = track_counts > 0 if config.proposal == "uniform" else track_counts**_POPULARITY_POWER
        self.draw_probabilities = shares / shares.sum()  # (n_tracks,), in one draw; 0 for a track without events
        self._edges = np.cumsum(shares[self.seen_rows]) / shares[self.seen_rows].sum()
        self.hard: HardNegatives | None = None  # set by the trainer for each epoch

    def shared(
        self, users: np.ndarray, positives: np.ndarray, rng: np.random.Generator, hard_rng: np.random.Generator
    ) -> CandidateSample:
        """Candidates that all events of a step share, for sampled softmax.

        Parameters
        ----------
        users, positives : (batch,), rows of the user and the track of each event
        hard_rng : draws hard negatives alone, so that all else is drawn the same with and without them
        """
        hard = self._shared_hard(users, hard_rng)
        rows = np.concatenate([positives, self._draw(self.config.negatives, rng), hard])
        if self.config.mask_known:  # the positive itself, drawn again, is known too
            excluded = self.known.grid(users, rows)
            everything = self._knows_all[users]
            excluded[everything] = rows == positives[everything, None]
        else:
            excluded = rows == positives[:, None]
        if not self.config.in_batch:
            excluded[:, : len(positives)] = True
        return CandidateSample(rows, excluded, len(hard))

    def per_event(
        self, users: np.ndarray, positives: np.ndarray, rng: np.random.Generator, hard_rng: np.random.Generator
    ) -> CandidateSample:
        """Candidates of each event alone, for bpr; parameters as of `shared`."""
        negatives = self._draw((len(users), self.config.negatives), rng)
        negatives = np.concatenate([negatives, self._hard_per_event(users, hard_rng)], axis=1)
        excluded = negatives == positives[:, None]
        if self.config.mask_known:
            excluded |= self.known.contains(users[:, None], negatives) & ~self._knows_all[users, None]
        return CandidateSample(np.concatenate([positives[:, None], negatives], axis=1), excluded, 0)

    def _shared_hard(self, users: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Hard negatives of users of the step, (n_hard,); none where no user has any."""
        if self.hard is None or not (has_hard := self.hard.has(users)).any():
            return np.empty(0, dtype=np.int64)
        mined = users[has_hard]
        return self.hard.draw(mined[rng.integers(len(mined), size=self.config.hard_negatives)], rng)

    def _hard_per_event(self, users: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Hard negatives of the user of each event, (batch, n_hard); draws from the catalog for a user without any."""
        if self.hard is None:
            return np.empty((len(users), 0), dtype=np.int64)
        tracks = self.hard.draw(np.repeat(users[:, None], self.config.hard_negatives, axis=1), rng)
        return np.where(tracks >= 0, tracks, self._draw(tracks.shape, rng))

    def _draw(self, shape: int | tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        if self.config.proposal == "uniform":
            return self.seen_rows[rng.integers(len(self.seen_rows), size=shape)]
        columns = np.searchsorted(self._edges, rng.random(shape), side="right")
        return self.seen_rows[np.minimum(columns, len(self.seen_rows) - 1)]
