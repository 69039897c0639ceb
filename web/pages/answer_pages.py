"""Pages that answer from vectors: similar tracks, and recommendations with the play that speaks for each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earshot.index.library import Library, LibraryError
from earshot.index.search.filters import SearchFilters
from earshot.index.search.rank_fusion import BOTH
from earshot.index.tracks.track_lookup import track_rows
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, spaces
from earshot.stages.shared.reports import StageError
from earshot.web.library_access import library_of
from earshot.web.pages.listeners import is_known, listener_of, listeners, thumbs_of
from earshot.web.pages.page_templates import page
from earshot.web.pages.track_cards import Card, cards, ids_of, number_of

if TYPE_CHECKING:
    from earshot.stages.recommend import Recommendation
    from earshot.stages.similar import SimilarReport

_WAYS = {AUDIO: "By sound", TOWER: "By listeners", BOTH: "By both", DIFFUSED: "By sound and graph"}
_MAX_SEEDS = 50  # and as many to steer away from
_MAX_K = 200


async def similar(request: Request) -> Response:
    """Find what is like the seeds and unlike others, with the moments that sound most alike."""
    query = request.query_params
    seeds, unlike = (ids_of(query.getlist(name), _MAX_SEEDS) for name in ("seed", "unlike"))
    by, k = query.get("by", AUDIO), number_of(request, "k", 30, range(1, _MAX_K + 1))
    same_artist = {"other": False, "same": True}.get(query.get("artists", ""))
    filters = SearchFilters(k=k, same_artist=same_artist, genre=query.get("genre") or None)
    listener = listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        from earshot.stages.similar import similar_tracks

        known = spaces(library)
        ways = [way for way in _WAYS if way in known or (way == BOTH and {AUDIO, TOWER} <= set(known))]
        rows = track_rows(library, [*seeds, *unlike])
        if missing := next((one for one in (*seeds, *unlike) if one not in rows), None):
            raise HTTPException(404, f"There is no track {missing} with audio in this library.")
        shown = {
            "seeds": cards(library, [rows[one] for one in seeds]),
            "unlike": cards(library, [rows[one] for one in unlike]),
            "ways": [(way, _WAYS[way]) for way in ways], "by": by, "report": None, "tracks": [], "problem": None,
        }  # fmt: skip
        if not seeds:
            return shown
        try:
            report = similar_tracks(library, seeds, filters, unlike=unlike, space=by, why=True, listener=listener)
        except (StageError, LibraryError) as error:
            return shown | {"problem": str(error)}
        return shown | {"report": report, "tracks": _matches(library, report, seeds, listener)}

    shown = await library_of(request).read(read)
    return page(request, "similar.html", k=k, has_more=len(shown["tracks"]) == k < _MAX_K, **shown)


def _matches(library: Library, report: "SimilarReport", seeds: Sequence[int], listener: str) -> list[Card]:
    extras: dict[int, dict[str, Any]] = {}
    for match in report.matches:
        extras[match.track.id] = {"score": match.score}
        if moment := match.moment:
            seed_id = moment.seed_id if moment.seed_id is not None else seeds[0]
            extras[match.track.id]["moment"] = vars(moment) | {"seed_id": seed_id}
    return cards(library, [match.track for match in report.matches], thumbs_of(library, listener), extras)


async def for_you(request: Request) -> Response:
    """Recommend to a listener, each track with the play that speaks most for it."""
    k, listener = number_of(request, "k", 30, range(1, _MAX_K + 1)), listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        from earshot.stages.recommend import recommend_tracks

        shown: dict[str, Any] = {"listeners": listeners(library), "tracks": [], "problem": None}
        shown["is_unknown"] = not is_known(library, listener)
        try:
            places = recommend_tracks(library, listener, k=k)
        except (StageError, LibraryError) as error:
            return shown | {"problem": str(error)}
        return shown | {"tracks": _recommended(library, places, listener)}

    shown = await library_of(request).read(read)
    return page(request, "for_you.html", listener=listener, k=k, **shown)


def _recommended(library: Library, places: "Sequence[Recommendation]", listener: str) -> list[Card]:
    from earshot.stages.recommend import reasons_for

    tracks = [place.track for place in places]
    found = reasons_for(library, listener, [track.id for track in tracks])
    extras = {track_id: {"reason": f"since you play {reason.track.name}"} for track_id, reason in found.items()}
    return cards(library, tracks, thumbs_of(library, listener), extras)


routes = [Route("/similar", similar), Route("/for-you", for_you)]
