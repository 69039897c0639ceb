"""The map: every track as a dot where it sounds alike, to be played and caught."""

import json
import sys
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from earshot.index.library import Library
from earshot.index.vectors.spaces import AUDIO, current_space
from earshot.stages.map_places import read_places
from earshot.web.command_process import CommandProcess
from earshot.web.library_access import library_of
from earshot.web.pages.page_templates import page

_SIDE = 4_096  # steps of the sheet in each direction
_LAY_OUT = (  # behind whatever else wants a processor
    "import os, pathlib, sys, earshot.stages.map_places as m; os.nice(10); m.lay_out(pathlib.Path(sys.argv[1]))"
)
_WAITING = "What sounds alike comes to lie together. This takes about half a minute, once."
# Of a recording the file that lists show.
_SHOWN = """
    SELECT r.recording_id, t.id, t.genre FROM recordings AS r JOIN tracks AS t ON t.id = r.track_id
    WHERE r.is_best AND t.status = 'embedded'
"""


async def map_page(request: Request) -> Response:
    """Show the sheet, which asks for its dots by itself; in an empty library, what to type."""

    def read(library: Library) -> bool:
        return current_space(library, AUDIO) is not None

    return page(request, "map.html", has_tracks=await library_of(request).read(read))


async def points(request: Request) -> Response:
    """The dots as JSON: ids, places from 0 to `side`, and groups with their colors; or that they are being laid out."""
    kept = await library_of(request).read(_points)
    layout: CommandProcess = request.app.state.layout
    state = layout.state()
    if kept is None and state is not None and state.code:
        layout.forget()  # who asks again lets it be tried again
        return JSONResponse({"is_pending": True, "sentence": f"The layout failed: {' '.join(state.lines[-1:])}"}, 500)
    if kept is None or not kept["is_current"]:
        words = [sys.executable, "-c", _LAY_OUT, str(library_of(request).folder)]
        layout.start("Laying out the map", words)
    if kept is None:
        return JSONResponse({"is_pending": True, "sentence": _WAITING})
    return Response(json.dumps(kept, separators=(",", ":")), media_type="application/json")


def _points(library: Library) -> dict[str, Any] | None:
    from earshot.graph.drawing.map_colors import GREY, PALETTE, color_by

    kept = read_places(library)
    if kept is None:
        return None
    shown = {recording: (track_id, genre) for recording, track_id, genre in library.db.execute(_SHOWN)}
    rows = [row for row, recording in enumerate(kept.ids.tolist()) if recording in shown]
    facts = [shown[recording] for recording in kept.ids[rows].tolist()]
    coloring = color_by([genre for _, genre in facts], several=True)
    groups = np.where(coloring.groups < 0, len(coloring.names), coloring.groups)
    x, y = _on_sheet(kept.places[rows]).T.tolist() if rows else ([], [])
    return {
        "ids": [track_id for track_id, _ in facts],
        "x": x,
        "y": y,
        "group": groups.tolist(),
        "colors": [*PALETTE[: len(coloring.names)], GREY],
        "names": [*coloring.names, *(["others"] if len(coloring.names) in groups else [])],
        "side": _SIDE,
        "n_unplaced": kept.n_unplaced,
        "is_current": kept.is_current,
    }


def _on_sheet(places: np.ndarray) -> np.ndarray:
    """Places in whole steps, (n, 2), on a square sheet; empty space says little, and is halved."""
    order = places.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") / max(len(places) - 1, 1)
    low, high = places.min(axis=0), places.max(axis=0)
    scaled = (places - low) / np.maximum(high - low, 1e-6)
    return np.rint((order + scaled) / 2 * (_SIDE - 1)).astype(np.int64)


routes = [Route("/map", map_page), Route("/map/points", points)]
