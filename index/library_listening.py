"""All listens of a library as arrays for training, kept until something changes."""

import hashlib
import json
import shutil
from dataclasses import dataclass

import numpy as np

from data.ids import IdMap
from data.listen_arrays import MADE, build_arrays, open_arrays
from data.listening import Listening
from index.library import Library, LibraryError
from index.linking import links
from index.listen_store import listen_files, listens_folder, stored_listens


@dataclass(frozen=True)
class LibraryListening:
    """Listens of every import together, and whose ids their rows are."""

    listening: Listening
    users: IdMap
    items: IdMap  # tracks, or artists; a linked catalog track is its file's track
    key: str  # another for other listens


def read_listening(library: Library, level: str = "track") -> LibraryListening:
    """The listens to tracks, or to artists. Made anew after an import or a link, which a reader may do as well.

    Raises
    ------
    LibraryError
        There are none, or their file is gone.
    """
    files = listen_files(library, level)
    if not files:
        raise LibraryError(
            f"This library has no listens to {level}s yet.\n\n"
            "Run `cli import-listens FILE` first; `cli import-listens --help` says which files it reads."
        )
    key, stands_for = listening_key(library, level), _stands_for(library, level)
    folder = listens_folder(library) / f"arrays-{level}-{key}"
    if not folder.is_dir():
        try:
            build_arrays(folder, files, level, stands_for)
        except OSError:
            if not folder.is_dir():  # else another process was quicker
                raise
        for other in folder.parent.glob(f"arrays-{level}-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    return LibraryListening(*open_arrays(folder), key)


def listening_key(library: Library, level: str = "track") -> str:
    """Of all listens as they are now: another after an import, and for tracks after a link."""
    imports = []
    for listens in stored_listens(library):
        path = listens_folder(library) / listens.file
        if listens.level == level and path.is_file():
            imports.append((listens.file, listens.imported, path.stat().st_size))
    state = json.dumps([MADE, imports, sorted(_stands_for(library, level).items())])
    return hashlib.blake2b(state.encode(), digest_size=8).hexdigest()


def _stands_for(library: Library, level: str) -> dict[int, int]:
    return links(library) if level == "track" else {}


def listened_ids(library: Library) -> list[int]:
    """The tracks that anybody listened to; none where the library has no listens."""
    if not listen_files(library, "track"):
        return []
    items = read_listening(library).items
    return items.ids(np.arange(len(items))).tolist()
