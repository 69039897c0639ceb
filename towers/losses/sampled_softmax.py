"""Sampled softmax: find the played track among candidates, with the logQ correction for how these were drawn.

For cosines, `fused_softmax.py` has a kernel that computes the same in less memory.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 1.0


class Temperature(nn.Module):
    """A temperature that is learned as its logarithm, and never leaves [0.01, 1].

    Below, the gradient of a few hard negatives drowns all others; above, cosines cannot tell anything apart.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(math.log(start)))

    def forward(self) -> Tensor:
        return self.log.clamp(math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE)).exp()


def sampled_softmax(
    logits: Tensor,
    *,
    log_counts: Tensor | None = None,
    excluded: Tensor | None = None,
    weights: Tensor | None = None,
    correction: str = "both",
    directions: int = 1,
) -> Tensor:
    r"""Cross-entropy of each event's track among the tracks of all events and draws from the catalog.

    .. math:: -\frac{1}{\sum_b w_b} \sum_b w_b
              \log \frac{e^{s_{bb} - \log c_b}}{\sum_{j \notin H_b} e^{s_{bj} - \log c_j}}

    Parameters
    ----------
    logits : shape (batch, n_candidates)
        Scores over temperature. Column b < batch is the track of event b; further columns are drawn negatives.
    log_counts : shape (n_candidates,)
        The logarithm of the expected count of a candidate among the columns: ``batch * p + n_drawn * u`` for one that
        is played with probability p and drawn with u. Without, nothing is corrected.
    excluded : shape (batch, n_candidates), bool
        True where a candidate is no negative: the same track again (an accidental hit), or one that this user is
        known to play. Column b of row b is never excluded.
    weights : shape (batch,), not negative
        Weights of the events.
    correction : "both", "negatives", "refined" or "none"
        Logits that are corrected; see the notes.
    directions : 1 or 2
        With 2, the mean with the cross-entropy of each event's user among all users of the batch.

    Notes
    -----
    A popular track is a negative of other events more often than it deserves; subtracting the logarithm of the expected
    count makes the sum an estimate of the sum over the whole catalog [1]_. ``both`` subtracts it from the positive
    too, as Yi et al. [2]_ do. ``negatives`` does not: the positive is there with certainty. ``refined`` [3]_ takes it
    out of the sum altogether, corrects the negatives for being drawn among what is left, and lets an example count by
    how wrong the model still is about it, without a gradient through that.

    The count is that of the whole mixture of batch and draws, and not of one of them: a half-corrected mixture is
    worse than either.

    References
    ----------
    .. [1] Bengio, Senécal. Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language
       Model. IEEE TNN 2008.
    .. [2] Yi et al. Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations. RecSys 2019.
    .. [3] Khrylchenko et al. Correcting the LogQ Correction: Revisiting Sampled Softmax for Large-Scale Retrieval.
       RecSys 2025. https://arxiv.org/abs/2507.09331
    """
    logits, rows = logits.float(), torch.arange(len(logits), device=logits.device)
    if log_counts is None:
        correction, log_counts = "none", logits.new_zeros(logits.shape[1])
    if excluded is not None:
        is_positive = torch.eye(*logits.shape, dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(excluded & ~is_positive, -torch.inf)  # accidental hits are no negatives
    if correction == "refined":
        losses = _refined(logits, log_counts)  # (batch,)
    else:
        corrected = logits if correction == "none" else logits - log_counts  # sampling-probability correction
        if correction == "negatives":
            corrected = corrected.diagonal_scatter(logits.diagonal())
        losses = F.cross_entropy(corrected, rows, reduction="none")
    if directions == 2:
        losses = 0.5 * (losses + F.cross_entropy(logits[:, : len(rows)].T, rows, reduction="none"))
    weights = losses.new_ones(len(losses)) if weights is None else weights
    return (weights * losses).sum() / weights.sum().clamp(min=1e-12)


def _refined(logits: Tensor, log_counts: Tensor) -> Tensor:
    n, n_candidates = logits.shape
    positives = logits.diagonal()  # (batch,)
    # Among the draws that are not the positive, every other track is more likely by 1 / (1 - q).
    share = (log_counts[:n].exp() / n_candidates).clamp(max=1 - 1e-6)
    negatives = logits - log_counts + torch.log1p(-share)[:, None]
    negatives = negatives.diagonal_scatter(torch.full_like(positives, -torch.inf))
    rest = negatives.logsumexp(dim=1)  # (batch,)
    wrongness = torch.sigmoid(rest - positives).detach()  # 1 - P(positive)
    # A row whose every candidate is excluded has nothing to learn; its infinite log-sum would poison the mean.
    return torch.where(rest.isfinite(), wrongness * (rest - positives), torch.zeros_like(rest))
