"""Read whom and what a recommendation is asked for: a listener, a history, liked tracks, a track that plays now."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earshot.data.recommend_request import RecommendRequest
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import find_user, read_interactions
from earshot.index.recommending.candidate_store import request_for_user
from earshot.index.recordings.never_list import never_recordings
from earshot.index.recordings.recordings import recordings_of
from earshot.index.search.selected import Selected
from earshot.stages.shared.chosen_tracks import argument_text, chosen_tracks, why_nothing
from earshot.stages.shared.history_tracks import history_tracks
from earshot.stages.shared.reports import InputError, StageError

Track = str | int | Path


@dataclass(frozen=True)
class ReadRequest:
    """A request for the towers, and the words to repeat of it."""

    request: RecommendRequest
    asked: str  # such as "to listener-008, after Air - Alpha Beta Gaga"
    strangers: Sequence[str] = ()  # of the history: no tracks of the library


def read_request(
    library: Library,
    user: str | None,
    history: Sequence[Track],
    liked: Sequence[Track],
    seed_track: Track | None,
) -> ReadRequest:
    """Find the listener and the tracks of a request; the errors are those of `stages.recommend.recommend_tracks`."""
    n_given = (user is not None) + bool(len(history)) + bool(len(liked))
    if n_given > 1 or (not n_given and seed_track is None):
        raise InputError("Give one of a user, a history or liked tracks, or a seed track.")
    seed = None if seed_track is None else _chosen(library, seed_track)
    if seed is not None and len(seed.tracks) > 1:
        if n_given:
            raise InputError(f"One track plays now, and {seed.name} is several; give its id.")
        liked, seed = [seed_track or ""], None  # to whom all of them are liked
    seed_id, after = (None, "") if seed is None else (recordings_of(library, seed.ids)[0], f"after {seed.name}")
    if user is not None:
        request = request_for_user(library, find_user(library, user), seed_id)
        return ReadRequest(request, ", ".join(filter(None, (f"to {user}", after))))
    asked = history_tracks(library, [argument_text(track) for track in history])
    played, strangers = recordings_of(library, asked.ids), asked.strangers
    choices = [_chosen(library, track) for track in liked]
    liked_ids = recordings_of(library, [track_id for choice in choices for track_id in choice.ids])
    track_ids = [*played, *dict.fromkeys(liked_ids)]
    listens = read_interactions(library, may_lag=True).interactions
    is_ordered = not liked and bool(listens.times.any())  # the towers have learned of no order else
    never = np.array(never_recordings(library), dtype=np.int64)
    request = RecommendRequest.for_new_user(track_ids, ordered=is_ordered, seed_id=seed_id, disliked=never)
    likes = f"to somebody who likes {' + '.join(choice.name for choice in choices)}" if choices else ""
    n_given_tracks = len(played) + len(strangers)
    plays = f"to somebody who played {len(played):,} of {n_given_tracks:,} tracks given" if history else ""
    return ReadRequest(request, ", ".join(filter(None, (likes or plays, after))), strangers)


def _chosen(library: Library, track: Track) -> Selected:
    text = argument_text(track)
    selected = chosen_tracks(library, text)
    if selected is None:
        raise StageError(why_nothing(library, text))
    return selected
