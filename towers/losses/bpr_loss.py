"""Bayesian personalised ranking: a played track ranks above tracks that were not played."""

import torch.nn.functional as F
from torch import Tensor


def bpr_loss(
    positives: Tensor, negatives: Tensor, *, excluded: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    r"""The negative log likelihood that each positive outranks each of its negatives.

    .. math:: \frac{1}{\sum_b w_b n_b} \sum_b w_b \sum_j \log(1 + e^{n_{bj} - p_b})

    Parameters
    ----------
    positives : shape (batch,)
        Scores of the tracks that were played.
    negatives : shape (batch, n_negatives)
        Scores of draws from the catalog.
    excluded : shape (batch, n_negatives), bool
        True where a draw is a track that the user does play.
    weights : shape (batch,), not negative
        Weights of the events.

    Notes
    -----
    The paper [1]_ writes ``-log sigmoid(p - n)``; softplus is the same without its overflow, and without the constant
    that is often added inside the logarithm and changes the gradient of the pairs that are ranked most wrongly.

    References
    ----------
    .. [1] Rendle, Freudenthaler, Gantner, Schmidt-Thieme. BPR: Bayesian Personalized Ranking from Implicit Feedback.
       UAI 2009. https://arxiv.org/abs/1205.2618
    """
    losses = F.softplus(negatives - positives[:, None])  # (batch, n_negatives)
    counts = losses.new_ones(losses.shape) if excluded is None else (~excluded).to(losses.dtype)
    if weights is not None:
        counts = counts * weights[:, None]
    return (counts * losses).sum() / counts.sum().clamp(min=1e-12)
