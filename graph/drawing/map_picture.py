"""A map of tracks as a picture file: a dot for each, colored by label."""

import warnings
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from earshot.data.files.atomic import output_path
from earshot.graph.drawing.map_colors import GREY, PALETTE, Coloring

_LABEL_LENGTH = 24  # characters
_INK = 40_000  # square points: what all dots together may cover
_SMALLEST, _LARGEST = 1.5, 40.0  # square points, of one dot


def check_picture_format(path: Path) -> None:
    """Raise ValueError, before the work is done, when no picture can have this name."""
    known = sorted(FigureCanvasAgg.get_supported_filetypes())
    if path.suffix.lower().lstrip(".") not in known:
        raise ValueError(f"{path.name} ends in no kind of picture; there are {', '.join(known)}")


def draw_map(path: Path, places: np.ndarray, coloring: Coloring, *, title: str) -> None:
    """Draw places, shape (n, 2), with a legend; what is grey lies below what has a color.

    Raises
    ------
    ValueError
        The suffix of `path` is of no kind of picture.
    """
    check_picture_format(path)
    figure = Figure(figsize=(12, 9), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.01, 0.01, 0.76, 0.94))
    axes.set_aspect("equal", adjustable="datalim")  # a distance is as long upwards as sideways
    axes.set_axis_off()
    axes.set_title(title, loc="left", parse_math=False)
    colors = np.array([*PALETTE, GREY])[coloring.groups]  # the rest is -1: grey stands last
    order = np.argsort(coloring.groups >= 0, kind="stable")
    size = float(np.clip(_INK / max(len(places), 1), _SMALLEST, _LARGEST))
    axes.scatter(places[order, 0], places[order, 1], s=size, c=colors[order], alpha=0.75, linewidths=0)
    for color, text in coloring.legend:
        axes.scatter([], [], s=50, c=color, label=_shortened(text))
    if coloring.legend:
        legend = axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
        for line in legend.get_texts():
            line.set_parse_math(False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # scripts that the font lacks
        with output_path(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:])


def _shortened(text: str) -> str:
    """A line of the legend; the count at its end stays whole. An underscore at the beginning would hide it."""
    name, _, count = text.rpartition(" ")
    name = name if len(name) <= _LABEL_LENGTH else name[: _LABEL_LENGTH - 1] + "…"
    return f"\u200b{name} {count}" if name.startswith("_") else f"{name} {count}"
