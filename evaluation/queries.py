"""Queries about listeners: what is known of the world, what each query may look back on, and what came next."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from earshot.data.arrays import pair_keys, unique_sorted
from earshot.data.events.interactions import Interactions
from earshot.data.events.protocols import PROTOCOLS
from earshot.data.events.splits import Split
from earshot.evaluation.full_ranking import Scores, ranked
from earshot.evaluation.metrics.ranking_metrics import Targets, targets_of

_NOTHING_NEW = "nobody plays anything new in the test.\n\nAsk about repeats as well: `cli evaluate --repeats`."
_NOBODY = (
    "nobody who could be asked about plays anything in the test.\n\n"
    "Part the listens in another way: `cli train-tower --split global`, for one."
)


@dataclass(frozen=True)
class Histories:
    """What each query may look back on: a stretch of one listener's events, in order."""

    events: Interactions
    starts: np.ndarray  # (n_queries,)
    stops: np.ndarray  # (n_queries,)

    def __len__(self) -> int:
        return len(self.starts)

    def __repr__(self) -> str:
        return f"<Pasts of {len(self):,} queries, {int((self.stops - self.starts).sum()):,} events in all>"

    def tracks(self, query: int) -> np.ndarray:
        """The tracks of one past, the latest last, each as often as it was played."""
        return np.asarray(self.events.track_rows[self.starts[query] : self.stops[query]])

    def times(self, query: int) -> np.ndarray:
        return np.asarray(self.events.times[self.starts[query] : self.stops[query]])

    def matrix(self, start: int, stop: int) -> sparse.csr_matrix:
        """Who played what before, 1 or nothing: (stop - start, n_tracks) float32."""
        played = [unique_sorted(self.tracks(query)) for query in range(start, stop)]
        edges = np.concatenate([[0], np.cumsum([len(tracks) for tracks in played])])
        tracks = np.concatenate(played) if played else np.empty(0, dtype=np.int64)
        return sparse.csr_matrix(
            (np.ones(len(tracks), np.float32), tracks, edges), (stop - start, self.events.n_tracks)
        )


def plays_of(known: Interactions) -> sparse.csr_matrix:
    """Who played what, 1 or nothing: (n_users, n_tracks) float32."""
    starts = known.user_offsets()
    return Histories(known, starts[:-1], starts[1:]).matrix(0, known.n_users)


@dataclass(frozen=True)
class EvaluationQueries:
    """Queries, all that may be known before them, and what was played afterwards."""

    known: Interactions  # of all listeners together
    histories: Histories
    targets: Targets
    excluded: list[np.ndarray] | None  # of each query the tracks that no list may hold; None with repeats
    plays: np.ndarray  # (n_targets,), how often each target was played
    track_ids: np.ndarray | None = None  # (n_tracks,), by which ties are ordered as in recommended lists

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def n_candidates(self) -> np.ndarray:
        """How many tracks each list could hold, (n_queries,)."""
        n = np.full(len(self.targets), self.known.n_tracks)
        return n if self.excluded is None else n - np.array([len(tracks) for tracks in self.excluded])

    @property
    def is_reachable(self) -> np.ndarray:
        """Which targets a list could hold, (n_targets,) bool."""
        reachable = np.ones(len(self.targets.track_rows), dtype=bool)
        edges = zip(self.targets.starts[:-1], self.targets.starts[1:], strict=True)
        for (start, stop), tracks in zip(edges, self.excluded or [], strict=self.excluded is not None):
            reachable[start:stop] = ~np.isin(self.targets.track_rows[start:stop], tracks, kind="table")
        return reachable

    def subsample(self, n: int) -> "EvaluationQueries":
        """At most so many of the queries, evenly spread over all."""
        n = max(min(n, len(self)), 1)
        chosen = np.zeros(len(self), dtype=bool)
        chosen[np.arange(n) * len(self) // n] = True
        of_chosen = np.repeat(chosen, self.targets.counts())
        targets, _ = self.targets.select(of_chosen)
        histories = Histories(self.histories.events, self.histories.starts[chosen], self.histories.stops[chosen])
        excluded = self.excluded and [tracks for tracks, stays in zip(self.excluded, chosen, strict=True) if stays]
        return EvaluationQueries(self.known, histories, targets, excluded, self.plays[of_chosen], self.track_ids)

    def ranked(self, scores: Scores, k: int, probes: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lists of k tracks and the scores of probes, as `evaluation.full_ranking.ranked`."""
        n_tracks = self.known.n_tracks
        return ranked(scores, len(self), n_tracks, k, excluded=self.excluded, probes=probes, track_ids=self.track_ids)


def describe_queries(split: Split, eval_queries: EvaluationQueries, *, repeats: bool) -> str:
    """Who is asked about what, in a line."""
    who = "queries" if PROTOCOLS[split.protocol].rolling else "listeners"
    targets = "repeats count" if repeats else "discoveries only"
    return f"{split.describe().capitalize()}; {len(eval_queries):,} {who}, {targets}."


def queries_of_split(split: Split, *, repeats: bool, n_queries: int, seed: int) -> EvaluationQueries:
    """What a protocol asks about the test. At most so many queries, drawn by chance.

    Raises
    ------
    ValueError
        Nobody plays anything that could be asked about.
    """
    rules = PROTOCOLS[split.protocol]
    if rules.rolling:
        return _rolling_exam(split, n_queries, seed)
    known, asked = split.known(), split.test
    if rules.least_weight:
        asked = asked.of_kind("listen")
        asked = asked.select(asked.weights >= rules.least_weight)
    if rules.known_users:
        is_known = np.bincount(known.user_rows, minlength=asked.n_users) > 0
        asked = asked.select(is_known[asked.user_rows])
    unreachable = rules.keeps_unreachable
    return queries_at_cutoff(known, asked, repeats=repeats, n_users=n_queries, seed=seed, unreachable=unreachable)


def queries_at_cutoff(
    known: Interactions, asked: Interactions, *, repeats: bool, n_users: int, seed: int, unreachable: bool = False
) -> EvaluationQueries:
    """Ask about at most so many listeners, drawn by chance, at the end of all that is known.

    Without `repeats` it is about discoveries: what a listener had played before is neither target nor candidate; with
    `unreachable` it is still a target, which is how some figures were published.

    Raises
    ------
    ValueError
        Nobody plays anything that could be asked about.
    """
    targets = targets_of(asked, without=None if repeats or unreachable else known)
    if not len(targets):
        raise ValueError(_NOBODY if repeats or unreachable else _NOTHING_NEW)
    if len(targets) > n_users:
        chosen = np.zeros(len(targets), dtype=bool)
        chosen[np.random.default_rng(seed).choice(len(targets), n_users, replace=False)] = True
        targets, _ = targets.select(np.repeat(chosen, targets.counts()))
    starts = known.user_offsets()
    histories = Histories(known, starts[targets.user_rows], starts[targets.user_rows + 1])
    excluded = None if repeats else [unique_sorted(histories.tracks(query)) for query in range(len(targets))]
    return EvaluationQueries(known, histories, targets, excluded, _plays(targets, asked))


def _plays(targets: Targets, asked: Interactions) -> np.ndarray:
    """How often each target was played, (n_targets,)."""
    counted = asked.weights > 0
    keys, plays = np.unique(pair_keys(asked.user_rows[counted], asked.track_rows[counted]), return_counts=True)
    owners = np.repeat(targets.user_rows, targets.counts())
    return plays[np.searchsorted(keys, pair_keys(owners, targets.track_rows))]


def _rolling_exam(split: Split, n_queries: int, seed: int) -> EvaluationQueries:
    """Each listen of the test that has one before it is a query about the next track."""
    events = split.whole()
    firsts = events.user_offsets()[events.user_rows]
    is_asked = (events.times >= split.test.times.min()) & (np.arange(len(events)) > firsts) & (events.weights > 0)
    asked = np.flatnonzero(is_asked)
    if not len(asked):
        raise ValueError(_NOBODY)
    if len(asked) > n_queries:
        asked = np.sort(np.random.default_rng(seed).choice(asked, n_queries, replace=False))
    tracks = events.track_rows[asked].astype(np.int64)
    targets = Targets(events.user_rows[asked], np.arange(len(asked) + 1), tracks, events.n_tracks)
    return EvaluationQueries(
        split.known(), Histories(events, firsts[asked], asked), targets, None, np.ones(len(asked), dtype=np.int64)
    )


def validation_queries(split: Split, *, repeats: bool, n_users: int, seed: int = 0) -> EvaluationQueries | None:
    """An exam about the validation part, by which anything may be tuned; None where nothing could be asked."""
    if not len(split.validation):
        return None
    try:
        return queries_at_cutoff(split.train, split.validation, repeats=repeats, n_users=n_users, seed=seed)
    except ValueError:
        return None
