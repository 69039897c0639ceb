"""Which targets are asked about apart: what was played before and what was not, what is popular and what is new."""

from collections.abc import Sequence

import numpy as np

from earshot.evaluation.metrics.metric_value import ALL
from earshot.evaluation.queries import EvaluationQueries


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


def target_slices(eval_queries: EvaluationQueries) -> dict[str, np.ndarray]:
    """Masks of targets, (n_targets,) bool; `ALL` comes first, and no other that holds everything or nothing.

    repeat, novel          whether the query's own past holds the track
    cold user              of somebody in no event that is known when the test begins
    head, mid, tail, cold  as `popularity_slices`, by what is known then; towers that were not fitted again to the
                           validation part have learned from less
    """
    targets, known = eval_queries.targets, eval_queries.known
    owners = np.repeat(np.arange(len(targets)), targets.counts())
    is_repeat = np.concatenate(
        [
            np.isin(targets.track_rows[a:b], eval_queries.histories.tracks(query), kind="table")
            for query, (a, b) in enumerate(_bounds(targets.starts))
        ]
    )
    is_known_user = np.bincount(known.user_rows, minlength=known.n_users) > 0
    slices = {"repeat": is_repeat, "novel": ~is_repeat}
    by_track = popularity_slices(np.bincount(known.track_rows, minlength=known.n_tracks))
    slices |= {name: mask[targets.track_rows] for name, mask in by_track.items()}
    slices["cold user"] = ~is_known_user[targets.user_rows][owners]
    everything = {ALL: np.ones(len(targets.track_rows), dtype=bool)}
    return everything | {name: mask for name, mask in slices.items() if mask.any() and not mask.all()}


def _bounds(starts: np.ndarray) -> Sequence[tuple[int, int]]:
    return list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))
