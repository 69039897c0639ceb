"""Recall and NDCG as the Yambda paper's code has them, to stand beside its tables [1]_ and nowhere else.

A hit counts once, but the denominators count every play of a target: a list of 10 is compared with the best that
repeated plays would allow if each could be hit. And NDCG is the mean of the DCG over the mean of the best DCG, so
that listeners with many plays weigh more.

References
----------
.. [1] Ploshkin et al. Yambda-5B: A Large-Scale Multi-modal Dataset for Ranking and Retrieval. RecSys 2025.
   https://arxiv.org/abs/2505.22238; its metrics are discussed at https://huggingface.co/datasets/yandex/yambda
"""

from collections.abc import Mapping, Sequence

import numpy as np

from earshot.evaluation.metrics.bootstrap import ratio_interval
from earshot.evaluation.metrics.metric_value import ALL, MetricValue
from earshot.evaluation.queries import EvaluationQueries

LEGACY = ("recall_legacy", "ndcg_legacy")


def legacy_figures(
    lists: Mapping[str, np.ndarray], eval_queries: EvaluationQueries, ks: Sequence[int], *, seed: int = 0
) -> list[MetricValue]:
    """Both figures of every subject."""
    n_plays = np.add.reduceat(eval_queries.plays, eval_queries.targets.starts[:-1]).astype(np.float64)  # (n_queries,)
    figures = []
    for subject, found in lists.items():
        for k in ks:
            hits = eval_queries.targets.hits(found[:, :k])
            discounts = 1 / np.log2(np.arange(2, k + 2))
            best = np.cumsum(discounts)[np.minimum(n_plays, k).astype(np.int64) - 1]
            pairs = (hits.sum(axis=1) / n_plays, np.ones(len(hits))), (hits @ discounts, best)
            for metric, (over, under) in zip(LEGACY, pairs, strict=True):
                low, high = ratio_interval(over, under, eval_queries.targets.user_rows, seed=seed)
                bounds = [None if np.isnan(bound) else bound for bound in (low, high)]
                value = float(over.mean() / under.mean())
                figures.append(MetricValue(subject, metric, k, ALL, value, bounds[0], bounds[1], len(hits)))
    return figures
