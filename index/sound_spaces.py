"""The spaces that tell how tracks sound: the ear's own, and those that a data set brought along."""

from index.diffused import DIFFUSED
from index.library import Library, LibraryError
from index.spaces import current_space, spaces
from index.tower_store import TOWER
from index.track_store import AUDIO


def sound_space(library: Library, asked: str | None = None) -> str | None:
    """The space of sound that is asked for, else the ear's own, else the one that was brought; None where none is.

    Raises
    ------
    LibraryError
        What is asked for is not there, or is made from other spaces.
    """
    there = {name for name in spaces(library) if name not in (DIFFUSED, TOWER) and _has_vectors(library, name)}
    if asked is None:
        return AUDIO if AUDIO in there else min(there, default=None)
    if asked not in there:
        raise LibraryError(
            f"This library has no space of sound called {asked!r}; it has {', '.join(sorted(there)) or 'none'}.\n\n"
            "Run `cli embed-audio FOLDER`, or import a data set with its vectors."
        )
    return asked


def sound_mark(library: Library, space: str | None) -> str | None:
    """What a space's vectors were made by: they are others where it is another."""
    if space is None or space == AUDIO:
        return library.current_fingerprint()
    current = current_space(library, space)
    return None if current is None else f"run {current.run_id}"


def _has_vectors(library: Library, space: str) -> bool:
    return library.db.execute("SELECT 1 FROM current_vectors WHERE space = ? LIMIT 1", [space]).fetchone() is not None
