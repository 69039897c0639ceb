"""Contrastive losses of a batch: every other track is a negative, unless the preference graph says otherwise."""

import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(queries: Tensor, candidates: Tensor, near: Tensor, *, temperature: float = 0.1) -> Tensor:
    r"""Classify each query's positive among all candidates of the batch (InfoNCE), in both directions.

    .. math:: -\frac{1}{B} \sum_b \log \frac{e^{q_b \cdot c_b / \tau}}{\sum_{j \notin N_b} e^{q_b \cdot c_j / \tau}}

    Parameters
    ----------
    queries, candidates : shape (batch, dim)
        Row b of both is a positive pair: two crops of one track, or of two tracks that are liked together.
    near : shape (batch, batch), bool
        Pairs too close in the graph to be negatives. The diagonal is ignored.
    temperature : > 0

    References
    ----------
    van den Oord, Li, Vinyals. Representation Learning with Contrastive Predictive Coding. 2018.
    https://arxiv.org/abs/1807.03748
    """
    logits = F.normalize(queries, dim=-1) @ F.normalize(candidates, dim=-1).T / temperature  # (batch, batch)
    is_positive = torch.eye(len(queries), dtype=torch.bool, device=queries.device)
    logits = logits.masked_fill(near & ~is_positive, -torch.inf)
    labels = torch.arange(len(queries), device=queries.device)
    return 0.5 * (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels))


def graded_info_nce(queries: Tensor, candidates: Tensor, affinity: Tensor, *, temperature: float = 0.1) -> Tensor:
    r"""Fit each query's distribution over the candidates to their affinities in the graph.

    .. math:: -\frac{1}{B} \sum_b \sum_j w_{bj} \log \frac{e^{q_b \cdot c_j / \tau}}{\sum_k e^{q_b \cdot c_k / \tau}}

    `info_nce` has one positive and masks the rest of the neighbourhood; here every candidate is a positive by its share
    of the affinity.

    Parameters
    ----------
    queries, candidates : shape (batch, dim)
    affinity : shape (batch, n_candidates), not negative
        For example ``decay ** hops``: 1 for the same track, 0 for the unreachable. Rows are scaled to sum to one.

    Raises
    ------
    ValueError
        A row of `affinity` is all zero.
    """
    total = affinity.sum(dim=1, keepdim=True)
    if not (total > 0).all():
        raise ValueError(f"query {int((total[:, 0] <= 0).nonzero()[0])} has no affinity to any candidate")
    logits = F.normalize(queries, dim=-1) @ F.normalize(candidates, dim=-1).T / temperature
    return -(affinity / total * logits.log_softmax(dim=1)).sum(dim=1).mean()
