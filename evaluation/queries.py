"""Evaluation queries: known interactions, the history that each query may use, and the targets that came next."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from earshot.data.arrays import unique_sorted
from earshot.data.events.interactions import Interactions
from earshot.data.events.protocols import PROTOCOLS
from earshot.data.events.splits import Split
from earshot.evaluation.full_ranking import Scores, ranked
from earshot.evaluation.metrics.ranking_metrics import Targets, targets_of

_NOTHING_NEW = "no user plays anything new in the test.\n\nAllow repeats: `cli evaluate --repeats`."
_NO_TARGETS = (
    "no user who could be evaluated plays anything in the test.\n\n"
    "Split the listens in another way: `cli train-tower --split global`, for one."
)


@dataclass(frozen=True)
class Histories:
    """The history of each query: a range of one user's events, in order of time."""

    events: Interactions
    starts: np.ndarray  # (n_queries,)
    stops: np.ndarray  # (n_queries,)

    def __len__(self) -> int:
        return len(self.starts)

    def __repr__(self) -> str:
        return f"<Histories of {len(self):,} queries, {int((self.stops - self.starts).sum()):,} events in all>"

    def tracks(self, query: int) -> np.ndarray:
        """The tracks of one history, the latest last, each as often as it was played."""
        return np.asarray(self.events.track_rows[self.starts[query] : self.stops[query]])

    def times(self, query: int) -> np.ndarray:
        return np.asarray(self.events.times[self.starts[query] : self.stops[query]])

    def matrix(self, start: int, stop: int) -> sparse.csr_matrix:
        """Binary matrix of histories and tracks, (stop - start, n_tracks) float32."""
        played = [unique_sorted(self.tracks(query)) for query in range(start, stop)]
        edges = np.concatenate([[0], np.cumsum([len(tracks) for tracks in played])])
        tracks = np.concatenate(played) if played else np.empty(0, dtype=np.int64)
        return sparse.csr_matrix(
            (np.ones(len(tracks), np.float32), tracks, edges), (stop - start, self.events.n_tracks)
        )


def plays_of(known: Interactions) -> sparse.csr_matrix:
    """Binary matrix of users and tracks, (n_users, n_tracks) float32."""
    starts = known.user_offsets()
    return Histories(known, starts[:-1], starts[1:]).matrix(0, known.n_users)


@dataclass(frozen=True)
class EvaluationQueries:
    """Queries with what may be known before them, and what was played afterwards."""

    known: Interactions  # of all users
    histories: Histories
    targets: Targets
    excluded: list[np.ndarray] | None  # for each query the rows that its list may not hold; None with repeats
    track_ids: np.ndarray | None = None  # (n_tracks,), by which ties are ordered as in recommended lists

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def n_candidates(self) -> np.ndarray:
        """Number of candidate tracks of each query, (n_queries,)."""
        n = np.full(len(self.targets), self.known.n_tracks)
        return n if self.excluded is None else n - np.array([len(tracks) for tracks in self.excluded])

    @property
    def is_reachable(self) -> np.ndarray:
        """Mark the targets that are candidates, (n_targets,) bool."""
        if self.excluded is None:
            return np.ones(len(self.targets.track_rows), dtype=bool)
        pairs = zip(self.targets.by_query(), self.excluded, strict=True)
        return ~np.concatenate([np.isin(tracks, excluded, kind="table") for tracks, excluded in pairs])

    def subsample(self, n: int) -> "EvaluationQueries":
        """Keep n of the queries at most, evenly spread over all."""
        n = max(min(n, len(self)), 1)
        chosen = np.zeros(len(self), dtype=bool)
        chosen[np.arange(n) * len(self) // n] = True
        targets, _ = self.targets.select(chosen[self.targets.owners()])
        histories = Histories(self.histories.events, self.histories.starts[chosen], self.histories.stops[chosen])
        excluded = self.excluded and [self.excluded[query] for query in np.flatnonzero(chosen)]
        return EvaluationQueries(self.known, histories, targets, excluded, self.track_ids)

    def ranked(self, scores: Scores, k: int, probes: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Rank all tracks: lists of k rows, and the scores of probes, as `evaluation.full_ranking.ranked`."""
        n_tracks = self.known.n_tracks
        return ranked(scores, len(self), n_tracks, k, excluded=self.excluded, probes=probes, track_ids=self.track_ids)


def describe_queries(split: Split, eval_queries: EvaluationQueries, *, repeats: bool) -> str:
    """Describe the split, the number of queries and the kind of targets in a line."""
    who = "queries" if PROTOCOLS[split.protocol].rolling else "listeners"
    targets = "repeats count" if repeats else "discoveries only"
    return f"{split.describe().capitalize()}; {len(eval_queries):,} {who}, {targets}."


def queries_of_split(split: Split, *, repeats: bool, n_queries: int, seed: int) -> EvaluationQueries:
    """Make the queries of a split's protocol about its test part; of too many a random sample.

    Raises
    ------
    ValueError
        The test part holds no target.
    """
    rules = PROTOCOLS[split.protocol]
    if rules.rolling:
        return _next_track_queries(split, n_queries, seed)
    known, test = split.before_test(), split.test
    if rules.min_target_weight:
        test = test.of_kind("listen")
        test = test.select(test.weights >= rules.min_target_weight)
    if rules.training_users_only:
        is_known = np.bincount(known.user_rows, minlength=test.n_users) > 0
        test = test.select(is_known[test.user_rows])
    unreachable = rules.unreachable_targets
    return queries_at_cutoff(known, test, repeats=repeats, n_users=n_queries, seed=seed, unreachable=unreachable)


def queries_at_cutoff(
    known: Interactions, test: Interactions, *, repeats: bool, n_users: int, seed: int, unreachable: bool = False
) -> EvaluationQueries:
    """Make one query per user at the end of what is known; samples and raises as `queries_of_split` does.

    Parameters
    ----------
    repeats : whether tracks of the history are candidates; without, they are neither candidates nor targets
    unreachable : whether they are targets nevertheless, as in some published results
    """
    targets = targets_of(test, without=None if repeats or unreachable else known)
    if not len(targets):
        raise ValueError(_NO_TARGETS if repeats or unreachable else _NOTHING_NEW)
    if len(targets) > n_users:
        chosen = np.zeros(len(targets), dtype=bool)
        chosen[np.random.default_rng(seed).choice(len(targets), n_users, replace=False)] = True
        targets, _ = targets.select(chosen[targets.owners()])
    starts = known.user_offsets()
    histories = Histories(known, starts[targets.user_rows], starts[targets.user_rows + 1])
    excluded = None if repeats else [unique_sorted(histories.tracks(query)) for query in range(len(targets))]
    return EvaluationQueries(known, histories, targets, excluded)


def _next_track_queries(split: Split, n_queries: int, seed: int) -> EvaluationQueries:
    """Make a query about the next track of each listen of the test that has one before it."""
    events = split.all_events()
    firsts = events.user_offsets()[events.user_rows]
    is_target = (events.times >= split.test.times.min()) & (np.arange(len(events)) > firsts) & (events.weights > 0)
    rows = np.flatnonzero(is_target)
    if not len(rows):
        raise ValueError(_NO_TARGETS)
    if len(rows) > n_queries:
        rows = np.sort(np.random.default_rng(seed).choice(rows, n_queries, replace=False))
    tracks = events.track_rows[rows].astype(np.int64)
    targets = Targets(events.user_rows[rows], np.arange(len(rows) + 1), tracks, np.ones(len(rows), dtype=np.int64))
    histories = Histories(events, firsts[rows], rows)
    return EvaluationQueries(split.before_test(), histories, targets, None)


def validation_queries(split: Split, *, repeats: bool, n_users: int, seed: int = 0) -> EvaluationQueries | None:
    """Make queries about the validation part, for tuning; None if it holds no target."""
    if not len(split.validation):
        return None
    try:
        return queries_at_cutoff(split.train, split.validation, repeats=repeats, n_users=n_users, seed=seed)
    except ValueError:
        return None
