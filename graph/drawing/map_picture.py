"""Picture files: axes without a window, and a map of tracks with a dot for each, colored by label."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from earshot.data.files.atomic import output_path
from earshot.graph.drawing.map_colors import GREY, PALETTE, Coloring

_MAX_LABEL_LENGTH = 24  # characters
_TOTAL_AREA = 40_000  # square points, of all dots together
_MIN_AREA, _MAX_AREA = 1.5, 40.0  # square points, of one dot


def check_picture_format(path: Path) -> None:
    """Check the suffix of a picture before it is computed.

    Raises
    ------
    ValueError
        It is not of a picture format.
    """
    formats = sorted(Figure().canvas.get_supported_filetypes())
    if path.suffix.lower().lstrip(".") not in formats:
        raise ValueError(f"{path.name} ends in no kind of picture; there are {', '.join(formats)}")


@contextmanager
def saved_axes(path: Path, title: str, *, width: float) -> Iterator[Axes]:
    """Yield axes of a share of the picture's width, and write the picture unless something fails."""
    figure = Figure(figsize=(12, 9), dpi=110)
    axes = figure.add_axes((0.01, 0.01, width, 0.94))
    axes.set_axis_off()
    axes.set_title(title, loc="left", parse_math=False)
    yield axes
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # scripts that the font lacks
        with output_path(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:] or "png")


def draw_map(path: Path, positions: np.ndarray, coloring: Coloring, *, title: str) -> None:
    """Draw a dot at each position, shape (n, 2), and a legend; grey dots lie below the others.

    Raises as `check_picture_format` does.
    """
    check_picture_format(path)
    colors = np.array([*PALETTE, GREY])[coloring.groups]  # the rest is -1: grey is last
    order = np.argsort(coloring.groups >= 0, kind="stable")
    size = float(np.clip(_TOTAL_AREA / max(len(positions), 1), _MIN_AREA, _MAX_AREA))
    with saved_axes(path, title, width=0.76) as axes:
        axes.set_aspect("equal", adjustable="datalim")  # vertical and horizontal distances are alike
        axes.scatter(positions[order, 0], positions[order, 1], s=size, c=colors[order], alpha=0.75, linewidths=0)
        for color, text in coloring.legend:
            axes.scatter([], [], s=50, c=color, label=_shortened(text))
        if coloring.legend:
            legend = axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
            for line in legend.get_texts():
                line.set_parse_math(False)


def _shortened(text: str) -> str:
    """Shorten a line of the legend before its count. A leading underscore would hide the line from matplotlib."""
    name, _, count = text.rpartition(" ")
    name = name if len(name) <= _MAX_LABEL_LENGTH else name[: _MAX_LABEL_LENGTH - 1] + "…"
    return f"\u200b{name} {count}" if name.startswith("_") else f"{name} {count}"
