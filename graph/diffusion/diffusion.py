"""Sound spreads over the preference graph: a vector for every track, also for those that nobody has heard here.

The blog's first take trained a graph convolution on the whole graph and ran out of 16 GB. Nothing is learned here:
the same smoothing without weights is a sparse matrix times a few columns, and columns are independent of each other.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from earshot.graph.config import DiffusionConfig
from earshot.graph.preference_graph import PreferenceGraph

_COLUMNS = 16  # features that travel together: more take more memory, and are no faster
_NOISE = 1e-5  # a sum this much shorter than its terms is rounding
_FEW = 20  # vectors; the mean of fewer is mostly the vectors themselves


@dataclass(frozen=True)
class Diffused:
    """What spreading found."""

    vectors: np.ndarray  # (n_nodes, dim) float32 of unit length; zero where nothing arrived
    is_known: np.ndarray  # (n_nodes,) bool: has audio of its own
    is_reached: np.ndarray  # (n_nodes,) bool: has none, and got a vector

    def __repr__(self) -> str:
        n_known, n_reached = int(self.is_known.sum()), int(self.is_reached.sum())
        n_lost = len(self.vectors) - n_known - n_reached
        return f"<Diffused {n_known:,} nodes with audio, {n_reached:,} reached, {n_lost:,} out of reach>"


def diffuse(
    graph: PreferenceGraph, vectors: np.ndarray, known_rows: Sequence[int] | np.ndarray, config: DiffusionConfig
) -> Diffused:
    r"""Spread the vectors of some nodes to all that they can reach in `config.steps` steps.

    With :math:`\hat A = D^{-1/2} A D^{-1/2}` (as LightGCN [1]_ has it, without directions), :math:`\tilde A` the same
    with a self-loop at every node, and :math:`H` the vectors, zero where there is none:

    .. math::
        \text{clamp:}\quad & X \leftarrow \hat A X, \text{ then } X_i \leftarrow H_i \text{ if } i \text{ is heard} \\
        \text{ppr:}\quad & X \leftarrow (1 - \alpha) \tilde A X + \alpha H \\
        \text{lightgcn:}\quad & X = \tfrac{1}{K + 1} \sum_{k=0}^{K} \hat A^k H

    *clamp* is feature propagation [2]_; *ppr* is APPNP [3]_ and with :math:`\alpha = 0` SGC [4]_. What comes out
    is brought to unit length, and a node with audio keeps its own vector whatever the method.

    Parameters
    ----------
    graph : directions are dropped
    vectors : shape (n_known, dim)
        Of unit length. Better centred (see `centred`): what all share says nothing, and drowns the rest when averaged.
    known_rows : shape (n_known,)

    References
    ----------
    .. [1] He et al. LightGCN. SIGIR 2020. https://arxiv.org/abs/2002.02126
    .. [2] Rossi et al. On the Unreasonable Effectiveness of Feature Propagation. LoG 2022.
       https://arxiv.org/abs/2111.12128
    .. [3] Gasteiger, Bojchevski, Günnemann. Predict then Propagate. ICLR 2019. https://arxiv.org/abs/1810.05997
    .. [4] Wu et al. Simplifying Graph Convolutional Networks. ICML 2019. https://arxiv.org/abs/1902.07153

    Raises
    ------
    ValueError
        `vectors` and `known_rows` do not fit each other or the graph.
    """
    rows = np.asarray(known_rows, dtype=np.int64)
    if vectors.ndim != 2 or len(vectors) != len(rows):
        raise ValueError(f"vectors of shape {vectors.shape} for {len(rows)} nodes with audio")
    strangers = rows[(rows < 0) | (rows >= graph.n_nodes)]
    if len(strangers):
        raise ValueError(f"node row {strangers[0]} in a graph of {graph.n_nodes} nodes")
    is_known = np.zeros(graph.n_nodes, dtype=bool)
    is_known[rows] = True
    if int(is_known.sum()) != len(rows):
        raise ValueError("a node has two vectors; give each node one")

    matrix = _propagation_matrix(graph, self_loops=config.method == "ppr")
    # How much of anything arrives: terms are positive, so unlike a vector's they never cancel.
    mass = _spread(matrix, np.ones((len(rows), 1), np.float32), rows, config)[:, 0]  # (n_nodes,)
    spread = np.zeros((graph.n_nodes, vectors.shape[1]), dtype=np.float32)
    for start in range(0, vectors.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        spread[:, columns] = _spread(matrix, vectors[:, columns], rows, config)
    lengths = np.sqrt(np.einsum("nd,nd->n", spread, spread, dtype=np.float32))  # (n_nodes,)
    arrived = lengths > _NOISE * mass
    spread[~arrived] = 0
    spread /= np.where(arrived, lengths, 1)[:, None]
    spread[rows] = vectors
    return Diffused(spread, is_known, arrived & ~is_known)


def centred(vectors: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Unit vectors without the part that all share, shape (n, dim) float32; what *is* the centre stays as it was."""
    moved = (vectors - centre).astype(np.float32)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    at_centre = lengths[:, 0] <= _NOISE
    moved[at_centre] = vectors[at_centre]
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def sound_centre(vectors: np.ndarray, share: float = 1.0) -> np.ndarray:
    """What to take away before spreading, shape (dim,): a share of the mean vector, nothing of very few."""
    if len(vectors) < _FEW:
        return np.zeros(vectors.shape[1], dtype=np.float32)
    return (share * vectors.mean(axis=0, dtype=np.float64)).astype(np.float32)


def _propagation_matrix(graph: PreferenceGraph, self_loops: bool) -> Any:
    """A symmetrically normalised torch CSR matrix, shape (n_nodes, n_nodes); 32-bit indices halve its memory."""
    import torch

    graph = graph.undirected()
    shape = (graph.n_nodes, graph.n_nodes)
    held = sparse.csr_array((graph.weights, graph.indices, graph.indptr), shape=shape)
    if self_loops:  # a loop weighs as much as the average edge
        weight = float(graph.weights.mean()) if len(graph.weights) else 1.0
        held = held + weight * sparse.eye_array(graph.n_nodes, dtype=np.float32, format="csr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch: CSR is in beta; torch-geometric: its own use of torch.jit.script
        from torch_geometric.nn.conv.gcn_conv import gcn_norm

        matrix = torch.sparse_csr_tensor(
            torch.from_numpy(held.indptr.astype(np.int32, copy=False)),
            torch.from_numpy(held.indices.astype(np.int32, copy=False)),
            torch.from_numpy(held.data.astype(np.float32, copy=False)),
            shape,
            check_invariants=True,
        )
        return gcn_norm(matrix, add_self_loops=False, num_nodes=graph.n_nodes)[0]


def _spread(matrix: Any, columns: np.ndarray, rows: np.ndarray, config: DiffusionConfig) -> np.ndarray:
    """A few columns of all nodes after every step, shape (n_nodes, n_columns)."""
    import torch
    from torch_geometric.utils import spmm

    own, known = torch.from_numpy(np.ascontiguousarray(columns, dtype=np.float32)), torch.from_numpy(rows)
    x = torch.zeros(matrix.size(0), own.size(1))
    x[known] = own
    total = x.clone() if config.method == "lightgcn" else None
    for _ in range(config.steps):
        x = spmm(matrix, x)
        if config.method == "clamp":
            x[known] = own
        elif config.method == "ppr":
            x *= 1 - config.alpha
            x[known] += config.alpha * own
        elif total is not None:
            total += x
    return (x if total is None else total / (config.steps + 1)).numpy()
