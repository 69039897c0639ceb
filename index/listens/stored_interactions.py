"""Read all listens of a library as arrays, cached on disk until an import or a link changes."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earshot.data.events.event_arrays import ARRAY_FORMAT, build_arrays, open_arrays
from earshot.data.events.event_log import LogError, played_among
from earshot.data.events.interactions import Interactions
from earshot.data.ids import IdMap
from earshot.index.library import Library, LibraryError
from earshot.index.listens.listen_store import explain_log_errors, listen_files, listens_folder, stored_listens
from earshot.index.recordings.recordings import recording_ids


@dataclass(frozen=True)
class StoredInteractions:
    """Interactions of all imports together, with the ids of their rows."""

    interactions: Interactions
    users: IdMap
    items: IdMap  # tracks; a linked catalog track is the track of its file
    key: str  # changes with listens and recordings


def read_interactions(library: Library) -> StoredInteractions:
    """Read the listens to tracks; after an import or a link, build the arrays again, as readers may.

    Raises
    ------
    LibraryError
        There are none, or a file is missing.
    """
    files = listen_files(library, "track")
    if not files:
        hint = "; those to artists are for `cli build-graph`" if stored_listens(library) else ""
        raise LibraryError(
            f"This library has no listens to tracks yet{hint}.\n\n"
            "Run `cli import-listens FILE` first; `cli import-listens --help` says which files it reads."
        )
    linked = recording_ids(library)
    key = _key(library, "track", linked)  # of the same recordings as the arrays
    folder = listens_folder(library) / f"arrays-track-{key}"
    if not folder.is_dir():
        try:
            with explain_log_errors():
                build_arrays(folder, files, "track", linked)
        except OSError:
            if not folder.is_dir():  # else another process has built them
                raise
        for other in folder.parent.glob("arrays-track-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    try:
        return StoredInteractions(*open_arrays(folder), key)
    except (FileNotFoundError, ValueError):  # damaged: build them again
        shutil.rmtree(folder)
        with explain_log_errors():
            build_arrays(folder, files, "track", linked)
            try:
                return StoredInteractions(*open_arrays(folder), key)
            except ValueError as error:
                shutil.rmtree(folder)
                raise LogError(f"the listens say what no import writes ({error})") from None


def listening_key(library: Library, level: str = "track") -> str:
    """Key of all listens today; it changes with imports and, for tracks, with recordings."""
    return _key(library, level, recording_ids(library, level))


def _key(library: Library, level: str, linked: Mapping[int, int]) -> str:
    imports = []
    for listens in stored_listens(library, level):
        path = listens_folder(library) / listens.file
        if path.is_file():
            imports.append((listens.file, listens.imported, path.stat().st_size))
    state = json.dumps([ARRAY_FORMAT, imports, sorted(linked.items())])
    return hashlib.blake2b(state.encode(), digest_size=8).hexdigest()


def listened_among(library: Library, track_ids: Sequence[int]) -> list[int]:
    """Select the tracks that events name, not their recordings."""
    files = listen_files(library, "track") if track_ids else []
    with explain_log_errors():
        return played_among(files, "track", track_ids) if files else []


def find_user(library: Library, name: str) -> int:
    """Find the id of a user.

    Raises
    ------
    LibraryError
        There is no user of this name; the message names some users.
    """
    user_id: int | None = library.value("SELECT id FROM users WHERE name = ?", [name])
    if user_id is not None:
        return user_id
    n = library.value("SELECT count(*) FROM users")
    names = ", ".join(library.column("SELECT name FROM users ORDER BY name LIMIT 5"))
    known = f"among {n:,} there are {names}" if n > 5 else f"there are {names}" if n else "nobody is known"
    raise LibraryError(
        f"No listener is called {name!r}; {known}.\n\nFor somebody else use `cli recommend --like TRACK`."
    )
