"""Answers as rows: of numbers for a program, or with clocks in the place of seconds for somebody who reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from earshot.commands.shared.text_tables import clock
from earshot.index.search.similarity_search import Matches
from earshot.index.tracks.track_lookup import TrackRow


def match_rows(answer: Matches, *, why: bool, plain: bool) -> list[dict[str, Any]]:
    """What `cli similar` lists; with `why` also the moments that sound most alike, `plain` for a reader."""
    rows = []
    for match in answer.matches:
        track = match.track
        score = f"{match.score:.4f}" if plain else round(match.score, 6)
        row: dict[str, Any] = {"rank": match.rank, "score": score, "id": track.id}
        row |= {"artist": track.artist, "title": track.title, "album": track.album, "genre": track.genre}
        row |= {"length": clock(track.duration)} if plain else {"duration_s": track.duration}
        row |= {f"{space}_rank": match.ranks.get(space) for space in answer.spaces}
        moment = match.moment
        if why and plain:
            row["why"] = f"{clock(moment.seed_start)} sounds like {clock(moment.match_start)}" if moment else None
        elif why and moment:
            row |= asdict(moment)
        rows.append(row if plain else row | {"path": track.path})
    return rows


def list_rows(
    best: Sequence[tuple[int, float]], tracks: Mapping[int, TrackRow], *, plain: bool
) -> list[dict[str, Any]]:
    """What `cli recommend` lists, of ids and scores, the best first; `plain` for a reader, who needs no paths."""
    rows = []
    for rank, (track_id, score) in enumerate(best, start=1):
        track = tracks[track_id]
        row: dict[str, Any] = {"rank": rank, "score": round(score, 4), "id": track_id, "artist": track.artist}
        row |= {"title": track.title, "album": track.album}
        rows.append(row if plain else row | {"path": track.path})
    return rows
