"""Trained towers beside what any recommender has to beat, over the same listeners and the full catalog."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from data.catalog import Catalog
from data.listening import Listening
from data.ranking_figures import Targets, per_listener, targets_of
from data.rankings import unit_rows
from data.simple_recommenders import decayed_popular, item_neighbours, most_popular, personal_favourites
from data.splits import Split
from towers.designs import Towers
from towers.retrieval import recommend

_JUDGED_AT = 20  # places that validation looks at


@dataclass(frozen=True)
class Exam:
    """Listeners, what is known of them, and what they played afterwards."""

    known: Listening
    targets: Targets
    hidden: list[np.ndarray] | None  # of each listener the tracks that no list may hold; None with repeats

    @property
    def n_candidates(self) -> np.ndarray:
        """How many tracks each list could hold, (n_listeners,)."""
        n = np.full(len(self.targets), self.known.n_tracks)
        return n if self.hidden is None else n - np.array([len(tracks) for tracks in self.hidden])


def make_exam(known: Listening, asked: Listening, *, repeats: bool, n_users: int, seed: int) -> Exam:
    """Ask about at most so many listeners, drawn by chance.

    Without `repeats` it is about discoveries: what a listener had played before is neither target nor candidate.

    Raises
    ------
    ValueError
        Nobody plays anything that could be asked about.
    """
    targets = targets_of(asked, without=None if repeats else known)
    if not len(targets):
        raise ValueError("nobody plays anything new after the cut" if not repeats else "nobody plays anything there")
    if len(targets) > n_users:
        chosen = np.zeros(len(targets), dtype=bool)
        chosen[np.random.default_rng(seed).choice(len(targets), n_users, replace=False)] = True
        targets, _ = targets.where(np.repeat(chosen, targets.counts()))
    starts = known.user_starts()
    hidden = None
    if not repeats:
        hidden = [np.unique(known.track_rows[starts[user] : starts[user + 1]]) for user in targets.user_rows]
    return Exam(known, targets, hidden)


def make_judge(split: Split, *, repeats: bool, n_users: int = 2_000, seed: int = 0) -> Callable[[Towers], float] | None:
    """What early stopping goes by: NDCG@20 on the validation part, or None where that is empty."""
    if not len(split.validation):
        return None
    try:
        exam = make_exam(split.train, split.validation, repeats=repeats, n_users=n_users, seed=seed)
    except ValueError:
        return None

    def judge(towers: Towers) -> float:
        lists = tower_lists(towers, exam, _JUDGED_AT)
        return float(per_listener(lists, exam.targets, _JUDGED_AT)["ndcg"].mean())

    return judge


def tower_lists(towers: Towers, exam: Exam, k: int) -> np.ndarray:
    """What the towers recommend, (n_listeners, k) rows."""
    users = exam.targets.user_rows
    return np.concatenate([rows for rows, _ in recommend(towers, exam.known, users, k, hidden=exam.hidden)])


def rival_lists(exam: Exam, catalog: Catalog, k: int) -> Iterator[tuple[str, np.ndarray]]:
    """What needs no training recommends, by name; popularity first."""
    known, users, hidden = exam.known, exam.targets.user_rows, exam.hidden
    yield "popular", most_popular(known, users, k, hidden=hidden)
    if known.times.any():
        yield "popular of late", decayed_popular(known, users, k, hidden=hidden)
    if hidden is None:
        yield "own favourites", personal_favourites(known, users, k)
    yield "item neighbours", item_neighbours(known, users, k, hidden=hidden)
    if catalog.has_audio().any():
        yield "sound alone", sounding_alike(exam, catalog, k)


def sounding_alike(exam: Exam, catalog: Catalog, k: int) -> np.ndarray:
    """The tracks nearest to the mean sound of what each listener has played, (n_listeners, k) rows."""
    assert catalog.audio is not None
    units, is_heard, known = unit_rows(catalog.audio), catalog.has_audio(), exam.known
    starts = known.user_starts()
    lists = np.full((len(exam.targets), k), -1, dtype=np.int64)
    for place, user in enumerate(exam.targets.user_rows):
        played = np.unique(known.track_rows[starts[user] : starts[user + 1]])
        scores = units @ units[played].sum(axis=0)
        scores[~is_heard] = -np.inf
        if exam.hidden is not None:
            scores[exam.hidden[place]] = -np.inf
        best = np.argsort(-scores, kind="stable")[:k]
        best = best[np.isfinite(scores[best])]
        lists[place, : len(best)] = best
    return lists
