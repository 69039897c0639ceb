"""Accuracy of recommended lists over the full catalog, per query, and the expected accuracy of random lists.

Conventions
-----------
A *list* is a row of track rows, the best first, padded with -1. *Targets* are the tracks that a user played
afterwards, each once. All functions return one number per query, for means, intervals and paired tests. Metrics that
need no targets are in `evaluation.metrics.list_metrics`.

    recall     share of the targets in the list; the denominator is not cut to k
    hit_rate   1 if the list holds any target; often published as "recall"
    ndcg       targets count 1/log2(place + 1), as a share of the best possible list
    mrr        1 over the place of the first target
"""

from dataclasses import dataclass

import numpy as np

from earshot.data.arrays import pair_keys, split_keys
from earshot.data.events.interactions import Interactions


@dataclass(frozen=True)
class Targets:
    """Tracks that the user of each query played afterwards, each once."""

    user_rows: np.ndarray  # (n_queries,), rising
    starts: np.ndarray  # (n_queries + 1,)
    track_rows: np.ndarray  # (n_targets,), rising within a query
    plays: np.ndarray  # (n_targets,), how often each was played

    def __len__(self) -> int:
        return len(self.user_rows)

    def __repr__(self) -> str:
        return f"<Targets of {len(self):,} queries, {len(self.track_rows):,} in all>"

    def counts(self) -> np.ndarray:
        return np.diff(self.starts)

    def owners(self) -> np.ndarray:
        """Query of each target, (n_targets,), rising."""
        return np.repeat(np.arange(len(self)), self.counts())

    def by_query(self) -> list[np.ndarray]:
        """Targets of each query."""
        return np.split(self.track_rows, self.starts[1:-1])

    def hits(self, lists: np.ndarray) -> np.ndarray:
        """Mark the places of lists that hold a target: bool, of the shape of `lists`."""
        keys = pair_keys(self.owners(), self.track_rows)  # rising
        recommended = pair_keys(np.arange(len(self))[:, None], lists)
        places = np.minimum(np.searchsorted(keys, recommended), len(keys) - 1)
        return keys[places] == recommended

    def select(self, mask: np.ndarray) -> tuple["Targets", np.ndarray]:
        """Keep the targets of a mask, (n_targets,) bool, and tell which queries have one left, (n_queries,) bool."""
        counts = np.bincount(self.owners()[mask], minlength=len(self))
        starts = np.concatenate([[0], np.cumsum(counts[counts > 0])])
        return Targets(self.user_rows[counts > 0], starts, self.track_rows[mask], self.plays[mask]), counts > 0


def targets_of(test: Interactions, *, without: Interactions | None = None) -> Targets:
    """Collect what each user plays in the test; only discoveries if `without` holds what they played before."""
    counted = np.asarray(test.weights > 0)
    keys, plays = np.unique(pair_keys(test.user_rows[counted], test.track_rows[counted]), return_counts=True)
    if without is not None:
        is_new = ~_are_known(keys, without)
        keys, plays = keys[is_new], plays[is_new]
    users, tracks = split_keys(keys)
    query_users, starts = np.unique(users, return_index=True)
    return Targets(query_users, np.append(starts, len(keys)), tracks, plays)


def _are_known(keys: np.ndarray, known: Interactions) -> np.ndarray:
    """Mark the pairs of user and track, rising, that are in a log: user by user, as sorting the log takes longer."""
    users, tracks = split_keys(keys)
    unique_users, firsts = np.unique(users, return_index=True)
    offsets, masks = known.user_offsets(), [np.zeros(0, dtype=bool)]
    for user, of_user in zip(unique_users, np.split(tracks, firsts[1:]), strict=False):
        history = known.track_rows[offsets[user] : offsets[user + 1]]
        masks.append(np.isin(of_user, history, kind="table"))
    return np.concatenate(masks)


def dcg_discounts(k: int) -> np.ndarray:
    """Gain of a target at each of the first k places, (k,): 1 / log2(place + 1)."""
    return 1 / np.log2(np.arange(2, k + 2))


def ranking_metrics(lists: np.ndarray, targets: Targets, k: int) -> dict[str, np.ndarray]:
    """Compute recall, hit rate, NDCG and MRR of the first k places, each (n_queries,)."""
    hits = targets.hits(lists[:, :k])
    discounts = dcg_discounts(k)
    best = np.cumsum(discounts)[np.minimum(targets.counts(), k) - 1]
    return {
        "recall": hits.sum(axis=1) / targets.counts(),
        "hit_rate": hits.any(axis=1).astype(np.float64),
        "ndcg": hits @ discounts[: hits.shape[1]] / best,
        "mrr": hits.any(axis=1) / (hits.argmax(axis=1) + 1),  # argmax is the first of equals
    }


def chance_ranking(
    targets: Targets, k: int, n_candidates: np.ndarray, is_reachable: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Compute the expected metrics of a list drawn at random from each query's candidates, each (n_queries,).

    Parameters
    ----------
    n_candidates : (n_queries,)
    is_reachable : (n_targets,) bool, the targets that are among the candidates; without, all
    """
    counts = targets.counts()
    n_reachable = (
        counts if is_reachable is None else np.bincount(targets.owners()[is_reachable], minlength=len(targets))
    )
    share = n_reachable / np.maximum(n_candidates, 1)  # of the candidates; a query without any has no reachable target
    length = np.clip(n_candidates, 1, k)
    dcg = np.cumsum(dcg_discounts(k))  # of targets in the first places
    missed, mrr = np.ones(len(targets)), np.zeros(len(targets))
    for place in range(1, k + 1):  # `missed` is the probability that no place before holds a target
        n_left = np.maximum(n_candidates - (place - 1), 1)
        mrr += missed * np.minimum(n_reachable / n_left, 1) / place
        missed = missed * np.maximum(1 - n_reachable / n_left, 0)
    return {
        "recall": share * length / counts,
        "hit_rate": 1 - missed,
        "ndcg": share * dcg[length - 1] / dcg[np.minimum(counts, k) - 1],
        "mrr": mrr,
    }
