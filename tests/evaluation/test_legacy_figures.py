"""Yambda's own recall and NDCG, by hand."""

import numpy as np
import pytest

from earshot.evaluation.evaluator import legacy_figures
from earshot.evaluation.queries import queries_at_cutoff
from tower_world import listening


def test_repeated_plays_are_in_the_denominators():
    known = listening([(0, 0, 0), (1, 0, 0)], 2, 5)
    asked = listening([(0, 1, 1), (0, 1, 2), (0, 1, 3), (0, 2, 4), (1, 3, 1)], 2, 5)
    eval_queries = queries_at_cutoff(known, asked, repeats=True, n_users=2, seed=0)
    rows = legacy_figures({"mine": np.array([[1, 4], [3, 4]])}, eval_queries, [2])
    found = {row.metric: row for row in rows}
    # Listener 0 played four times, two tracks: one is hit. Listener 1 once, and it is hit.
    assert found["recall_legacy"].value == pytest.approx((1 / 4 + 1) / 2)
    # DCG 1 and 1; the best that four and one plays allow in two places: 1 + 1/log2(3) and 1.
    assert found["ndcg_legacy"].value == pytest.approx((1 + 1) / ((1 + 1 / np.log2(3)) + 1))
    assert found["ndcg_legacy"].n == 2 and found["ndcg_legacy"].ci_low <= found["ndcg_legacy"].value
