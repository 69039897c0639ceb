"""The spaces that tell how tracks sound: the ear's own, and those that a data set brought along."""

from earshot.index.library import Library, LibraryError
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, current_space, spaces


def sound_space(library: Library, asked: str | None = None) -> str | None:
    """The space of sound that is asked for, else that of the most tracks, of equals the ear's own; None without any.

    Raises
    ------
    LibraryError
        What is asked for is not there, or is made from other spaces.
    """
    there = _sizes(library)
    if asked is None:
        return max(there, key=lambda name: (there[name], name == AUDIO), default=None)
    if asked not in there:
        raise LibraryError(
            f"This library has no space of sound called {asked!r}; it has {', '.join(sorted(there)) or 'none'}.\n\n"
            "Run `cli embed-audio FOLDER`, or import a data set with its vectors."
        )
    return asked


def vector_fingerprint(library: Library, space: str | None) -> str | None:
    """What a space's vectors were made by: they are others where it is another."""
    if space is None or space == AUDIO:
        return library.current_fingerprint()
    current = current_space(library, space)
    return None if current is None else f"run {current.run_id}"


def _sizes(library: Library) -> dict[str, int]:
    """How many vectors each space of sound has; without those that have none."""
    query = "SELECT count(*) FROM vectors AS v JOIN spaces AS s USING (space, run_id) WHERE v.space = ?"
    names = [name for name in spaces(library) if name not in (DIFFUSED, TOWER)]
    sizes = {name: library.db.execute(query, [name]).fetchone()[0] for name in names}
    return {name: n for name, n in sizes.items() if n}
