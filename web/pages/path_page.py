"""The page of a path: two ends, and the tracks that lead from one to the other in even steps."""

from dataclasses import dataclass
from math import degrees
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earshot.index.library import Library, LibraryError
from earshot.index.playlists.variety import new_seed
from earshot.index.search.word_search import search_words
from earshot.index.tracks.name_resolution import folded
from earshot.index.tracks.track_lookup import TrackRow, track_rows
from earshot.stages.shared.reports import StageError
from earshot.web.library_access import library_of
from earshot.web.pages.listeners import listener_of, thumbs_of
from earshot.web.pages.page_templates import page
from earshot.web.pages.track_cards import cards, number_of
from earshot.web.track_pools import pools_of

_VARIETY = 0.3  # of another path between the same ends
_MAX_K = 100
_MAX_WORDS = 200
_N_CHOICES = 8


@dataclass(frozen=True)
class End:
    """An end of a path as it was asked for: one track, or several to choose from, or none."""

    text: str
    track: TrackRow | None
    choices: list[TrackRow]


async def path(request: Request) -> Response:
    """Find a path between two tracks, which are given by id or by words."""
    query, pools, listener = request.query_params, pools_of(request), listener_of(request)
    k, seed = number_of(request, "k", 10, range(2, _MAX_K + 1)), number_of(request, "another", 0, range(10**6 + 1))

    def read(library: Library) -> dict[str, Any]:
        from earshot.stages.path import path_tracks  # polars, for which the server's start does not wait

        ends = [_end(library, query.get(name, "")) for name in ("from", "to")]
        shown: dict[str, Any] = {"ends": ends, "tracks": [], "report": None, "problem": None}
        first, last = (end.track for end in ends)
        if first is None or last is None:
            return shown
        variety = _VARIETY if seed else 0.0
        try:
            pool = pools.current(library)
            report = path_tracks(
                library, first.id, last.id, k, variety=variety, seed=seed, pool=pool, listener=listener
            )
        except (StageError, LibraryError) as error:
            return shown | {"problem": str(error)}
        extras = {
            step.track.id: {"reason": f"a step of {degrees(step.angle):.0f}°", "number": step.rank}
            for step in report.tracks
            if step.angle is not None
        }
        tracks = [step.track for step in report.tracks]
        return shown | {"report": report, "tracks": cards(library, tracks, thumbs_of(library, listener), extras)}

    shown = await library_of(request).read(read)
    return page(request, "path.html", k=k, another=new_seed() or 1, **shown)


def _end(library: Library, text: str) -> End:
    """Find the track of an id, else the one whose name the text is, else the only one that holds its words."""
    text = text.strip()[:_MAX_WORDS]
    if (
        text.isascii()
        and text.isdecimal()
        and len(text) <= 18
        and (row := track_rows(library, [int(text)]).get(int(text)))
    ):
        return End(row.name, row, [])
    found = search_words(library, text, limit=_N_CHOICES) if text else []
    named = next((row for row in found if folded(row.name) == folded(text)), None)
    if named is not None or len(found) == 1:
        track = named or found[0]
        return End(track.name, track, [])
    return End(text, None, found)


routes = [Route("/path", path)]
