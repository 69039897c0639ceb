"""Leave chosen tracks out of lists, and list what is left out."""

import json
from typing import Any

from earshot.index.library import Library
from earshot.index.listens.stored_interactions import find_user
from earshot.index.recordings.never_list import exclude_track, include_track
from earshot.stages.playing.feedback import listener_id, never_recommended
from earshot.stages.shared.chosen_tracks import argument_text, chosen_tracks, why_nothing
from earshot.stages.shared.reports import StageError

# The best file of the recording of each of some tracks; the track itself may be gone.
_SHOWN = """
    SELECT r.track_id, t.id, t.artist, t.title FROM recordings AS r
    JOIN recordings AS best ON best.recording_id = r.recording_id AND best.is_best
    JOIN tracks AS t ON t.id = best.track_id
    WHERE r.track_id IN (SELECT value FROM json_each(?))
"""


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
    """Rows of all exclusions, or of those that the lists of a listener heed, the latest first, by the best files.

    Raises
    ------
    LibraryError
        There is no such listener.
    """
    found = never_recommended(library, listener)
    names = dict(library.db.execute("SELECT id, name FROM users").fetchall())
    rows = library.db.execute(_SHOWN, [json.dumps([one.track_id for one in found])])
    tracks = {track_id: dict(zip(("id", "artist", "title"), row, strict=True)) for track_id, *row in rows}
    return [
        tracks[one.track_id] | {"listener": None if one.user_id is None else names[one.user_id], "since": one.since}
        for one in found
    ]
