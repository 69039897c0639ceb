"""Triplet loss of cosine distances, and the choice of semi-hard negatives."""

import torch
import torch.nn.functional as F
from torch import Tensor


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
