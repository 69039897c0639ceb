"""Forget an import of listens, or a folder, and renew the indexes of what is left."""

from collections.abc import Generator

from earshot.index import removal
from earshot.index.library import Library
from earshot.index.removal import ForgottenFolder, ForgottenListens
from earshot.stages.shared.indexes import refresh_indexes
from earshot.stages.shared.reports import Progress


def forget_listens(library: Library, listens_id: int) -> Generator[Progress | ForgottenListens, None, None]:
    """Forget an import of listens, with the users and catalog tracks that nothing else names.

    Raises
    ------
    LibraryError
        There is no import of this id.
    """
    try:
        forgotten = removal.forget_listens(library, listens_id)
    finally:  # even then: an earlier try may have been killed before it came to this
        yield from refresh_indexes(library)
    yield forgotten


def forget_folder(library: Library, path: str) -> Generator[Progress | ForgottenFolder, None, None]:
    """Forget a folder, with the tracks that no other folder of the library holds. No file is touched.

    Raises
    ------
    LibraryError
        The library knows no such folder.
    """
    try:
        forgotten = removal.forget_folder(library, path)
    finally:
        yield from refresh_indexes(library)
    yield forgotten
