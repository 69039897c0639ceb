"""All listens of a library as arrays for training, kept until something changes."""

import hashlib
import json
import shutil
from dataclasses import dataclass

import numpy as np

from data.ids import IdMap
from data.listen_arrays import build_arrays, open_arrays
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
    stands_for = links(library) if level == "track" else {}
    imports = [(listens.file, listens.imported) for listens in stored_listens(library) if listens.level == level]
    state = json.dumps([imports, [path.stat().st_size for path in files], sorted(stands_for.items())])
    key = hashlib.blake2b(state.encode(), digest_size=8).hexdigest()
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


def listened_ids(library: Library) -> list[int]:
    """The tracks that anybody listened to; none where the library has no listens."""
    if not listen_files(library, "track"):
        return []
    items = read_listening(library).items
    return items.ids(np.arange(len(items))).tolist()
