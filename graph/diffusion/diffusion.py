"""Diffusion of audio vectors over the preference graph, to nodes without audio.

Training a graph convolution on the whole graph runs out of 16 GB. Nothing is learned here: the same smoothing without
weights is a sparse matrix times a few columns, and columns are independent of each other.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from earshot.graph.config import DiffusionConfig
from earshot.graph.preference_graph import PreferenceGraph

_N_COLUMNS = 16  # features diffused at a time: more take more memory, and are no faster
_ROUNDING = 1e-5  # a sum this much shorter than its terms is a rounding error
_MIN_CENTRED = 20  # vectors; the mean of fewer is mostly the vectors themselves


def diffuse(
    graph: PreferenceGraph, vectors: np.ndarray, known_rows: Sequence[int] | np.ndarray, config: DiffusionConfig
) -> np.ndarray:
    r"""Spread the vectors of nodes with audio to all nodes within `config.steps` hops.

    With :math:`\hat A = D^{-1/2} A D^{-1/2}` (as LightGCN [1]_ has it, without directions), :math:`\tilde A` the same
    with a self-loop at every node, and :math:`H` the vectors, zero for nodes without audio:

    .. math::
        \text{clamp:}\quad & X \leftarrow \hat A X, \text{ then } X_i \leftarrow H_i \text{ if } i \text{ has audio} \\
        \text{ppr:}\quad & X \leftarrow (1 - \alpha) \tilde A X + \alpha H \\
        \text{lightgcn:}\quad & X = \tfrac{1}{K + 1} \sum_{k=0}^{K} \hat A^k H

    *clamp* is feature propagation [2]_; *ppr* is APPNP [3]_ and with :math:`\alpha = 0` SGC [4]_. Results are
    brought to unit length, and by every method a node with audio keeps its vector.

    Parameters
    ----------
    graph : directions are dropped
    vectors : shape (n_known, dim)
        Of unit length. Better centred (see `centred`): a component that all share drowns the rest when averaged.
    known_rows : shape (n_known,)

    Returns
    -------
    shape (n_nodes, dim) float32, of unit length; zero where nothing arrived

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
    outside = rows[(rows < 0) | (rows >= graph.n_nodes)]
    if len(outside):
        raise ValueError(f"node row {outside[0]} in a graph of {graph.n_nodes} nodes")
    if len(np.unique(rows)) != len(rows):
        raise ValueError("a node has two vectors; give each node one")

    matrix = _propagation_matrix(graph, self_loops=config.method == "ppr")
    # Mass that arrives at each node: its terms are positive, so unlike those of a vector they never cancel.
    mass = _diffuse_columns(matrix, np.ones((len(rows), 1), np.float32), rows, config)[:, 0]  # (n_nodes,)
    spread = np.zeros((graph.n_nodes, vectors.shape[1]), dtype=np.float32)
    for start in range(0, vectors.shape[1], _N_COLUMNS):
        columns = slice(start, start + _N_COLUMNS)
        spread[:, columns] = _diffuse_columns(matrix, vectors[:, columns], rows, config)
    lengths = np.sqrt(np.einsum("nd,nd->n", spread, spread, dtype=np.float32))  # (n_nodes,)
    arrived = lengths > _ROUNDING * mass
    spread[~arrived] = 0
    spread /= np.where(arrived, lengths, 1)[:, None]
    spread[rows] = vectors
    return spread


def centred(vectors: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Subtract the centre from unit vectors, shape (n, dim) float32; a vector equal to the centre stays as it is."""
    shifted = (vectors - centre).astype(np.float32)
    lengths = np.linalg.norm(shifted, axis=1, keepdims=True)
    at_centre = lengths[:, 0] <= _ROUNDING
    shifted[at_centre] = vectors[at_centre]
    return shifted / np.maximum(np.linalg.norm(shifted, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def sound_centre(vectors: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Centre to subtract before diffusion, shape (dim,): a share of the mean vector, zero for very few vectors."""
    if len(vectors) < _MIN_CENTRED:
        return np.zeros(vectors.shape[1], dtype=np.float32)
    return (share * vectors.mean(axis=0, dtype=np.float64)).astype(np.float32)


def _propagation_matrix(graph: PreferenceGraph, self_loops: bool) -> Any:
    """Make a symmetrically normalised torch CSR matrix, shape (n_nodes, n_nodes); 32-bit indices halve its memory."""
    import torch

    graph = graph.undirected()
    adjacency = graph.matrix()
    if self_loops:  # a loop weighs as much as the average edge
        adjacency = adjacency + graph.mean_weight * sparse.eye_array(graph.n_nodes, dtype=np.float32, format="csr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch: CSR is in beta; torch-geometric: its own use of torch.jit.script
        from torch_geometric.nn.conv.gcn_conv import gcn_norm

        matrix = torch.sparse_csr_tensor(
            torch.from_numpy(adjacency.indptr.astype(np.int32, copy=False)),
            torch.from_numpy(adjacency.indices.astype(np.int32, copy=False)),
            torch.from_numpy(adjacency.data.astype(np.float32, copy=False)),
            adjacency.shape,
            check_invariants=True,
        )
        return gcn_norm(matrix, add_self_loops=False, num_nodes=graph.n_nodes)[0]


def _diffuse_columns(matrix: Any, columns: np.ndarray, rows: np.ndarray, config: DiffusionConfig) -> np.ndarray:
    """Diffuse a few columns of the vectors, shape (n_nodes, n_columns)."""
    import torch
    from torch_geometric.utils import spmm

    audio, known = torch.from_numpy(np.ascontiguousarray(columns, dtype=np.float32)), torch.from_numpy(rows)
    x = torch.zeros(matrix.size(0), audio.size(1))
    x[known] = audio
    total = x.clone() if config.method == "lightgcn" else None
    for _ in range(config.steps):
        x = spmm(matrix, x)
        if config.method == "clamp":
            x[known] = audio
        elif config.method == "ppr":
            x *= 1 - config.alpha
            x[known] += config.alpha * audio
        elif total is not None:
            total += x
    return (x if total is None else total / (config.steps + 1)).numpy()
