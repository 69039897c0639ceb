"""Spectral initialisation: vectors of tracks of which only plays are known begin at those of a linear model."""

import numpy as np
import torch

from earshot.data.arrays import pair_keys, split_keys, unique_sorted
from earshot.data.events.interactions import Interactions

_N_OVERSAMPLES = 16  # directions beside the wanted ones, so that these come out right
_N_POWER_ITERATIONS = 3


def spectral_vectors(events: Interactions, dim: int, seed: int) -> torch.Tensor:
    r"""Leading right singular vectors of the matrix of plays, one row of unit length per track: (n_tracks, dim).

    .. math:: R_{ut} / \sqrt{d_u d_t} \approx U S V^\top, \quad x_t \propto (V S^{1/2})_t

    with the degrees d of users and tracks. Tracks of similar users begin with similar vectors, as under the low-pass
    filters of [1]_; training from there needs fewer epochs than from random vectors. Computed by random projection
    [2]_. The vector of a track without plays means nothing.

    References
    ----------
    .. [1] Shen et al. How Powerful is Graph Convolution for Recommendation? CIKM 2021.
       https://arxiv.org/abs/2108.07567
    .. [2] Halko, Martinsson, Tropp. Finding Structure with Randomness. SIAM Review 2011.
    """
    users, tracks = split_keys(unique_sorted(pair_keys(events.user_rows, events.track_rows)))
    degrees = [np.bincount(rows, minlength=1).astype(np.float64) for rows in (users, tracks)]
    values = 1 / np.sqrt(degrees[0][users] * degrees[1][tracks])
    plays = torch.sparse_coo_tensor(
        torch.from_numpy(np.stack([users, tracks])),
        torch.from_numpy(values.astype(np.float32)),
        (events.n_users, events.n_tracks),
        check_invariants=False,
        is_coalesced=True,
    )
    n_directions = min(dim + _N_OVERSAMPLES, events.n_users, events.n_tracks)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _, strengths, directions = torch.svd_lowrank(plays, q=n_directions, niter=_N_POWER_ITERATIONS)
    leading = (directions * strengths.sqrt())[:, :dim]
    vectors = torch.zeros(events.n_tracks, dim)
    vectors[:, : leading.shape[1]] = torch.nn.functional.normalize(leading, dim=1)
    return vectors
