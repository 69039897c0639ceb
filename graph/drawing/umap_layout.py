"""Vectors of many dimensions as places on a sheet of paper: near stays near.

UMAP makes a graph of each vector's nearest neighbours and lays it out in the plane: edges pull, all others push. Only
neighbourhoods mean something in the result. How far two heaps lie apart, and how large they are, says little.
"""

import warnings

import numpy as np

from earshot.data.cosine import top_k, unit_rows

_NEIGHBORS = 15  # UMAP's own default
_MIN_DISTANCE, _SPREAD = 0.1, 1.0  # between dots, and of a heap: its defaults, too
_FEWEST = 4  # vectors: fewer have no neighbourhoods to keep
_SIZE = 10.0  # of the sheet that UMAP begins with
_JITTER = 1e-3  # equal vectors must begin apart, or nothing could ever part them


def map_layout(vectors: np.ndarray, *, n_neighbors: int = _NEIGHBORS, seed: int = 0) -> np.ndarray:
    """Where to draw each vector, shape (n, 2) float32: by UMAP on their cosines [1]_.

    The same vectors and the same seed give the same places: everything here runs in one thread, from exact neighbours
    and from the two principal components.

    Parameters
    ----------
    vectors : shape (n, dim)
        Of any length; only the direction counts.
    n_neighbors : at least 2
        Each is placed by so many neighbours, itself among them: more for the great lines, fewer for small heaps.

    Raises
    ------
    ValueError
        `n_neighbors` is below 2.

    References
    ----------
    .. [1] McInnes, Healy, Melville. UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction. 2018.
       https://arxiv.org/abs/1802.03426
    """
    if n_neighbors < 2:
        raise ValueError(f"n_neighbors is {n_neighbors}; a track and one other make 2")
    units = unit_rows(vectors)
    places = _principal_plane(units, seed)
    if len(units) < _FEWEST:
        return places
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # umap tells everybody who has no TensorFlow
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding
    rows, distances = _nearest(units, min(n_neighbors, len(units)))
    state = np.random.RandomState(seed)
    # UMAP's two halves, called by themselves: the class around them would look for neighbours once more, roughly, and
    # spend a minute on compiling how.
    edges, *_ = fuzzy_simplicial_set(
        units, rows.shape[1], state, "cosine", knn_indices=rows, knn_dists=distances
    )  # (n, n), sparse
    a, b = find_ab_params(_SPREAD, _MIN_DISTANCE)
    settings = {"n_components": 2, "initial_alpha": 1.0, "gamma": 1.0, "negative_sample_rate": 5, "n_epochs": None}
    found, _ = simplicial_set_embedding(
        units, edges, a=a, b=b, init=places, random_state=state, metric="cosine", metric_kwds={}, densmap=False,
        densmap_kwds={}, output_dens=False, **settings,
    )  # fmt: skip
    return found.astype(np.float32)


def _nearest(units: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and cosine distances of each vector's neighbours, shapes (n, n_neighbors); it is its own first."""
    own = np.arange(len(units))[:, None]
    rows = np.hstack([own, top_k(units, n_neighbors - 1)])
    cosines = np.stack([(units * units[column]).sum(axis=1) for column in rows.T], axis=1)
    distances = np.maximum(1 - cosines, 0)
    distances[:, 0] = 0
    return rows, distances.astype(np.float32)


def _principal_plane(units: np.ndarray, seed: int) -> np.ndarray:
    """The vectors as seen from where they spread most, shape (n, 2) float32, on a sheet of 10 x 10."""
    jitter = _JITTER * np.random.default_rng(seed).standard_normal((len(units), 2))
    if not len(units):
        return jitter.astype(np.float32)
    centered = (units - units.mean(axis=0)).astype(np.float64)
    _, axes = np.linalg.eigh(centered.T @ centered)  # (dim, dim), the widest last
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # an axis has no direction
    seen = np.zeros((len(units), 2))
    seen[:, : axes.shape[1]] = centered @ axes
    return (seen / max(np.abs(seen).max(), _JITTER) * _SIZE / 2 + jitter).astype(np.float32)
