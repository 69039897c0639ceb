"""A small graph, or a neighbourhood of a large one, as a picture."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from earshot.data.files.atomic import output_path
from earshot.graph.graph_files import as_networkx
from earshot.graph.preference_graph import PreferenceGraph

MAX_NODES = 300  # beyond, a picture is a ball of wool
_MAX_LABELS = 60
_LETTER, _LINE = 0.0066, 0.022  # of the picture's width and height
_LABEL_LENGTH = 28  # characters
_HEARD, _UNHEARD, _MIDDLE = "#1f6f8b", "#d9a05b", "#c0392b"


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
    """Draw a graph of up to `MAX_NODES` nodes: larger dots are recommended by more.

    Parameters
    ----------
    names, has_audio : one per node
    middle_row : a node to be marked, such as the one whose neighbourhood this is

    Raises
    ------
    ValueError
        The graph has more nodes, or the suffix of `path` is of no kind of picture.
    """
    if graph.n_nodes > MAX_NODES:
        raise ValueError(f"a picture of {graph.n_nodes:,} nodes; up to {MAX_NODES} can be told apart")
    degrees = graph.in_degrees()
    places = _layout(graph, seed)
    figure = Figure(figsize=(12, 9), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.94))
    axes.set_axis_off()
    axes.set_title(f"{title}: {graph.n_nodes:,} nodes, {graph.n_edges:,} edges", loc="left", parse_math=False)
    sources = np.repeat(np.arange(graph.n_nodes), graph.out_degrees())
    lines = np.stack([places[sources], places[graph.indices]], axis=1)  # (n_entries, 2 ends, 2)
    strength = graph.weights / graph.weights.max() if len(lines) else graph.weights
    axes.add_collection(
        LineCollection(list(lines), colors="#8a8a8a", linewidths=0.3 + 0.9 * strength, alpha=0.35, zorder=1)
    )
    colors = np.where(has_audio, _HEARD, _UNHEARD)
    sizes = 14 + 220 * degrees / max(degrees.max(initial=0), 1)
    axes.scatter(places[:, 0], places[:, 1], s=sizes, c=colors, linewidths=0.5, edgecolors="white", zorder=2)
    if marked_row is not None:
        x, y = places[marked_row]
        axes.scatter([x], [y], s=sizes[marked_row] + 60, facecolors="none", edgecolors=_MIDDLE, linewidths=2, zorder=3)
    _label(axes, places, names, degrees, sizes, marked_row)
    for color, what in ((_HEARD, "with audio"), (_UNHEARD, "without")):
        axes.scatter([], [], s=50, c=color, label=what)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderaxespad=0.2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # scripts that the font lacks
        with output_path(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:] or "png")


def _layout(graph: PreferenceGraph, seed: int) -> np.ndarray:
    """Where each node stands, shape (n_nodes, 2): springs along the edges, and components side by side."""
    drawn = as_networkx(graph.undirected(), [""] * graph.n_nodes)
    places = nx.spring_layout(drawn, seed=seed, k=2.2 / max(np.sqrt(graph.n_nodes), 1), iterations=120, weight=None)
    placed = np.array([places[row] for row in range(graph.n_nodes)]).reshape(-1, 2)
    # Ranks pull apart what lies in one heap, and distances keep the shape: half of each.
    ranks = placed.argsort(axis=0).argsort(axis=0) / max(graph.n_nodes - 1, 1)
    spread = (placed - placed.min(axis=0)) / np.maximum(np.ptp(placed, axis=0), 1e-9)
    return 0.5 * ranks + 0.5 * spread


def _label(
    axes: Axes, places: np.ndarray, names: Sequence[str], degrees: np.ndarray, sizes: np.ndarray, middle: int | None
) -> None:
    """Names of the node in the middle and of the most recommended, each where no other stands yet."""
    order = np.argsort(-degrees, kind="stable").tolist()
    rows = order if middle is None else [middle, *(row for row in order if row != middle)]
    taken: list[tuple[float, float, float]] = []
    for row in rows:
        name = " ".join(names[row].split())
        name = name if len(name) <= _LABEL_LENGTH else name[: _LABEL_LENGTH - 1] + "…"
        (x, y), half = places[row], _LETTER / 2 * len(name)
        if any(abs(x - left) < half + width and abs(y - height) < _LINE for left, height, width in taken):
            continue
        taken.append((x, y, half))
        axes.annotate(
            name, (x, y), xytext=(0, 1.5 + sizes[row] ** 0.5 / 2), textcoords="offset points", ha="center",
            fontsize=7.5, parse_math=False, zorder=4,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.6},
        )  # fmt: skip
        if len(taken) == _MAX_LABELS:
            return
