"""Files that are reached by two names: links, a folder given twice, a mount seen from two places."""

import os
from collections import defaultdict
from collections.abc import Iterable

SAME_FILE = "the same file as "  # opens the reason of an excluded file; the other path follows


class FilesByStamp:
    """Paths by size in bytes and time in ns, which two names of one file share; those of known files come first."""

    def __init__(self, known: Iterable[tuple[str, int | None, int | None]] = ()) -> None:
        self._paths: defaultdict[tuple[int | None, int | None], list[str]] = defaultdict(list)
        for path, size, mtime_ns in known:
            self._paths[size, mtime_ns].append(path)

    def add(self, path: str, size: int, mtime_ns: int) -> None:
        """Let a file stand for its later names."""
        paths = self._paths[size, mtime_ns]
        if path not in paths:
            paths.append(path)

    def earlier_name(self, path: str, size: int, mtime_ns: int) -> str | None:
        """The name under which the file of a path was found before; None if it was not.

        A name that comes later in the order of known ones is no earlier one.
        """
        for other in self._paths.get((size, mtime_ns), ()):
            if other == path:
                return None
            if _is_same_file(path, other):
                return other
        return None


def _is_same_file(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
