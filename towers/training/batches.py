"""Batches gathered from arrays: whole steps are indexed out of the events at once, never row by row.

    event e of a listener:   ... e-3  e-2  e-1  [e]  e+1 ...
                             '--- history ---'  target

Where nothing is known of time, the history is made of the listener's other events instead, in a new random order at
each epoch.
"""

from dataclasses import dataclass

import numpy as np

from earshot.data.arrays import unique_inverse
from earshot.data.events.interactions import Interactions
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.query_inputs import QueryInputs, event_codes
from earshot.towers.training.negatives import HardNegatives, KnownPairs

_DAY = 86_400.0
_POPULARITY_POWER = 0.75
_WITHHELD = 0.1  # share of the histories of which, as of a stranger's, only the tracks are told


@dataclass(frozen=True)
class Batch:
    """One step. All tracks that play a part in it are in `track_rows`, each once."""

    asked: QueryInputs
    track_rows: np.ndarray  # (n_unique,)
    with_own: np.ndarray  # (n_unique,) bool: False where the track's own vector is withheld
    with_audio: np.ndarray  # (n_unique,) bool: False where its sound is withheld
    with_artist: np.ndarray  # (n_unique,) bool: False where all that is withheld but its sound
    candidates: np.ndarray  # (batch + negatives,) places; of bpr (batch, 1 + negatives); positives come first
    candidate_rows: np.ndarray  # the same as rows
    hidden: np.ndarray  # (batch, batch + negatives) bool, or of bpr (batch, negatives): no negative
    weights: np.ndarray  # (batch,) float32
    n_hard: int = 0  # how many of the candidates, the last ones, were mined


class Batches:
    """All steps of a training, each made from its own seed, so that any of them can be made again.

    Parameters
    ----------
    events : what is learned from; events of weight 0 are history, but never a target

    Raises
    ------
    ValueError
        There is no target, or no query that could be told from another.
    """

    def __init__(self, events: Interactions, tower: TowerConfig, training: TowerTrainingConfig) -> None:
        self.events, self.tower, self.training = events, tower, training
        self.has_time = bool(len(events)) and bool(events.times.any())
        self.targets = np.flatnonzero(events.weights > 0) if training.weighted else np.arange(len(events))
        if not len(self.targets):
            raise ValueError("there is no event to learn from")
        if tower.model == "two-tower" and not (tower.history or tower.use_user or self.has_time):
            raise ValueError(
                "history is 0, use_user is off, and without times no track is the latest: all queries are the same."
                "\n\nGive `--history 50` or `--use-user`."
            )
        self.track_counts = np.bincount(events.track_rows[self.targets], minlength=events.n_tracks)
        self.seen_rows = np.flatnonzero(self.track_counts)
        self.known = KnownPairs(events.user_rows, events.track_rows, events.n_users, events.n_tracks)
        self._knows_all = self.known.n_known() == len(np.unique(events.track_rows))
        self._starts = events.user_offsets()
        self._latest = int(events.times.max()) if self.has_time else 0
        shares = self.track_counts[self.seen_rows] ** _POPULARITY_POWER
        self._edges = np.cumsum(shares) / shares.sum()
        self._epoch, self._order = -1, np.empty(0)
        self._tracks, self._weights = events.track_rows, events.weights
        self.hard: HardNegatives | None = None  # whoever trains gives them for an epoch

    def __len__(self) -> int:
        """Steps in an epoch."""
        return -(-len(self.targets) // self.training.batch_size)

    def __repr__(self) -> str:
        return f"<Batches {len(self):,} steps of {self.training.batch_size:,}, {len(self.targets):,} targets>"

    def draw_chances(self, track_rows: np.ndarray) -> np.ndarray:
        """The chance of each track in one draw from the catalog; 0 for what nobody played."""
        if self.training.proposal == "uniform":
            return (self.track_counts[track_rows] > 0) / len(self.seen_rows)
        powers = self.track_counts**_POPULARITY_POWER
        return powers[track_rows] / powers.sum()

    def batch(self, epoch: int, step: int) -> Batch:
        """One step of one epoch."""
        self._begin(epoch)
        rng = np.random.default_rng([self.tower.seed, epoch, step, 1])
        size = self.training.batch_size
        events = self._order[step * size : (step + 1) * size]
        history, seeds = self._histories(events, rng)
        users, positives = self.events.user_rows[events], self._tracks[events]
        n_drawn, hard = self.training.negatives, self._hard(users, epoch, step)
        if self.training.loss == "bpr":
            drawn = np.concatenate([self._draw((len(events), n_drawn), rng), hard], axis=1)
            candidate_rows = np.concatenate([positives[:, None], drawn], axis=1)
            hidden = drawn == positives[:, None]
            if self.training.mask_known:
                hidden |= self.known.contains(users[:, None], drawn)
                self._leave_some(hidden, users, drawn, positives)
        else:
            candidate_rows = np.concatenate([positives, self._draw(n_drawn, rng), hard])
            if self.training.mask_known:  # the positive itself, drawn again, is known too
                hidden = self.known.grid(users, candidate_rows)
                self._leave_some(hidden, users, candidate_rows[None], positives)
            else:
                hidden = candidate_rows[None] == positives[:, None]
            if not self.training.in_batch:
                hidden[:, : len(events)] = True
        mentioned = np.concatenate([candidate_rows.ravel(), history.ravel(), seeds])
        track_rows, places = unique_inverse(mentioned, self.events.n_tracks)
        parts = np.split(places, [candidate_rows.size, candidate_rows.size + history.size])
        weights = np.minimum(self._weights[events], 1) if self.training.weighted else np.ones(len(events))
        with_artist = rng.random(len(track_rows)) >= self.tower.artist_dropout
        asked_users = np.where(rng.random(len(events)) < self.tower.user_dropout, -1, users)
        facts = self._facts(events, rng)
        return Batch(
            QueryInputs(asked_users, parts[1].reshape(history.shape), parts[2], self._days(events), facts),
            track_rows,
            with_artist & (rng.random(len(track_rows)) >= self.tower.track_dropout),
            rng.random(len(track_rows)) >= self.tower.audio_dropout,
            with_artist,
            parts[0].reshape(candidate_rows.shape),
            candidate_rows,
            hidden,
            weights.astype(np.float32),
            n_hard=0 if self.training.loss == "bpr" else len(hard),
        )

    def _begin(self, epoch: int) -> None:
        """The order of an epoch; without times also that within each listener."""
        if epoch == self._epoch:
            return
        rng = np.random.default_rng([self.tower.seed, epoch])
        self._epoch, self._order = epoch, rng.permutation(self.targets)
        if not self.has_time:
            within = np.lexsort((rng.random(len(self.events)), self.events.user_rows))
            # The users stay where they are; of a track its weight goes with it.
            self._tracks, self._weights = self.events.track_rows[within], self.events.weights[within]
            where = np.empty(len(within), dtype=np.int64)
            where[within] = np.arange(len(within))
            self._order = where[self._order]

    def _histories(self, events: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Tracks before (or, without times, around) each event, the latest first, and the seeds; -1 for none."""
        users = self.events.user_rows[events]
        starts, stops = self._starts[users], self._starts[users + 1]
        ages = np.arange(1, self.tower.history + 1)
        there = events[:, None] - ages
        if self.has_time:
            is_there = there >= starts[:, None]
        else:
            lengths = (stops - starts)[:, None]
            is_there = ages < lengths
            there = starts[:, None] + (there - starts[:, None]) % lengths
        history = np.where(is_there, self._tracks[np.maximum(there, 0)], -1)
        if not self.has_time:
            history[history == self._tracks[events][:, None]] = -1  # the answer itself
        has_seed = self.has_time and self.tower.use_seed
        seeds = np.where(events - 1 >= starts, self._tracks[np.maximum(events - 1, 0)], -1) if has_seed else None
        if self.tower.history_dropout:
            history[rng.random(history.shape) < self.tower.history_dropout] = -1
        return history, np.full(len(events), -1) if seeds is None else seeds

    def _hard(self, users: np.ndarray, epoch: int, step: int) -> np.ndarray:
        """Mined tracks: (n_hard,) of listeners of the step by chance, or of bpr (batch, n_hard) of each listener.

        Who was not asked draws from the catalog instead in bpr, and elsewhere leaves it to the others.
        """
        n, is_bpr = self.training.hard_negatives, self.training.loss == "bpr"
        if self.hard is None or not n:
            return np.empty((len(users), 0) if is_bpr else 0, dtype=np.int64)
        rng = np.random.default_rng([self.tower.seed, epoch, step, 3])
        if is_bpr:
            tracks = self.hard.draw(np.repeat(users[:, None], n, axis=1), rng)
            return np.where(tracks >= 0, tracks, self._draw((len(users), n), rng))
        asked = users[self.hard.has(users)]
        return self.hard.draw(asked[rng.integers(len(asked), size=n)], rng) if len(asked) else asked.astype(np.int64)

    def _facts(self, events: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        if not self.has_time or not self.tower.use_events:
            return None
        places = np.maximum(events[:, None] - np.arange(1, self.tower.history + 1), 0)
        facts = event_codes(self.events, places, np.maximum(events - 1, 0))
        facts[rng.random(len(events)) < _WITHHELD] = 0
        return facts

    def _days(self, events: np.ndarray) -> np.ndarray:
        if not self.has_time or not self.training.example_age:
            return np.zeros(len(events), dtype=np.float32)
        return ((self._latest - self.events.times[events]) / _DAY).astype(np.float32)

    def _leave_some(
        self, hidden: np.ndarray, users: np.ndarray, candidate_rows: np.ndarray, positives: np.ndarray
    ) -> None:
        """For a listener who knows everything that anybody played hide the same track alone.

        Where one person is all the listeners there are, what they play now is told from what they play at other times.
        """
        rows = np.flatnonzero(self._knows_all[users])
        if len(rows):
            theirs = candidate_rows if len(candidate_rows) == 1 else candidate_rows[rows]
            hidden[rows] = theirs == positives[rows, None]

    def _draw(self, shape: int | tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        if self.training.proposal == "uniform":
            return self.seen_rows[rng.integers(len(self.seen_rows), size=shape)]
        places = np.searchsorted(self._edges, rng.random(shape), side="right")
        return self.seen_rows[np.minimum(places, len(self.seen_rows) - 1)]
