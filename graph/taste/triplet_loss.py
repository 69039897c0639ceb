"""Loss of a batch of triplets: the triplet loss with semi-hard negatives, InfoNCE, or InfoNCE graded by affinity.

Distances in preference graphs (`graph.taste.triplet_sampler`) say which tracks of the batch may be negatives.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from earshot.graph.config import TasteConfig
from earshot.graph.taste.triplet_sampler import TripletBatch


def batch_loss(anchors: Tensor, candidates: Tensor, batch: TripletBatch, config: TasteConfig) -> Tensor:
    """Loss of one batch, a scalar, by unit vectors of its anchors, shape (n, dim), and its candidates, (2 n, dim)."""
    if config.loss == "graded":
        assert batch.affinity is not None
        affinity = torch.from_numpy(batch.affinity).to(anchors.device)
        return graded_info_nce(anchors, candidates, affinity, temperature=config.temperature)
    positives = candidates[len(anchors) :]
    if config.loss == "infonce":
        assert batch.hops is not None
        near = torch.from_numpy(batch.hops <= config.near_hops).to(anchors.device)
        return info_nce(anchors, positives, near[:, len(anchors) :], temperature=config.temperature)
    allowed = torch.from_numpy(batch.negative_candidates(config.gap)).to(anchors.device)
    usable = allowed.any(dim=1)
    if not usable.any():  # one artist alone in a batch: nothing is far
        return anchors.sum() * 0
    negatives = semi_hard_negatives(anchors[usable], positives[usable], candidates, allowed[usable])
    return cosine_triplet_loss(anchors[usable], positives[usable], candidates[negatives], margin=config.margin)


def cosine_distance(one: Tensor, other: Tensor) -> Tensor:
    r"""Chord between two directions, shape (...), of vectors of shape (..., dim).

    .. math:: d(x, y) = \sqrt{2\,(1 - x \cdot y)} = \lVert x - y \rVert \quad \text{on the unit sphere}

    The left form has an infinite derivative at equal vectors, which rounding can reach; the right form is the same
    number with a gradient of length one at most, and zero at equal vectors.
    """
    return torch.linalg.vector_norm(F.normalize(one, dim=-1) - F.normalize(other, dim=-1), dim=-1)


def cosine_triplet_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *, margin: float = 0.5) -> Tensor:
    r"""Draw tracks that are liked together closer than others.

    .. math:: \frac{1}{B} \sum_b \max\bigl(0,\; d(a_b, p_b) - d(a_b, n_b) + m\bigr)

    Parameters
    ----------
    anchor, positive, negative : shape (batch, dim)
        Embeddings. Only their direction counts.
    margin : in [0, 2]
        By how much the positive should be nearer, in units of the chord: 2 is the diameter of the sphere.

    Notes
    -----
    FaceNet [1]_ squares the distances; here they are as in "Reconstructing a music recommendation model"
    (ocramz.github.io, 2024), whose training curve starts at a margin of about 1.

    References
    ----------
    .. [1] Schroff, Kalenichenko, Philbin. FaceNet. CVPR 2015. https://arxiv.org/abs/1503.03832
    """
    near, far = cosine_distance(anchor, positive), cosine_distance(anchor, negative)  # (batch,)
    return F.relu(near - far + margin).mean()


def semi_hard_negatives(anchor: Tensor, positive: Tensor, candidates: Tensor, allowed: Tensor) -> Tensor:
    """Choose for each anchor the nearest candidate that is farther than its positive, shape (batch,) of rows.

    The hardest negatives of all are often wrong labels and make training collapse (FaceNet, section 3.2). If no
    candidate is farther than the positive, the farthest allowed one is taken, which is the easiest.

    Parameters
    ----------
    anchor, positive : shape (batch, dim)
    candidates : shape (n_candidates, dim)
    allowed : shape (batch, n_candidates), bool
        Candidates that may be a negative of each anchor; at least one in each row.

    Raises
    ------
    ValueError
        An anchor has no allowed negative.
    """
    if not allowed.any(dim=1).all():
        raise ValueError(f"anchor {int((~allowed.any(dim=1)).nonzero()[0])} has no negative among the candidates")
    cosines = F.normalize(anchor, dim=-1) @ F.normalize(candidates, dim=-1).T  # (batch, n_candidates)
    of_positive = F.cosine_similarity(anchor, positive, dim=-1)[:, None]  # (batch, 1)
    semi_hard = allowed & (cosines < of_positive)
    nearest = cosines.masked_fill(~semi_hard, -torch.inf).argmax(dim=1)
    farthest = cosines.masked_fill(~allowed, torch.inf).argmin(dim=1)
    return torch.where(semi_hard.any(dim=1), nearest, farthest)


def info_nce(queries: Tensor, candidates: Tensor, near: Tensor, *, temperature: float = 0.1) -> Tensor:
    r"""Classify each query's positive among all candidates of the batch (InfoNCE), in both directions.

    .. math:: -\frac{1}{B} \sum_b \log \frac{e^{q_b \cdot c_b / \tau}}{\sum_{j \notin N_b} e^{q_b \cdot c_j / \tau}}

    Parameters
    ----------
    queries, candidates : shape (batch, dim)
        Row b of both is a positive pair: two crops of one track, or of two tracks that are liked together.
    near : shape (batch, batch), bool
        Pairs too close in the graph to be negatives. The diagonal is ignored.

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
    queries, candidates : shape (batch, dim) and (n_candidates, dim)
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
