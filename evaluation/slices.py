"""Slices of targets that are evaluated separately: repeated or novel, popular or rare, cold users and tracks."""

import numpy as np

from earshot.evaluation.metrics.metric_value import ALL
from earshot.evaluation.queries import EvaluationQueries


def popularity_slices(play_counts: np.ndarray) -> dict[str, np.ndarray]:
    """Mask tracks by popularity: head, mid and tail hold 20, 60 and 20 % of all plays; cold were never played."""
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


def target_slices(eval_queries: EvaluationQueries) -> dict[str, np.ndarray]:
    """Mask the targets of each slice, (n_targets,) bool; `ALL` comes first, and no other holds everything or nothing.

    repeat, novel          whether the query's history holds the track
    cold user              of a user without any event before the test
    head, mid, tail, cold  as `popularity_slices`, by the plays before the test; towers that were not refitted to the
                           validation part have learned from less
    """
    targets, known = eval_queries.targets, eval_queries.known
    histories = eval_queries.histories
    repeats = [
        np.isin(tracks, histories.tracks(query), kind="table") for query, tracks in enumerate(targets.by_query())
    ]
    is_repeat = np.concatenate(repeats)
    is_known_user = np.bincount(known.user_rows, minlength=known.n_users) > 0
    slices = {"repeat": is_repeat, "novel": ~is_repeat}
    by_track = popularity_slices(known.play_counts())
    slices |= {name: mask[targets.track_rows] for name, mask in by_track.items()}
    slices["cold user"] = ~is_known_user[targets.user_rows][targets.owners()]
    everything = {ALL: np.ones(len(targets.track_rows), dtype=bool)}
    return everything | {name: mask for name, mask in slices.items() if mask.any() and not mask.all()}
