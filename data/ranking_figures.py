"""How good recommendations are: figures over the full catalog, for each listener, and what chance would reach.

Conventions
-----------
A *list* is a row of track rows, the best first, padded with -1. *Targets* are the different tracks that a listener
really played afterwards. All functions return one number per listener, so that means, intervals and paired tests can
be made of them; the figures of the catalog (coverage, Gini) are about all lists together.

    recall     share of the targets in the list: not cut to the list's length, so above 1/k it stays honest
    hit_rate   1 where the list holds any target. Often published as "recall"
    ndcg       targets count 1/log2(place + 1), as a share of the best possible list
    mrr        1 over the place of the first target
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.bootstrap import draw_means, interval
from data.listening import Listening
from data.report_card import Figure

CHANCE = "chance"


@dataclass(frozen=True)
class Targets:
    """What each asked listener really played, each track once."""

    user_rows: np.ndarray  # (n_queries,), rising
    starts: np.ndarray  # (n_queries + 1,)
    track_rows: np.ndarray  # (n_targets,), rising within a listener
    n_tracks: int

    def __len__(self) -> int:
        return len(self.user_rows)

    def __repr__(self) -> str:
        return f"<Targets of {len(self):,} listeners, {len(self.track_rows):,} in all>"

    def counts(self) -> np.ndarray:
        return np.diff(self.starts)

    def hits(self, lists: np.ndarray) -> np.ndarray:
        """Whether each place of each list holds a target: bool, of the shape of `lists`."""
        keys = np.repeat(np.arange(len(self)), self.counts()) * self.n_tracks + self.track_rows  # rising
        asked = np.arange(len(self))[:, None] * self.n_tracks + lists
        places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        return (keys[places] == asked) & (lists >= 0)

    def where(self, is_kept: np.ndarray) -> tuple["Targets", np.ndarray]:
        """Only some targets, (n_targets,) bool, and which listeners have one of them left: (n_queries,) bool."""
        owners = np.repeat(np.arange(len(self)), self.counts())
        counts = np.bincount(owners[is_kept], minlength=len(self))
        starts = np.concatenate([[0], np.cumsum(counts[counts > 0])])
        return Targets(self.user_rows[counts > 0], starts, self.track_rows[is_kept], self.n_tracks), counts > 0


def targets_of(test: Listening, *, without: Listening | None = None) -> Targets:
    """What each listener plays in the test; with `without`, only what they did not play there (their discoveries)."""
    counted = np.asarray(test.weights > 0)
    keys = np.unique(test.user_rows[counted].astype(np.int64) * test.n_tracks + test.track_rows[counted])
    if without is not None:
        keys = np.setdiff1d(keys, without.user_rows.astype(np.int64) * test.n_tracks + without.track_rows)
    users, tracks = np.divmod(keys, test.n_tracks)
    names, starts = np.unique(users, return_index=True)
    return Targets(names, np.append(starts, len(keys)), tracks, test.n_tracks)


def per_listener(lists: np.ndarray, targets: Targets, k: int) -> dict[str, np.ndarray]:
    """Recall, hit rate, NDCG and MRR of the first k places, each (n_queries,)."""
    hits = targets.hits(lists[:, :k])
    discounts = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.cumsum(1 / np.log2(np.arange(2, k + 2)))[np.minimum(targets.counts(), k) - 1]
    return {
        "recall": hits.sum(axis=1) / targets.counts(),
        "hit_rate": hits.any(axis=1).astype(np.float64),
        "ndcg": hits @ discounts / best,
        "mrr": hits.any(axis=1) / (hits.argmax(axis=1) + 1),  # argmax is the first of equals
    }


def chances(targets: Targets, k: int, n_candidates: np.ndarray) -> dict[str, np.ndarray]:
    """What a list drawn at random from each listener's candidates is expected to reach, each (n_queries,)."""
    n_targets = np.minimum(targets.counts(), n_candidates).astype(np.float64)
    share = n_targets / n_candidates
    places = np.arange(1, k + 1)
    discounts = 1 / np.log2(places + 1)
    best = np.cumsum(discounts)[np.minimum(targets.counts(), k) - 1]
    missed, mrr = np.ones(len(targets)), np.zeros(len(targets))
    for place in places:  # without replacement: the chance that the first `place` places hold no target
        left = np.maximum(n_candidates - (place - 1), 1)
        mrr += missed * np.minimum(n_targets / left, 1) / place
        missed = missed * np.maximum(1 - n_targets / left, 0)
    return {
        "recall": share * np.minimum(k, n_candidates) / n_targets * (n_targets / targets.counts()),
        "hit_rate": 1 - missed,
        "ndcg": share * discounts.sum() / best,
        "mrr": mrr,
    }


def coverage(lists: np.ndarray, n_tracks: int) -> float:
    """Share of the catalog that turns up in any list."""
    return len(np.unique(lists[lists >= 0])) / n_tracks


def gini(lists: np.ndarray, n_tracks: int) -> float:
    """How unevenly the places are shared among the tracks: 0 when all get as many, near 1 when one gets all."""
    counts = np.sort(np.bincount(lists[lists >= 0], minlength=n_tracks)).astype(np.float64)
    ranks = np.arange(1, n_tracks + 1)
    return float(((2 * ranks - n_tracks - 1) * counts).sum() / (n_tracks * max(counts.sum(), 1)))


def novelty(lists: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """How surprising the tracks of each list are, in bits: the mean of ``-log2 p``; unplayed counts as once."""
    p = np.maximum(play_counts, 1) / max(play_counts.sum(), 1)
    return _mean_over_lists(-np.log2(p), lists)


def popularity_lift(lists: np.ndarray, known: Listening, user_rows: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """How much more popular each list is than what its listener has played: the ratio of mean play counts; 1 is alike.

    NaN for a listener of whom nothing is known.
    """
    sums = np.bincount(known.user_rows, play_counts[known.track_rows], known.n_users)
    counts = np.bincount(known.user_rows, minlength=known.n_users)
    own = np.divide(sums, counts, out=np.full(known.n_users, np.nan), where=counts > 0)[user_rows]
    return _mean_over_lists(play_counts.astype(np.float64), lists) / own


def popularity_slices(play_counts: np.ndarray) -> dict[str, np.ndarray]:
    """Masks of tracks: head, mid and tail hold 20, 60 and 20 % of all plays; cold were never played."""
    order = np.argsort(-play_counts, kind="stable")
    before = np.cumsum(play_counts[order]) - play_counts[order]  # plays of all that is more popular
    shares = np.empty(len(play_counts))
    shares[order] = before / max(play_counts.sum(), 1)
    played = play_counts > 0
    return {
        "head": played & (shares < 0.2),
        "mid": played & (shares >= 0.2) & (shares < 0.8),
        "tail": played & (shares >= 0.8),
        "cold track": ~played,
    }


def recommendation_figures(
    lists: dict[str, np.ndarray],
    targets: Targets,
    known: Listening,
    n_candidates: np.ndarray,
    ks: Sequence[int],
    *,
    seed: int = 0,
) -> list[Figure]:
    """Every figure of every subject, with intervals over listeners drawn anew; chance comes first.

    Parameters
    ----------
    lists : by subject, each (n_queries, >= max(ks)) in the order of `targets`
    n_candidates : (n_queries,), how many tracks could have been listed to each
    """
    play_counts = np.bincount(known.track_rows, minlength=known.n_tracks)
    slices = {"all": np.ones(len(targets.track_rows), dtype=bool)}
    slices |= {name: mask[targets.track_rows] for name, mask in popularity_slices(play_counts).items()}
    figures = []
    for slice_name, is_kept in slices.items():
        some, is_asked = targets.where(is_kept)
        if not len(some):
            continue
        for k in ks:
            by_subject = {CHANCE: chances(some, k, n_candidates[is_asked])}
            by_subject |= {name: per_listener(found[is_asked], some, k) for name, found in lists.items()}
            for subject, values in by_subject.items():
                if slice_name == "all" and subject != CHANCE:
                    values |= _of_lists(lists[subject][:, :k], known, targets.user_rows, play_counts)
                figures += [_figure(subject, name, k, slice_name, of, seed) for name, of in values.items()]
                if slice_name == "all" and subject != CHANCE:
                    found = lists[subject][:, :k]
                    for name, value in (
                        ("coverage", coverage(found, known.n_tracks)),
                        ("gini", gini(found, known.n_tracks)),
                    ):
                        figures.append(Figure(subject, name, k, slice_name, value, None, None, len(found)))
    return figures


def leads(
    lists: dict[str, np.ndarray], targets: Targets, baseline: str, metric: str, k: int, *, seed: int = 0
) -> list[Figure]:
    """By how much each subject is ahead of a baseline, listener by listener, with the interval of the difference."""
    base = per_listener(lists[baseline], targets, k)[metric]
    ahead = {name: per_listener(found, targets, k)[metric] - base for name, found in lists.items() if name != baseline}
    return [_figure(f"{name} - {baseline}", metric, k, "all", values, seed) for name, values in ahead.items()]


def table_rows(figures: Sequence[Figure], k: int, slice_name: str = "all") -> list[dict[str, object]]:
    """One row per subject and one column per metric, as text; popularity comes first and chance last."""
    table: dict[str, dict[str, object]] = {}
    columns = dict.fromkeys(figure.metric for figure in figures if (figure.k, figure.slice) == (k, slice_name))
    for figure in figures:
        if (figure.k, figure.slice) == (k, slice_name):
            row = table.setdefault(figure.subject, {"subject": figure.subject, **dict.fromkeys(columns)})
            row[figure.metric] = _cell(figure)
            row["n"] = figure.n
    rows = sorted(table.values(), key=lambda row: row["subject"] == CHANCE)
    return rows


def _cell(figure: Figure) -> str | None:
    if figure.value is None:
        return None
    told = [f"{number:.3f}".replace("0.", ".", 1) for number in (figure.value, figure.ci_low or 0, figure.ci_high or 0)]
    if figure.ci_low is None or figure.metric not in ("recall", "ndcg"):
        return told[0]
    return f"{told[0]} [{told[1]} {told[2]}]"


def _of_lists(
    lists: np.ndarray, known: Listening, user_rows: np.ndarray, play_counts: np.ndarray
) -> dict[str, np.ndarray]:
    return {
        "novelty": novelty(lists, play_counts),
        "popularity_lift": popularity_lift(lists, known, user_rows, play_counts),
    }


def _figure(subject: str, metric: str, k: int, slice_name: str, values: np.ndarray, seed: int) -> Figure:
    n = int((~np.isnan(values)).sum())
    if not n:
        return Figure(subject, metric, k, slice_name, None, None, None, 0)
    low, high = interval(draw_means(values, np.arange(len(values)), seed=seed))
    bounds = [None if np.isnan(bound) or subject == CHANCE else bound for bound in (low, high)]
    return Figure(subject, metric, k, slice_name, float(np.nanmean(values)), bounds[0], bounds[1], n)


def _mean_over_lists(of_track: np.ndarray, lists: np.ndarray) -> np.ndarray:
    there = lists >= 0
    sums = np.where(there, of_track[lists], 0).sum(axis=1)
    return np.divide(sums, there.sum(axis=1), out=np.full(len(lists), np.nan), where=there.any(axis=1))
