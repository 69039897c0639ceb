"""Feedback that listeners give while music plays, kept among the listens: one growing file for a listener and a year.

A file is written anew for each event, under a new name, before the table `listens` names it: a kill leaves the earlier
one. That is removed with the next event but one, so that whoever began to read it can end.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

from earshot.data.events.feedback_events import Feedback, FeedbackEvent
from earshot.data.files.atomic import atomic_path
from earshot.index.library import Library, LibraryError, now
from earshot.index.listens.listen_store import StoredListens, explain_log_errors, listens_folder, stored_listens
from earshot.index.manifest import LISTENS, earlier_state, later_state, listens_fix, record


def feedback_files(library: Library, user_id: int) -> list[StoredListens]:
    """The files of feedback of one listener, the oldest year first."""
    files = [one for one in stored_listens(library, "track") if one.listener_id == user_id]
    return sorted(files, key=lambda one: one.year or 0)


def add_feedback(library: Library, user_id: int, *events: FeedbackEvent) -> bool:
    """Add events to the feedback of a listener; tell whether any is news. The caller holds the transaction.

    Raises
    ------
    LibraryError
        The file of this listener and year is missing or damaged.
    """
    by_year = _by_year(events).items()
    return any([_rewrite(library, user_id, year, partial(_with_events, library, told)) for year, told in by_year])


def _with_events(library: Library, events: Iterable[FeedbackEvent], feedback: Feedback) -> Feedback | None:
    """Feedback with those of the events that are news; None if none is."""
    before = feedback
    for event in events:
        length_s = library.value("SELECT duration_s FROM tracks WHERE id = ?", [event.track_id])
        feedback = feedback.with_event(event, length_s) or feedback
    return None if feedback is before else feedback


def remove_feedback(library: Library, user_id: int, *events: FeedbackEvent) -> bool:
    """Remove events from the feedback of a listener; tell whether any was there. The caller holds the transaction.

    Raises as `add_feedback` does.
    """
    by_year = _by_year(events).items()
    return any(
        [_rewrite(library, user_id, year, partial(Feedback.without_events, events=gone)) for year, gone in by_year]
    )


def latest_feedback(library: Library, user_id: int, n: int | None = None) -> list[FeedbackEvent]:
    """The last n events that a listener told here, or all, the latest first."""
    latest: list[FeedbackEvent] = []
    for listens in feedback_files(library, user_id)[::-1]:
        if n is None or len(latest) < n:
            latest += _read(library, listens, user_id).latest(listens.n_events if n is None else n - len(latest))
    return latest


def _by_year(events: Iterable[FeedbackEvent]) -> Mapping[int, list[FeedbackEvent]]:
    """Events by the file that keeps them: that of their year, UTC."""
    by_year: dict[int, list[FeedbackEvent]] = defaultdict(list)
    for event in events:
        by_year[datetime.fromtimestamp(event.time_s, UTC).year].append(event)
    return by_year


def _rewrite(library: Library, user_id: int, year: int, change: Callable[[Feedback], Feedback | None]) -> bool:
    """Write what a change makes of a file of feedback in its place; None leaves it as it is."""
    known = next((one for one in feedback_files(library, user_id) if one.year == year), None)
    feedback = change(_read(library, known, user_id))
    if feedback is None:
        return False
    if known is not None and not len(feedback):
        library.db.execute("DELETE FROM listens WHERE id = ?", [known.id])
        return True
    folder = listens_folder(library)
    path = folder / (f"{uuid.uuid4().hex}.1.parquet" if known is None else later_state(known.file))
    if known is not None and (unread := earlier_state(known.file)):
        (folder / unread).unlink(missing_ok=True)  # before the folder is synced for the new file
        library.db.execute("DELETE FROM kept_files WHERE name = ?", [f"{LISTENS}/{unread}"])
    with atomic_path(path) as temporary:
        feedback.write(temporary)
    facts = {"file": path.name, "n_events": len(feedback), "n_items": feedback.n_tracks, "imported": now()}
    if known is None:
        name = library.value("SELECT name FROM users WHERE id = ?", [user_id])
        facts |= {"content_hash": uuid.uuid4().hex, "origin": f"played here by {name}, {year}", "level": "track"}
        facts |= {"n_users": 1, "n_malformed": 0, "options": "[]", "listener_id": user_id, "year": year}
        library.insert("listens", ", ".join(facts), [tuple(facts.values())])
    else:
        changes = ", ".join(f"{column} = ?" for column in facts)
        library.db.execute(f"UPDATE listens SET {changes} WHERE id = ?", [*facts.values(), known.id])
    record(library, path, is_ours=True)
    return True


def _read(library: Library, listens: StoredListens | None, user_id: int) -> Feedback:
    if listens is None:
        return Feedback.read(None, user_id)
    path = library.file(listens.file, LISTENS)
    fix = f"Restore it from a backup, or run `{listens_fix(library, listens.id, listens.file, listens.origin, None)}`."
    if not path.is_file():
        raise LibraryError(f"{path} is missing.\n\n{fix}")
    with explain_log_errors(fix):
        return Feedback.read(path, user_id)
