"""UMAP layout of vectors in the plane, which preserves neighbourhoods.

UMAP makes a graph of each vector's nearest neighbours and lays it out in the plane: edges attract, all other pairs
repel. Only neighbourhoods are meaningful. Distances between clusters, and their sizes, say little.
"""

import warnings

import numpy as np

from earshot.data.cosine import top_k, unit_rows

_N_NEIGHBORS = 15  # of each vector, itself included: UMAP's default; more show the large structure
_MIN_DISTANCE, _SPREAD = 0.1, 1.0  # between dots, and of a cluster: UMAP's defaults
_MIN_VECTORS = 4  # fewer have no neighbourhoods to preserve
_INITIAL_WIDTH = 10.0  # of the plane that UMAP starts from
_N_ANCHORS = 3  # of a vector that is placed after the layout
_ANCHOR_SCALE = 0.05  # difference in cosine by which an anchor weighs 1/e as much
_BLOCK = 4_096  # vectors that are placed at once
_JITTER = 1e-3  # equal vectors must start at different positions, or they could never separate


def map_layout(vectors: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Lay vectors, shape (n, dim) of any length, out by UMAP on their cosines [1]_, shape (n, 2) float32.

    The same vectors and the same seed give the same layout: everything here runs in one thread, from exact neighbours
    and from the two principal components.

    References
    ----------
    .. [1] McInnes, Healy, Melville. UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction. 2018.
       https://arxiv.org/abs/1802.03426
    """
    units = unit_rows(vectors)
    initial = _principal_plane(units, seed)
    if len(units) < _MIN_VECTORS:
        return initial
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # umap warns without TensorFlow
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding
    rows, distances = _nearest(units, min(_N_NEIGHBORS, len(units)))
    state = np.random.RandomState(seed)
    # The two halves of UMAP, called directly: its class would search approximate neighbours again, and spend a minute
    # on compiling that.
    edges, *_ = fuzzy_simplicial_set(units, rows.shape[1], state, "cosine", knn_indices=rows, knn_dists=distances)
    a, b = find_ab_params(_SPREAD, _MIN_DISTANCE)
    layout, _ = simplicial_set_embedding(
        units, edges, n_components=2, initial_alpha=1.0, a=a, b=b, gamma=1.0, negative_sample_rate=5, n_epochs=None,
        init=initial, random_state=state, metric="cosine", metric_kwds={}, densmap=False, densmap_kwds={},
        output_dens=False,
    )  # fmt: skip
    return layout.astype(np.float32)


def landmark_layout(vectors: np.ndarray, n_landmarks: int, *, seed: int = 0) -> np.ndarray:
    """Lay out a random sample by UMAP, and place each other vector among the landmarks that are most like it.

    100,000 vectors take seconds beside the layout of 3,000 landmarks, where UMAP of all takes many minutes. Arguments
    and result are as of `map_layout`; up to `n_landmarks` vectors have the same layout as there.
    """
    if len(vectors) <= n_landmarks:
        return map_layout(vectors, seed=seed)
    rng, units = np.random.default_rng(seed), unit_rows(vectors)
    landmarks = np.sort(rng.choice(len(units), n_landmarks, replace=False))
    layout = np.empty((len(units), 2), dtype=np.float32)
    anchors = layout[landmarks] = map_layout(units[landmarks], seed=seed)
    others = np.setdiff1d(np.arange(len(units)), landmarks)
    for start in range(0, len(others), _BLOCK):
        rows = others[start : start + _BLOCK]
        cosines = units[rows] @ units[landmarks].T  # (n_rows, n_landmarks)
        near = np.argpartition(-cosines, min(_N_ANCHORS, n_landmarks - 1), axis=1)[:, :_N_ANCHORS]
        found = np.take_along_axis(cosines, near, axis=1)
        weights = np.exp((found - found.max(axis=1, keepdims=True)) / _ANCHOR_SCALE)[..., None]  # (n_rows, n_near, 1)
        layout[rows] = (weights * anchors[near]).sum(axis=1) / weights.sum(axis=1)
    layout[others] += rng.normal(0, _MIN_DISTANCE, (len(others), 2))  # equal vectors would hide each other
    return layout


def _nearest(units: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and cosine distances of each vector's neighbours, shapes (n, n_neighbors); the first is itself."""
    self_rows = np.arange(len(units))[:, None]
    rows = np.hstack([self_rows, top_k(units, n_neighbors - 1)])
    cosines = np.stack([(units * units[column]).sum(axis=1) for column in rows.T], axis=1)
    distances = np.maximum(1 - cosines, 0)
    distances[:, 0] = 0
    return rows, distances.astype(np.float32)


def _principal_plane(units: np.ndarray, seed: int) -> np.ndarray:
    """Project vectors on their two principal components, shape (n, 2) float32, scaled to `_INITIAL_WIDTH`."""
    jitter = _JITTER * np.random.default_rng(seed).standard_normal((len(units), 2))
    if not len(units):
        return jitter.astype(np.float32)
    centered = (units - units.mean(axis=0)).astype(np.float64)
    _, axes = np.linalg.eigh(centered.T @ centered)  # (dim, dim), the widest last
    axes = axes[:, ::-1][:, :2]
    # The sign of an axis is arbitrary: its largest entry becomes positive.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    plane = np.zeros((len(units), 2))
    plane[:, : axes.shape[1]] = centered @ axes
    return (plane / max(np.abs(plane).max(), _JITTER) * _INITIAL_WIDTH / 2 + jitter).astype(np.float32)
