"""Read all listens of a library as arrays, cached on disk until an import, a play or a link changes."""

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earshot.data.events.event_arrays import ARRAY_FORMAT, build_arrays, open_arrays, read_user
from earshot.data.events.event_log import LogError, played_among
from earshot.data.events.feedback_events import OPINIONS
from earshot.data.events.interactions import Interactions, disliked_pairs
from earshot.data.ids import IdMap
from earshot.index.library import Library, LibraryError
from earshot.index.listens.listen_store import (
    explain_log_errors,
    listen_files,
    listens_folder,
    read_whole,
    stored_listens,
)
from earshot.index.recordings.never_list import never_recordings
from earshot.index.recordings.recordings import recording_ids, same_names

_KEY = re.compile(r"([0-9a-f]+)(?:\+(\d{1,15})\.[0-9a-f]+)?", re.ASCII)


@dataclass(frozen=True)
class StoredInteractions:
    """Interactions of all imports together, with the ids of their rows."""

    interactions: Interactions
    users: IdMap
    items: IdMap  # tracks; a linked catalog track is the track of its file
    key: str  # changes with listens and recordings


def read_interactions(library: Library, *, may_lag: bool = False) -> StoredInteractions:
    """Read the listens to tracks; after an import, a play or a link, build the arrays again, as readers may.

    With `may_lag` the arrays may lack what was played here since they were built: a recommendation that asks for the
    popularity of tracks does not wait for all listens to be read again after each song.

    Raises
    ------
    LibraryError
        There are none, or a file is missing.
    """
    return read_whole(library, lambda: _read_interactions(library, may_lag))


def _read_interactions(library: Library, may_lag: bool) -> StoredInteractions:
    files = _track_files(library)
    linked, songs = recording_ids(library), same_names(library)
    key = _key(library, "track", linked, songs)  # of the same recordings as the arrays
    folder = listens_folder(library) / f"arrays-track-{key}"
    if may_lag and not folder.is_dir():
        for lagging in sorted(folder.parent.glob(f"arrays-track-{key.partition('+')[0]}*")):
            with suppress(OSError, ValueError):  # another process may have removed or not yet finished it
                return StoredInteractions(*open_arrays(lagging), lagging.name.removeprefix("arrays-track-"))
    if not folder.is_dir():
        try:
            with explain_log_errors():
                build_arrays(folder, files, "track", linked, songs)
        except OSError:
            if not folder.is_dir():  # else another process has built them
                raise
        for other in folder.parent.glob("arrays-track-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    try:
        return StoredInteractions(*open_arrays(folder), key)
    except (FileNotFoundError, ValueError):  # damaged: build them again
        shutil.rmtree(folder, ignore_errors=True)  # or removed by another process, for newer ones
        with explain_log_errors():
            build_arrays(folder, files, "track", linked, songs)
            try:
                return StoredInteractions(*open_arrays(folder), key)
            except ValueError as error:
                shutil.rmtree(folder)
                raise LogError(f"the listens say what no import writes ({error})") from None


def read_history(library: Library, user_id: int, kinds: Collection[int] | None = None) -> dict[str, np.ndarray]:
    """Read the events of one user, those of a moment ago too, in the time that only these take; of some kinds, or all.

    Returns
    -------
    item_ids, times, weights, kinds : shape (n_events,) each, by time; the items are recordings

    Raises as `read_interactions` does.
    """

    def read() -> dict[str, np.ndarray]:
        with explain_log_errors():
            files = _track_files(library, user_id)
            return read_user(files, "track", user_id, recording_ids(library), same_names(library), kinds)

    return read_whole(library, read)


def unwanted_recordings(library: Library, user_id: int | None = None) -> np.ndarray:
    """The recordings that no list may hold, (n,) int64, rising; with a user, also what they dislike or excluded."""
    never = np.array(never_recordings(library, user_id), dtype=np.int64)
    if user_id is None or not stored_listens(library, "track"):
        return never
    history = read_history(library, user_id, OPINIONS)
    users = np.zeros(len(history["kinds"]), dtype=np.int32)
    return np.union1d(never, disliked_pairs(users, history["item_ids"], history["kinds"])[1])


def _track_files(library: Library, user_id: int | None = None) -> list[Path]:
    if not stored_listens(library, "track"):
        hint = "; those to artists are for `cli build-graph`" if stored_listens(library) else ""
        raise LibraryError(
            f"This library has no listens to tracks yet{hint}.\n\n"
            "Run `cli import-listens FILE` first; `cli import-listens --help` says which files it reads."
        )
    return listen_files(library, "track", user_id)


def listening_key(library: Library, level: str = "track") -> str:
    """Key of all listens today; it changes with imports, with feedback and, for tracks, with recordings."""
    return _key(library, level, recording_ids(library, level), same_names(library, level))


def n_told_since(earlier: object, today: str) -> int | None:
    """Number of events that were told here between two keys of listens; None if imports or recordings differ, too.

    The earlier key is what a run recorded, which may be anything.

    >>> n_told_since("0a1b+12.77", "0a1b+15.c0")
    3
    """
    then, told = (_KEY.fullmatch(key) if isinstance(key, str) else None for key in (earlier, today))
    if then is None or told is None or then[1] != told[1]:
        return None
    n_told = int(told[2] or 0) - int(then[2] or 0)
    return n_told if n_told >= 0 else None


def _key(library: Library, level: str, linked: Mapping[int, int], songs: Mapping[int, int]) -> str:
    """A hash of imports and links; after it, where feedback was told here, its number of events and another hash."""
    imports: list[tuple[str, str, int]] = []
    told: list[tuple[str, str, int]] = []
    n_told = 0
    for listens in stored_listens(library, level):
        path = listens_folder(library) / listens.file
        if not path.is_file():
            continue
        state = (listens.file, listens.imported, path.stat().st_size)
        if listens.listener_id is None:
            imports.append(state)
        else:
            told.append(state)
            n_told += listens.n_events
    key = _digest([ARRAY_FORMAT, imports, sorted(linked.items()), sorted(songs.items())])
    return f"{key}+{n_told}.{_digest(told)[:8]}" if told else key


def _digest(state: object) -> str:
    return hashlib.blake2b(json.dumps(state).encode(), digest_size=8).hexdigest()


def listened_among(library: Library, track_ids: Sequence[int]) -> list[int]:
    """Select the tracks that events name, not their recordings."""
    files = listen_files(library, "track") if track_ids else []
    with explain_log_errors():
        return played_among(files, "track", track_ids) if files else []


def known_user(library: Library, name: str | None) -> int | None:
    """The id of a user; None for nobody, and for a name that is new."""
    user_id: int | None = library.value("SELECT id FROM users WHERE name = ?", [name])
    return user_id


def find_user(library: Library, name: str) -> int:
    """Find the id of a user.

    Raises
    ------
    LibraryError
        There is no user of this name; the message names some users.
    """
    user_id = known_user(library, name)
    if user_id is not None:
        return user_id
    n = library.value("SELECT count(*) FROM users")
    names = ", ".join(library.column("SELECT name FROM users ORDER BY name LIMIT 5"))
    known = f"among {n:,} there are {names}" if n > 5 else f"there are {names}" if n else "nobody is known"
    raise LibraryError(
        f"No listener is called {name!r}; {known}.\n\nFor somebody else use `cli recommend --like TRACK`."
    )
