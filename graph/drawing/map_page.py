"""A map of tracks as one HTML file that needs nothing else: no network, no library, no server."""

import html
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from earshot.data.files.atomic import output_path
from earshot.graph.drawing.map_colors import GREY, PALETTE, Coloring

GRID = 10_000  # places are whole numbers below this: finer than any screen, and short to write
_TEMPLATE = Path(__file__).with_name("map_page.html")


def write_map_page(
    path: Path,
    places: np.ndarray,
    coloring: Coloring,
    *,
    title: str,
    ids: Sequence[int],
    names: Sequence[str],
    details: Sequence[str],
) -> None:
    """Write the page: hover over a dot shows its name, a click copies its id, words find tracks.

    Parameters
    ----------
    places : shape (n, 2)
    ids, names, details : one per dot
        A name is what is shown and searched; details are one more line, of album and genre perhaps.
    """
    xs, ys = _on_grid(places)
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


def _on_grid(places: np.ndarray) -> np.ndarray:
    """Whole numbers in [0, GRID), shape (2, n), with one scale for both directions; y grows downwards on a screen."""
    low, extent = places.min(axis=0), max(float(np.ptp(places, axis=0).max()), 1e-9)
    x, y = ((places - low) / extent * (GRID - 1)).round().astype(int).T
    return np.stack([x, y.max() - y])


def _inside_script(data: object) -> str:
    """JSON that no name can break out of: HTML ends a script at `</script`, wherever that stands."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # Half of a character, as a tag may hold one, is no UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")
