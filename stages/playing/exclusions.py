"""Leave chosen tracks out of lists, and list what is left out."""

from typing import Any

from earshot.index.library import Library
from earshot.index.listens.stored_interactions import find_user
from earshot.index.recordings.never_list import exclude_track, include_track
from earshot.index.tracks.track_lookup import track_rows
from earshot.stages.playing.feedback import listener_id, never_recommended
from earshot.stages.shared.chosen_tracks import argument_text, chosen_tracks, why_nothing
from earshot.stages.shared.reports import StageError


def exclude_or_include(library: Library, track: str | int, listener: str | None, *, undo: bool = False) -> list[str]:
    """Exclude the tracks that a text means, or take their exclusion back, all or nothing; return their names.

    Those whose exclusion did not change are not among them.

    Raises
    ------
    AmbiguousError
        Several answer to the text.
    StageError, LibraryError
        Nothing answers to it; or there is no such listener to take something back for.
    """
    text = argument_text(track)
    selected = chosen_tracks(library, text)
    if selected is None:
        raise StageError(why_nothing(library, text))
    user_id = find_user(library, listener) if undo and listener is not None else None
    with library.transaction():
        if not undo and listener is not None:
            user_id = listener_id(library, listener)
        change = include_track if undo else exclude_track
        return [row.name for row in selected.tracks if change(library, row.id, user_id)]


def listed_exclusions(library: Library, listener: str | None = None) -> list[dict[str, Any]]:
    """Rows of all exclusions, or of those that the lists of a listener heed, the latest first.

    Raises
    ------
    LibraryError
        There is no such listener.
    """
    found = never_recommended(library, listener)
    names = dict(library.db.execute("SELECT id, name FROM users").fetchall())
    tracks = track_rows(library, [one.track_id for one in found])
    return [
        {
            "id": one.track_id,
            "artist": tracks[one.track_id].artist,
            "title": tracks[one.track_id].title,
            "listener": None if one.user_id is None else names[one.user_id],
            "since": one.since,
        }
        for one in found
    ]
