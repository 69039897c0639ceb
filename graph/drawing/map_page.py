"""Map of tracks as one HTML file that needs nothing else: no network, no library, no server."""

import html
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from earshot.data.files.atomic import output_path
from earshot.graph.drawing.map_colors import GREY, PALETTE, Coloring

GRID = 10_000  # positions are whole numbers below this: finer than any screen, and short to write
_TEMPLATE = Path(__file__).with_name("map_page.html")


def write_map_page(
    path: Path,
    positions: np.ndarray,
    coloring: Coloring,
    *,
    title: str,
    ids: Sequence[int],
    names: Sequence[str],
    details: Sequence[str],
) -> None:
    """Write the page: hovering over a dot shows its name, a click copies its id, words find tracks.

    Parameters
    ----------
    positions : shape (n, 2)
    ids, names, details : one per dot
        Names are shown and searched; details are one more line, such as album and genre.
    """
    xs, ys = _on_grid(positions)
    data = {
        "x": xs.tolist(),
        "y": ys.tolist(),
        "group": coloring.groups.tolist(),
        "id": list(ids),
        "name": list(names),
        "detail": list(details),
        "colors": [*PALETTE[: len(coloring.names)], GREY],  # group -1 is the last
        "legend": [text for _, text in coloring.legend],
    }
    page = _TEMPLATE.read_text(encoding="utf-8")
    page = page.replace("{{title}}", html.escape(title)).replace("{{grid}}", str(GRID))
    with output_path(path) as temporary:
        temporary.write_text(page.replace("{{data}}", _inside_script(data)), encoding="utf-8")


def _on_grid(positions: np.ndarray) -> np.ndarray:
    """Scale positions to whole numbers in [0, GRID), shape (2, n), both axes alike; y grows downwards on a screen."""
    low, extent = positions.min(axis=0), max(float(np.ptp(positions, axis=0).max()), 1e-9)
    x, y = ((positions - low) / extent * (GRID - 1)).round().astype(int).T
    return np.stack([x, y.max() - y])


def _inside_script(data: object) -> str:
    """Encode as JSON that no name can break out of: HTML ends a script at `</script`, even inside a string."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # A lone surrogate, as a tag may hold one, cannot be encoded in UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")
