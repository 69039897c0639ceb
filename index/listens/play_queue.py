"""The queue of each listener, with which they go on at another player."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.index.database_checks import parsed_json
from earshot.index.library import Library, now

MAX_QUEUED = 100_000  # tracks


@dataclass(frozen=True)
class PlayQueue:
    """Tracks in order, and where a listener is in them."""

    track_ids: Sequence[int]
    place: int  # of the track that plays, from 0; 0 of an empty queue
    position_ms: int  # in that track
    changed: str  # ISO 8601, UTC
    changed_by: str | None  # the name of the player


def save_play_queue(
    library: Library,
    user_id: int,
    track_ids: Sequence[int],
    *,
    place: int = 0,
    position_ms: int = 0,
    changed_by: str | None = None,
) -> None:
    """Keep a queue in place of the listener's earlier one.

    Raises
    ------
    ValueError
        The queue is too long, or the place or the position is outside of it.
    """
    if len(track_ids) > MAX_QUEUED:
        raise ValueError(f"a queue of {len(track_ids):,} tracks; {MAX_QUEUED:,} are the most")
    if not 0 <= place < max(len(track_ids), 1) or not 0 <= position_ms < 2**31:
        raise ValueError(f"track {place} of {len(track_ids):,}, at {position_ms} ms, is no place in a queue")
    row = (user_id, json.dumps([int(one) for one in track_ids]), place, position_ms, now(), changed_by)
    with library.transaction():
        library.insert(
            "play_queues", "user_id, track_ids, place, position_ms, changed, changed_by", [row], replace=True
        )


def read_play_queue(library: Library, user_id: int) -> PlayQueue | None:
    """Read the queue of a listener, without tracks that are gone; None if there is none."""
    query = "SELECT track_ids, place, position_ms, changed, changed_by FROM play_queues WHERE user_id = ?"
    row = library.db.execute(query, [user_id]).fetchone()
    if row is None:
        return None
    text, place, position_ms, changed, changed_by = row
    listed = parsed_json(text)
    queued = [one for one in listed if isinstance(one, int)] if isinstance(listed, list) else []
    present = set(library.column("SELECT id FROM tracks WHERE id IN (SELECT value FROM json_each(?))", [text]))
    is_here = [one in present for one in queued]
    tracks = [one for one in queued if one in present]
    plays_on = place < len(queued) and is_here[place]
    at = min(sum(is_here[:place]), max(len(tracks) - 1, 0))
    return PlayQueue(tracks, at, position_ms if plays_on else 0, changed, changed_by)
