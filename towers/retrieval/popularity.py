"""Popularity at serving: a multiple of the log of a track's share of plays, added to its score."""

import numpy as np
from torch import Tensor


def popularity_offsets(counts: np.ndarray, popularity_weight: float) -> np.ndarray | None:
    r"""Offsets of the scores of tracks by their popularity, (n_tracks,) float32; None for a weight of 0.

    .. math:: weight \cdot \log p_t, \quad p_t = \frac{n_t + 1}{\sum_s (n_s + 1)}

    with the plays n of each track; the one more keeps a single play from counting too much. The popularity of a track
    without plays is unknown: it gets the mean logarithm of those with some. Popularity is adjusted when recommending,
    as [1]_ does with a power of it (they multiply by ``p ** weight``, and we rank by logarithms) and [2]_ with logits;
    the towers need no new training.

    References
    ----------
    .. [1] Zhang et al. Causal Intervention for Leveraging Popularity Bias in Recommendation. SIGIR 2021, section 3.4.
       https://arxiv.org/abs/2105.06067
    .. [2] Menon et al. Long-tail Learning via Logit Adjustment. ICLR 2021. https://arxiv.org/abs/2007.07314
    """
    if not popularity_weight:
        return None
    plays = counts + 1.0
    log_shares = np.log(plays / plays.sum())
    is_played = counts > 0
    if is_played.any():
        log_shares[~is_played] = log_shares[is_played].mean()
    return (popularity_weight * log_shares).astype(np.float32)


def fold_offsets(items: Tensor, queries: Tensor, offsets: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Items and queries with one number more, so that their inner products are scores with the offsets, (n_tracks,)."""
    if offsets is None:
        return items.numpy(), queries.numpy()
    ones = np.ones((len(queries), 1), dtype=np.float32)
    return np.hstack([items.numpy(), offsets[:, None]]), np.hstack([queries.numpy(), ones])
