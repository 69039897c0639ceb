"""Walking folders of music: every file is found once, and none is opened unless its name says nothing."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from earshot.data.files.exclusion import (
    EMPTY_MARKERS,
    MARKERS,
    Rules,
    combined_bounds,
    file_exclusion,
    folder_exclusion,
    pattern_exclusion,
)
from earshot.data.files.regular_files import irregular_kind

BROKEN_LINKS = {  # by the system's error
    errno.ENOENT: "a symbolic link that leads nowhere",
    errno.ELOOP: "a symbolic link that leads back to itself",
}


@dataclass(frozen=True)
class Place:
    """Facts that all files of a folder share."""

    mount: str = "/"  # where the disk begins that they lie on
    rules: tuple[tuple[str, Rules], ...] = ()  # with the folders that they were given for
    patterns: tuple[tuple[str, str], ...] = ()  # those of the rules, each with its folder
    min_duration: float | None = None  # seconds
    max_duration: float | None = None  # seconds

    def under(self, folder: str, rules: Rules) -> "Place":
        """The place below a folder that has rules too: the rules of all folders above a file hold for it."""
        both = (*self.rules, (folder, rules))
        patterns = (*self.patterns, *((folder, pattern) for pattern in rules.exclude))
        return Place(self.mount, both, patterns, *combined_bounds(rules for _, rules in both))


class FoundFile(NamedTuple):  # not a dataclass: there are as many as files, and those take five times as long
    """One file under a root. At most one of `exclusion` and `failure` is set."""

    path: str  # absolute; bytes that are not UTF-8 are surrogates, as os.fsdecode leaves them
    size: int = 0  # bytes
    mtime_ns: int = 0
    exclusion: str | None = None  # why it is left out
    failure: str | None = None  # why it cannot be read
    errno: int | None = None  # of the system's error, where the failure is one
    place: Place = Place()

    @property
    def is_transient(self) -> bool:
        """Whether the failure says nothing about the file: the disk was at fault."""
        return self.errno is not None


def find_files(
    roots: Sequence[str], rules: Mapping[str, Rules] | None = None, skipped_folders: Sequence[str] = ()
) -> Iterator[FoundFile]:
    """Yield every file under `roots` (files or folders), in the order of their names.

    Symbolic links are followed; a folder that was already visited, by whatever name, is not visited again, so
    that links in a circle end. Hidden folders, those of the system and those in `skipped_folders` are not entered.

    Parameters
    ----------
    rules : by absolute folder, or file
        They hold for all that lies below.
    """
    rules = rules or {}
    visited: set[tuple[int, int]] = set()
    seen: set[str] = set()
    for root in roots:
        root = os.path.abspath(root)
        place = Place(mount_above(root))
        for folder in sorted(folder for folder in rules if is_under(root, folder)):
            place = place.under(folder, rules[folder])
        if not os.path.isdir(root):
            found: Iterator[FoundFile] = iter([_examine(root, place, None)])
        else:
            found = _walk(root, place, rules, {os.path.abspath(folder) for folder in skipped_folders}, visited)
        for file in found:
            if file.path not in seen:  # roots may overlap
                seen.add(file.path)
                yield file


def is_under(path: str, folder: str) -> bool:
    """Whether a path is a folder's own or of something in it; both absolute."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _walk(
    root: str, place: Place, rules: Mapping[str, Rules], skipped_folders: set[str], visited: set[tuple[int, int]]
) -> Iterator[FoundFile]:
    # A folder, the device of the one above, what holds for it, and the marker that it or one above holds.
    pending: list[tuple[str, int | None, Place, str | None]] = [(root, None, place, None)]
    while pending:
        folder, device, place, marker = pending.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield _failed(folder, f"the folder cannot be read: {error.strerror}", error, place)
            continue
        if device is not None and device != status.st_dev:
            place = replace(place, mount=folder)
        if folder in rules and folder != root:
            place = place.under(folder, rules[folder])
        markers = {entry.name for entry in entries if _is_marker(entry)}
        marker = marker or min(markers, default=None)
        folders = []
        for entry in entries:
            if _is_folder(entry):
                if folder_exclusion(entry.name) is None and entry.path not in skipped_folders:
                    folders.append((entry.path, status.st_dev, place, marker))
            elif entry.name not in markers:
                yield _examine(entry.path, place, marker, entry)
        pending.extend(reversed(folders))


def _is_marker(entry: os.DirEntry) -> bool:
    if entry.name[0] != ".":  # nearly all: a rescan looks at every name
        return False
    try:
        return entry.name in MARKERS or (entry.name in EMPTY_MARKERS and entry.stat().st_size == 0)
    except OSError:
        return False


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _examine(path: str, place: Place, marker: str | None, entry: os.DirEntry | None = None) -> FoundFile:
    """One file, judged by its name, its status and, when the name tells nothing, its first bytes."""
    try:
        status = entry.stat() if entry else os.stat(path)
    except OSError as error:
        if exclusion := pattern_exclusion(path, place.patterns):
            return FoundFile(path, exclusion=exclusion, place=place)
        return _failed(path, _stat_failure(path, error), error, place)
    size, mtime_ns = status.st_size, status.st_mtime_ns
    if (kind := irregular_kind(status)) is not None:
        return FoundFile(path, size, mtime_ns, failure=f"not a regular file but {kind}", place=place)
    try:
        exclusion = file_exclusion(path, marker, place.patterns)
    except OSError as error:
        return _failed(path, _stat_failure(path, error), error, place)
    return FoundFile(path, size, mtime_ns, exclusion, place=place)


def _failed(path: str, failure: str, error: OSError, place: Place) -> FoundFile:
    return FoundFile(path, failure=failure, errno=error.errno or errno.EIO, place=place)


def _stat_failure(path: str, error: OSError) -> str:
    if error.errno in BROKEN_LINKS and os.path.islink(path):
        return BROKEN_LINKS[error.errno]
    return f"cannot be read: {error.strerror}"


def is_mounted(folder: str) -> bool:
    """Whether a folder lies on another disk than the one that holds it. A link to another disk counts."""
    try:
        return os.stat(folder).st_dev != os.stat(os.path.dirname(folder)).st_dev
    except OSError:
        return False


def mount_above(path: str) -> str:
    """The nearest folder, `path` or one above it, where another disk begins; "/" where none does."""
    while path != os.path.dirname(path) and not is_mounted(path):
        path = os.path.dirname(path)
    return path
