"""Single plays as they were recorded here: listed, the latest first, and taken back."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from earshot.data.events.feedback_events import FeedbackEvent
from earshot.data.events.interactions import LISTEN
from earshot.index.library import Library
from earshot.index.listens.feedback_log import latest_feedback, remove_feedback
from earshot.index.listens.listen_store import stored_listens
from earshot.index.listens.stored_interactions import find_user
from earshot.index.recordings.recordings import recordings_of
from earshot.stages.shared.chosen_tracks import argument_text, chosen_tracks, why_nothing
from earshot.stages.shared.reports import StageError


@dataclass(frozen=True)
class RecordedPlay:
    """A play that a page, a music player or a program told, with the names of its track."""

    listener: str
    listener_id: int
    event: FeedbackEvent
    artist: str | None
    title: str | None

    @property
    def began(self) -> datetime:
        """The time at which the play began, UTC."""
        return datetime.fromtimestamp(self.event.time_s, UTC)

    @property
    def played_s(self) -> float | None:
        """The seconds that were heard; None if nobody measured."""
        return None if self.event.played_ms is None else self.event.played_ms / 1_000


def recorded_plays(
    library: Library,
    track: str | int | None = None,
    listener: str | None = None,
    *,
    since: datetime = datetime.min,
    before: datetime = datetime.max,
    k: int | None = None,
) -> list[RecordedPlay]:
    """Find the plays that were recorded here, the latest first; not those of imports.

    Parameters
    ----------
    track : a seed as of `similar_tracks`: plays of any file of its recordings
    listener : whose plays; None for everybody's
    since, before : the play began in between, by the local clock; without a time zone
    k : the latest so many; None for all

    Raises
    ------
    AmbiguousError
        Several answer to the text.
    StageError, LibraryError
        Nothing answers to it; there is no such listener; or a file of listens is missing or damaged.
    """
    recordings = None if track is None else _recordings_meant(library, argument_text(track))
    with_plays = {one.listener_id for one in stored_listens(library, "track") if one.listener_id is not None}
    listener_ids = sorted(with_plays) if listener is None else [find_user(library, listener)]
    plays = [
        (one, event)
        for one in listener_ids
        for event in latest_feedback(library, one)
        if event.kind == LISTEN and since <= datetime.fromtimestamp(event.time_s) < before
    ]
    if recordings is not None:
        of_tracks = recordings_of(library, [event.track_id for _, event in plays])
        plays = [play for play, recording in zip(plays, of_tracks, strict=True) if recording in recordings]
    plays = sorted(plays, key=lambda play: -play[1].time_s)[:k]
    users = dict(library.db.execute("SELECT id, name FROM users").fetchall())
    query = "SELECT id, artist, title FROM tracks WHERE id IN (SELECT value FROM json_each(?))"
    rows = library.db.execute(query, [json.dumps([event.track_id for _, event in plays])])
    names = {track_id: (artist, title) for track_id, artist, title in rows}
    return [RecordedPlay(users[one], one, event, *names.get(event.track_id, (None, None))) for one, event in plays]


def forget_plays(library: Library, plays: Sequence[RecordedPlay]) -> None:
    """Remove plays that `recorded_plays` found, all or none, as if they had never been.

    The library is open to write since before they were found. Errors of files as of `recorded_plays`.
    """
    by_listener: dict[int, list[FeedbackEvent]] = defaultdict(list)
    for play in plays:
        by_listener[play.listener_id].append(play.event)
    with library.transaction():
        for listener_id, events in by_listener.items():
            remove_feedback(library, listener_id, *events)


def _recordings_meant(library: Library, text: str) -> set[int]:
    selected = chosen_tracks(library, text)
    if selected is None:
        raise StageError(why_nothing(library, text))
    return set(recordings_of(library, selected.ids))
