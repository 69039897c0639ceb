"""Keep what a listener plays, skips, likes and dislikes, and read it back.

Each call is kept at once, whole or not at all, and is part of the listens from then on: the next recommendation, graph
and training know it. The library is open to write, for the one call.

    record_play       a listen; a skip is one of which little was heard, and weighs as little
    record_like ...   explicit opinions; the last one on a track counts
    record_rating     4 and 5 stars are a like, 1 is a dislike, as in imports of ratings
    record_never      leave a track out of the lists of a listener, or of everybody
"""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.events.feedback_events import OPINIONS, FeedbackEvent
from earshot.data.events.interactions import DISLIKE, LIKE, LISTEN, UNDISLIKE, UNLIKE
from earshot.index.library import Library, now
from earshot.index.listens.feedback_log import add_feedback, latest_feedback, remove_feedback
from earshot.index.listens.listen_store import match_users, stored_listens
from earshot.index.listens.stored_interactions import find_user, read_history
from earshot.index.recordings.never_list import Exclusion, exclude_track, exclusions, include_track
from earshot.stages.shared.reports import StageError

LIKED_STARS = 4  # from here on a rating is a like; one star is a dislike
_COUNTED = 0.5  # share of a track from which on it counts as played
_DAY_S = 86_400
_MAX_PLAYED_S = 2**31 // 1_000  # as many milliseconds as a file of listens can hold


@dataclass(frozen=True)
class Opinion:
    """The last word of a listener on a recording."""

    track_id: int
    is_like: bool  # else a dislike
    since_s: int  # seconds since 1970


@dataclass(frozen=True)
class PlayCount:
    """Plays of a recording by a listener."""

    track_id: int
    n_plays: int  # play counts of imports included; not plays of which less than half was heard
    last_s: int  # seconds since 1970; 0 if unknown


def record_play(
    library: Library, listener: str, track_id: int, started_at: float, played_s: float | None = None
) -> bool:
    """Record a listen; tell whether it is news.

    A play that is told twice, by two programs or by one that tries again, counts once: nobody hears one track twice at
    the same time, so plays of it that overlap are one, the longer one.

    Parameters
    ----------
    listener : a name; a new one becomes a user of the library
    started_at : seconds since 1970 at which the play began
    played_s : seconds that were heard; None if nobody measured, for a whole play

    Raises
    ------
    StageError
        There is no such track, or the listener, the time or the duration is none.
    LibraryError
        The file of these listens is missing or damaged.
    """
    length_s = _require_track(library, track_id)
    time_s = _require_time(started_at)
    played_ms = ratio = None
    if played_s is not None:
        if not 0 <= played_s < _MAX_PLAYED_S:  # NaN fails too
            raise StageError(f"{played_s} seconds of a track cannot have been heard.")
        played_ms = round(played_s * 1_000)
        ratio = min(played_s / length_s, 1.0) if length_s else None
    return _record(library, listener, FeedbackEvent(track_id, time_s, LISTEN, played_ms, ratio))


def record_plays(library: Library, listener: str, plays: Sequence[tuple[int, float]]) -> bool:
    """Record many listens at once, all or none, as a player tells them that was offline; tell whether any is news.

    Parameters
    ----------
    plays : track ids, and the seconds since 1970 at which each play began

    Errors as of `record_play`.
    """
    for track_id, _ in plays:
        _require_track(library, track_id)
    events = [FeedbackEvent(track_id, _require_time(started_at), LISTEN) for track_id, started_at in plays]
    return _record(library, listener, *events)


def record_like(library: Library, listener: str, track_id: int, at: float | None = None) -> bool:
    """Record that a listener likes a track; tell whether it is news. Arguments and errors as of `record_play`."""
    return _record_opinion(library, listener, track_id, LIKE, at)


def record_unlike(library: Library, listener: str, track_id: int, at: float | None = None) -> bool:
    """Take a like back; tell whether it is news. Arguments and errors as of `record_play`."""
    return _record_opinion(library, listener, track_id, UNLIKE, at)


def record_dislike(library: Library, listener: str, track_id: int, at: float | None = None) -> bool:
    """Record that a listener dislikes a track, which then is not recommended to them; tell whether it is news.

    Arguments and errors as of `record_play`.
    """
    return _record_opinion(library, listener, track_id, DISLIKE, at)


def record_undislike(library: Library, listener: str, track_id: int, at: float | None = None) -> bool:
    """Take a dislike back; tell whether it is news. Arguments and errors as of `record_play`."""
    return _record_opinion(library, listener, track_id, UNDISLIKE, at)


def record_opinions(library: Library, listener: str, likes: Mapping[int, bool], at: float | None = None) -> bool:
    """Record many opinions at once: by track id, whether it is a like or a dislike; tell whether any is news.

    Arguments and errors as of `record_play`.
    """
    time_s = _require_time(time.time() if at is None else at)
    for track_id in likes:
        _require_track(library, track_id)
    events = [FeedbackEvent(track_id, time_s, LIKE if is_like else DISLIKE) for track_id, is_like in likes.items()]
    return _record(library, listener, *events)


def record_rating(library: Library, listener: str, track_id: int, stars: int, at: float | None = None) -> bool:
    """Rate a track with 1 to 5 stars, or take its rating back with 0; tell whether it is news.

    4 and 5 are a like, 1 is a dislike. Any other rating takes back the opinion that an earlier rating was.
    Arguments and errors as of `record_play`.
    """
    if stars not in range(6):
        raise StageError(f"{stars} is no rating; give 1 to 5 stars, or 0 for none.")
    _require_track(library, track_id)
    time_s = _require_time(time.time() if at is None else at)
    with library.transaction():
        user_id = listener_id(library, listener)
        key = [user_id, track_id]
        earlier = library.value("SELECT stars FROM ratings WHERE user_id = ? AND track_id = ?", key) or 0
        kind = LIKE if stars >= LIKED_STARS else DISLIKE if stars == 1 else None
        if kind is None and earlier:
            kind = UNLIKE if earlier >= LIKED_STARS else UNDISLIKE if earlier == 1 else None
        if stars:
            library.insert("ratings", "user_id, track_id, stars, rated", [(*key, stars, now())], replace=True)
        else:
            library.db.execute("DELETE FROM ratings WHERE user_id = ? AND track_id = ?", key)
        is_news = kind is not None and add_feedback(library, user_id, FeedbackEvent(track_id, time_s, kind))
        return is_news or stars != earlier


def record_never(library: Library, track_id: int, listener: str | None = None) -> bool:
    """Leave a track, by all files of its recording, out of the lists of a listener; without one, of all lists.

    Tell whether it is news. Stored recommendations lose it at once. Errors as of `record_play`.
    """
    _require_track(library, track_id)
    with library.transaction():
        return exclude_track(library, track_id, None if listener is None else listener_id(library, listener))


def undo_never(library: Library, track_id: int, listener: str | None = None) -> bool:
    """Take back what `record_never` of the same arguments did; tell whether there was something to take back.

    Raises
    ------
    LibraryError
        There is no such listener.
    """
    user_id = None if listener is None else find_user(library, listener)
    with library.transaction():
        return include_track(library, track_id, user_id)


def never_recommended(library: Library, listener: str | None = None) -> list[Exclusion]:
    """All exclusions, the latest first; of a listener, those that their lists heed. Errors as of `undo_never`."""
    return exclusions(library, None if listener is None else find_user(library, listener))


def recent_feedback(library: Library, listener: str, n: int = 50) -> list[FeedbackEvent]:
    """The last events that were recorded here for a listener, the latest first; not those of imports.

    Errors as of `undo_never`.
    """
    return latest_feedback(library, find_user(library, listener), n)


def undo_feedback(library: Library, listener: str, event: FeedbackEvent) -> bool:
    """Remove one event of `recent_feedback`, as if it had never been; tell whether it was there.

    Errors as of `undo_never`.
    """
    user_id = find_user(library, listener)
    with library.transaction():
        return remove_feedback(library, user_id, event)


def opinions(library: Library, listener: str) -> list[Opinion]:
    """Likes and dislikes of a listener today, by imports too, the latest first; tracks by their recordings.

    Errors as of `undo_never`.
    """
    history = _history(library, listener, OPINIONS)
    columns = (history[name].tolist() for name in ("item_ids", "kinds", "times"))
    last = {track_id: (kind, time_s) for track_id, kind, time_s in zip(*columns, strict=True)}
    found = [Opinion(one, kind == LIKE, time_s) for one, (kind, time_s) in last.items() if kind in (LIKE, DISLIKE)]
    return sorted(found, key=lambda one: -one.since_s)


def ratings(library: Library, listener: str) -> dict[int, int]:
    """Stars by track id, of the tracks that a listener rated here. Errors as of `undo_never`."""
    query = "SELECT track_id, stars FROM ratings WHERE user_id = ?"
    return dict(library.db.execute(query, [find_user(library, listener)]).fetchall())


def play_counts_of(library: Library, listener: str) -> dict[int, PlayCount]:
    """Play counts and last plays of a listener by recording, imports included. Errors as of `undo_never`."""
    history = _history(library, listener)
    is_play = history["kinds"] == LISTEN
    ids, rows = np.unique(history["item_ids"][is_play], return_inverse=True)
    weights = history["weights"][is_play]
    n_plays = np.bincount(rows, np.where(weights < _COUNTED, 0, np.maximum(weights.round(), 1)), len(ids))
    last = np.zeros(len(ids), dtype=np.int64)
    np.maximum.at(last, rows, history["times"][is_play])
    columns = (ids.tolist(), n_plays.astype(np.int64).tolist(), last.tolist())
    return {one: PlayCount(one, n, last_s) for one, n, last_s in zip(*columns, strict=True)}


def _record_opinion(library: Library, listener: str, track_id: int, kind: int, at: float | None) -> bool:
    _require_track(library, track_id)
    time_s = _require_time(time.time() if at is None else at)
    return _record(library, listener, FeedbackEvent(track_id, time_s, kind))


def _record(library: Library, listener: str, *events: FeedbackEvent) -> bool:
    with library.transaction():
        return add_feedback(library, listener_id(library, listener), *events)


def _history(library: Library, listener: str, kinds: Collection[int] | None = None) -> dict[str, np.ndarray]:
    user_id = find_user(library, listener)
    if stored_listens(library, "track"):
        return read_history(library, user_id, kinds)
    none = np.empty(0, dtype=np.int64)
    return {"item_ids": none, "times": none, "weights": none.astype(np.float32), "kinds": none.astype(np.uint8)}


def listener_id(library: Library, listener: str) -> int:
    """The id of a listener, who may be new; the caller holds the transaction. An empty name is a StageError."""
    names: Sequence[str] = [listener.strip()]
    if not names[0]:
        raise StageError("A listener needs a name.")
    return int(match_users(library, names)[0][0])


def _require_track(library: Library, track_id: int) -> float | None:
    """The length of a track in seconds, None if unknown; a StageError if there is no such track."""
    row = library.db.execute("SELECT duration_s FROM tracks WHERE id = ?", [track_id]).fetchone()
    if row is None:
        raise StageError(f"There is no track {track_id}.\n\n`cli similar WORDS` finds ids.")
    return None if row[0] is None else float(row[0])


def _require_time(at: float) -> int:
    if not math.isfinite(at) or not 0 <= at <= time.time() + _DAY_S:
        raise StageError(f"{at} is no time of a listen; give the seconds since 1970, until tomorrow.")
    return int(at)
