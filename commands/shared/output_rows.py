"""Answers as rows for `echo_rows`: numbers for programs, rounded scores and clock times for readers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from earshot.commands.shared.text_tables import clock

if TYPE_CHECKING:  # torch comes with it
    from earshot.stages.recommend import Recommendation
    from earshot.stages.similar import SimilarReport


def match_rows(report: "SimilarReport", *, why: bool, plain: bool) -> list[dict[str, Any]]:
    """Rows of `cli similar`; `why` adds the moments that sound most alike, `plain` is for a reader."""
    rows = []
    for match in report.matches:
        track = match.track
        score = f"{match.score:.4f}" if plain else round(match.score, 6)
        row: dict[str, Any] = {"rank": match.rank, "score": score, "id": track.id}
        row |= {"artist": track.artist, "title": track.title, "album": track.album, "genre": track.genre}
        row |= {"length": clock(track.duration)} if plain else {"duration_s": track.duration}
        row |= {f"{space}_rank": match.ranks.get(space) for space in report.spaces}
        moment = match.moment
        if why and plain:
            row["why"] = f"{clock(moment.seed_start)} sounds like {clock(moment.match_start)}" if moment else None
        elif why and moment:
            row |= {"seed_start": moment.seed_start, "match_start": moment.match_start, "moment_score": moment.score}
        rows.append(row if plain else row | {"path": track.path})
    return rows


def recommendation_rows(recommended: "Sequence[Recommendation]", *, plain: bool) -> list[dict[str, Any]]:
    """Rows of `cli recommend`; `plain` for a reader, who needs no paths."""
    rows = []
    for place in recommended:
        track = place.track
        row: dict[str, Any] = {"rank": place.rank, "score": round(place.score, 4), "id": track.id}
        row |= {"artist": track.artist, "title": track.title, "album": track.album}
        rows.append(row if plain else row | {"path": track.path})
    return rows
