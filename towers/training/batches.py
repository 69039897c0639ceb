"""Batches gathered from arrays: whole steps are indexed out of the events at once, never row by row.

    event e of a user:       ... e-3  e-2  e-1  [e]  e+1 ...
                             '--- history ---'  target

Without times, the history is made of the user's other events instead, in a new random order at each epoch.
"""

from dataclasses import dataclass

import numpy as np

from earshot.data.events.interactions import Interactions
from earshot.data.events.protocols import DAY_S
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.networks.two_tower import TrackDropout
from earshot.towers.query_inputs import QueryInputs, event_codes, shared_places
from earshot.towers.training.candidate_sampler import CandidateSampler
from earshot.towers.training.known_pairs import KnownPairs

_WITHHELD_CODES_SHARE = 0.1  # share of the histories that are given without codes of their events


@dataclass(frozen=True)
class Batch:
    """One step. Every track that it needs is in `track_rows`, once; places are positions in that."""

    inputs: QueryInputs
    track_rows: np.ndarray  # (n_unique,)
    dropout: TrackDropout  # of these tracks
    candidates: np.ndarray  # (batch + negatives,) places; of bpr (batch, 1 + negatives); positives come first
    excluded: np.ndarray  # (batch, batch + negatives) bool, or of bpr (batch, negatives): no negative
    weights: np.ndarray  # (batch,) float32
    n_hard: int = 0  # the last so many candidates were mined

    def __len__(self) -> int:
        """Number of events."""
        return len(self.inputs)

    @property
    def candidate_rows(self) -> np.ndarray:
        """The candidates as rows."""
        return self.track_rows[self.candidates]


class Batches:
    """All steps of a training, each made from its own seed, so that any of them can be made again.

    Parameters
    ----------
    events : to learn from; events of weight 0 are history, but never a target

    Raises
    ------
    ValueError
        There is no target, or all queries are the same.
    """

    def __init__(self, events: Interactions, tower: TowerConfig, training: TowerTrainingConfig) -> None:
        self.events, self.tower, self.training = events, tower, training
        self.has_time = bool(events.times.any())
        self.targets = np.flatnonzero(events.weights > 0) if training.weighted else np.arange(len(events))
        if not len(self.targets):
            raise ValueError("there is no event to learn from")
        if tower.model == "two-tower" and not (tower.history or tower.use_user or self.has_time):
            raise ValueError(
                "history is 0, use_user is off, and without times no track is the latest: all queries are the same."
                "\n\nGive `--history 50` or `--use-user`."
            )
        counts = np.bincount(events.track_rows[self.targets], minlength=events.n_tracks)
        known = KnownPairs(events.user_rows, events.track_rows, events.n_users, events.n_tracks)
        self.sampler = CandidateSampler(counts, known, training)
        self._starts = events.user_offsets()
        self._latest = int(events.times.max()) if self.has_time else 0
        self._epoch, self._order = -1, np.empty(0)
        self._tracks, self._weights = events.track_rows, events.weights

    def __len__(self) -> int:
        """Steps in an epoch."""
        return -(-len(self.targets) // self.training.batch_size)

    def __repr__(self) -> str:
        return f"<Batches {len(self):,} steps of {self.training.batch_size:,}, {len(self.targets):,} targets>"

    def batch(self, epoch: int, step: int) -> Batch:
        """One step of one epoch."""
        self._begin(epoch)
        seed = [self.tower.seed, epoch, step]
        rng, hard_rng = np.random.default_rng([*seed, 1]), np.random.default_rng([*seed, 3])
        events = self._order[step * self.training.batch_size : (step + 1) * self.training.batch_size]
        users, positives = self.events.user_rows[events], self._tracks[events]
        history, seeds = self._histories(events, rng)
        sample = self.sampler.per_event if self.training.loss == "bpr" else self.sampler.shared
        candidates = sample(users, positives, rng, hard_rng)

        n_tracks = self.events.n_tracks
        track_rows, (of_candidates, of_history, of_seeds) = shared_places(n_tracks, candidates.rows, history, seeds)
        # In this order, for all these draw from one generator.
        names = rng.random(len(track_rows)) >= self.tower.artist_dropout
        input_users = np.where(rng.random(len(events)) < self.tower.user_dropout, -1, users)
        codes = self._event_codes(events, rng)
        vectors = names & (rng.random(len(track_rows)) >= self.tower.track_dropout)
        audio = rng.random(len(track_rows)) >= self.tower.audio_dropout
        return Batch(
            inputs=QueryInputs(input_users, of_history, of_seeds, self._days(events), codes),
            track_rows=track_rows,
            dropout=TrackDropout(vectors=vectors, audio=audio, names=names),
            candidates=of_candidates,
            excluded=candidates.excluded,
            weights=self._event_weights(events),
            n_hard=candidates.n_hard,
        )

    def _begin(self, epoch: int) -> None:
        """Draw the order of an epoch; without times also the order within each user."""
        if epoch == self._epoch:
            return
        rng = np.random.default_rng([self.tower.seed, epoch])
        self._epoch, self._order = epoch, rng.permutation(self.targets)
        if not self.has_time:
            within = np.lexsort((rng.random(len(self.events)), self.events.user_rows))
            # The users stay where they are; of a track its weight goes with it.
            self._tracks, self._weights = self.events.track_rows[within], self.events.weights[within]
            position = np.empty(len(within), dtype=np.int64)
            position[within] = np.arange(len(within))
            self._order = position[self._order]

    def _histories(self, events: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Tracks before (or, without times, around) each event, the latest first, and the seeds; -1 for none."""
        users = self.events.user_rows[events]
        starts, stops = self._starts[users], self._starts[users + 1]
        ages = np.arange(1, self.tower.history + 1)
        positions = events[:, None] - ages
        if self.has_time:
            is_event = positions >= starts[:, None]
        else:
            lengths = (stops - starts)[:, None]
            is_event = ages < lengths
            positions = starts[:, None] + (positions - starts[:, None]) % lengths
        history = np.where(is_event, self._tracks[np.maximum(positions, 0)], -1)
        if not self.has_time:
            history[history == self._tracks[events][:, None]] = -1  # the target itself
        seeds = np.full(len(events), -1)
        if self.has_time and self.tower.use_seed:
            seeds = np.where(events - 1 >= starts, self._tracks[np.maximum(events - 1, 0)], -1)
        if self.tower.history_dropout:
            history[rng.random(history.shape) < self.tower.history_dropout] = -1
        return history, seeds

    def _event_codes(self, events: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """Codes of the events of each history; some histories are given as tracks alone, like those of new users."""
        if not self.has_time or not self.tower.use_events:
            return None
        positions = np.maximum(events[:, None] - np.arange(1, self.tower.history + 1), 0)
        codes = event_codes(self.events, positions, np.maximum(events - 1, 0))
        codes[rng.random(len(events)) < _WITHHELD_CODES_SHARE] = 0
        return codes

    def _event_weights(self, events: np.ndarray) -> np.ndarray:
        weights = np.minimum(self._weights[events], 1) if self.training.weighted else np.ones(len(events))
        return weights.astype(np.float32)

    def _days(self, events: np.ndarray) -> np.ndarray:
        if not self.has_time or not self.training.example_age:
            return np.zeros(len(events), dtype=np.float32)
        return ((self._latest - self.events.times[events]) / DAY_S).astype(np.float32)
