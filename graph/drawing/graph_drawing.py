"""Picture of a small graph, or of a neighbourhood in a large one."""

from collections.abc import Sequence
from pathlib import Path

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from earshot.graph.drawing.map_picture import saved_axes
from earshot.graph.graph_files import as_networkx
from earshot.graph.preference_graph import PreferenceGraph

MAX_NODES = 300  # beyond, a picture is illegible
_MAX_LABELS = 60
_LETTER_WIDTH, _LINE_HEIGHT = 0.0066, 0.022  # of the picture's width and height
_MAX_LABEL_LENGTH = 28  # characters
_AUDIO_COLOR, _NO_AUDIO_COLOR, _RING_COLOR = "#1f6f8b", "#d9a05b", "#c0392b"


def draw_graph(
    path: Path,
    graph: PreferenceGraph,
    names: Sequence[str],
    has_audio: np.ndarray,
    *,
    title: str,
    marked_row: int | None = None,
    seed: int = 0,
) -> None:
    """Draw a graph of up to `MAX_NODES` nodes: the larger a dot, the higher its in-degree.

    Parameters
    ----------
    names, has_audio : one per node
    marked_row : a node to be marked, such as the one whose neighbourhood this is

    Raises
    ------
    ValueError
        The graph has more nodes, or the suffix of `path` is not of a picture format.
    """
    if graph.n_nodes > MAX_NODES:
        raise ValueError(f"a picture of {graph.n_nodes:,} nodes; up to {MAX_NODES} can be drawn")
    degrees = graph.in_degrees()
    positions = _layout(graph, seed)
    lines = np.stack([positions[graph.sources()], positions[graph.indices]], axis=1)  # (n_entries, 2 ends, 2)
    strength = graph.weights / graph.weights.max() if len(lines) else graph.weights
    colors = np.where(has_audio, _AUDIO_COLOR, _NO_AUDIO_COLOR)
    sizes = 14 + 220 * degrees / max(degrees.max(initial=0), 1)
    with saved_axes(path, f"{title}: {graph.n_nodes:,} nodes, {graph.n_edges:,} edges", width=0.98) as axes:
        axes.add_collection(
            LineCollection(list(lines), colors="#8a8a8a", linewidths=0.3 + 0.9 * strength, alpha=0.35, zorder=1)
        )
        axes.scatter(positions[:, 0], positions[:, 1], s=sizes, c=colors, linewidths=0.5, edgecolors="white", zorder=2)
        if marked_row is not None:
            x, y = positions[marked_row]
            size = sizes[marked_row] + 60
            axes.scatter([x], [y], s=size, facecolors="none", edgecolors=_RING_COLOR, linewidths=2, zorder=3)
        _label(axes, positions, names, degrees, sizes, marked_row)
        for color, label in ((_AUDIO_COLOR, "with audio"), (_NO_AUDIO_COLOR, "without")):
            axes.scatter([], [], s=50, c=color, label=label)
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderaxespad=0.2)


def _layout(graph: PreferenceGraph, seed: int) -> np.ndarray:
    """Position of each node, shape (n_nodes, 2): springs along the edges, and components side by side."""
    drawn = as_networkx(graph.undirected(), [""] * graph.n_nodes)
    positions = nx.spring_layout(drawn, seed=seed, k=2.2 / max(np.sqrt(graph.n_nodes), 1), iterations=120, weight=None)
    layout = np.array([positions[row] for row in range(graph.n_nodes)]).reshape(-1, 2)
    # Ranks separate clusters, and distances keep the shape: half of each.
    ranks = layout.argsort(axis=0).argsort(axis=0) / max(graph.n_nodes - 1, 1)
    spread = (layout - layout.min(axis=0)) / np.maximum(np.ptp(layout, axis=0), 1e-9)
    return 0.5 * ranks + 0.5 * spread


def _label(
    axes: Axes, positions: np.ndarray, names: Sequence[str], degrees: np.ndarray, sizes: np.ndarray, marked: int | None
) -> None:
    """Write the names of the marked node and of those with the highest in-degree, where they overlap no other."""
    order = np.argsort(-degrees, kind="stable").tolist()
    rows = order if marked is None else [marked, *(row for row in order if row != marked)]
    taken: list[tuple[float, float, float]] = []
    for row in rows:
        name = " ".join(names[row].split())
        name = name if len(name) <= _MAX_LABEL_LENGTH else name[: _MAX_LABEL_LENGTH - 1] + "…"
        (x, y), half = positions[row], _LETTER_WIDTH / 2 * len(name)
        if any(abs(x - left) < half + width and abs(y - height) < _LINE_HEIGHT for left, height, width in taken):
            continue
        taken.append((x, y, half))
        axes.annotate(
            name, (x, y), xytext=(0, 1.5 + sizes[row] ** 0.5 / 2), textcoords="offset points", ha="center",
            fontsize=7.5, parse_math=False, zorder=4,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.6},
        )  # fmt: skip
        if len(taken) == _MAX_LABELS:
            return
