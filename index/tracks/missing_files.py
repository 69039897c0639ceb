"""Classify known files that a walk did not find: deleted, excluded, or on a disk that is not mounted.

A file is gone if the nearest folder above it that still exists holds other known music, or more than half as many new
files as are missing. Otherwise that folder may be the mount point of a disk that is away, and the file is kept. So it
is below a folder where a disk was mounted before and is not now.
"""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

from earshot.data.files.folder_walk import is_mounted, is_under
from earshot.data.files.skip_rules import path_exclusion


class KnownFile(NamedTuple):  # not a dataclass: there are as many as files, and those take five times as long
    id: int
    path: str
    size: int | None
    mtime_ns: int | None
    ctime_ns: int | None  # None: scanned by an earlier version only
    status: str
    reason: str | None
    duration: float | None
    has_vector: bool  # under the current run, and a fingerprint


@dataclass
class Absence:
    """Classes of the files that were not found."""

    gone: list[KnownFile] = field(default_factory=list)
    excluded: list[tuple[KnownFile, str]] = field(default_factory=list)  # with the rule that excludes them
    kept: dict[int, str | None] = field(default_factory=dict)  # by track id, the path that is away; None: not reached
    emptied: set[str] = field(default_factory=set)  # folders that exist, but without their tracks: new mount points
    found_again: set[str] = field(default_factory=set)  # former mount points that are ordinary folders now


@dataclass
class _Tally:
    """Counts of found and missing files below a folder."""

    n_vanished: int = 0
    n_found: int = 0
    n_known: int = 0  # found files that were known before

    @property
    def is_full(self) -> bool:
        """More than half as many files were found as are missing; a few may have come while the disk was away."""
        return 2 * self.n_found > self.n_vanished

    @property
    def shows_music(self) -> bool:
        """Files were removed from a folder of music; it is no mount point without its disk."""
        return self.n_known > 0 or self.is_full


def classify_missing(
    rows: Iterable[KnownFile],
    roots: Collection[str],
    found: Mapping[str, bool],
    known: Container[str],
    unreadable: Collection[str],
    mount_points: Mapping[str, bool],
) -> Absence:
    """Classify each file below `roots` that was not found.

    Parameters
    ----------
    rows : known files that were not found, also those that were missing before
    found : by path, whether the file is to be embedded
    known : paths of the known files
    unreadable : found paths that cannot be read today; files below them are not gone
    mount_points : folders that may be empty because a disk is away, and whether one was ever mounted there
    """
    absence = Absence()
    is_folder = cache(os.path.isdir)
    found_files = _FilesByFolder(found)
    existing_roots = {root for root in roots if os.path.isdir(root)}
    pending: list[tuple[KnownFile, str]] = []  # with the nearest folder above that exists
    for row in rows:
        above = [root for root in roots if is_under(row.path, root)]
        if not above:
            continue
        if row.path in existing_roots:  # a folder that was left out, and is entered now
            absence.gone.append(row)
            continue
        reason = min((path_exclusion(row.path, root) or "" for root in above), default="")
        folder = next((name for name in _folders_above(row.path) if is_folder(name)), "/")
        while reason and folder not in above and path_exclusion(os.path.join(folder, "file"), above[0]):
            folder = os.path.dirname(folder)
        if unreadable and any(path in unreadable for path in _folders_above(row.path)):
            absence.kept[row.id] = None
        elif not any(root in existing_roots and is_under(folder, root) for root in above):
            absence.kept[row.id] = above[0]
        elif not os.path.lexists(row.path):
            pending.append((row, folder))
        elif reason:
            absence.excluded.append((row, reason))
        elif os.path.isdir(row.path) or row.path in found_files:  # no file any more, or a file under another name
            absence.gone.append(row)
        else:  # its disk came back after the walk, or the walk missed it
            absence.kept[row.id] = None
    near = {
        path: was_mounted
        for path, was_mounted in mount_points.items()
        if any(is_under(path, root) or is_under(root, path) for root in existing_roots)
    }
    if pending or near:
        _classify_by_folder(absence, pending, found, known, near)
    return absence


def _classify_by_folder(
    absence: Absence,
    pending: Sequence[tuple[KnownFile, str]],
    found: Mapping[str, bool],
    known: Container[str],
    mount_points: Mapping[str, bool],
) -> None:
    """Classify missing files by the other files below the folders that exist."""
    for path, was_mounted in mount_points.items():
        if not was_mounted and not os.path.isdir(path) and os.path.isdir(os.path.dirname(path)):
            absence.found_again.add(path)  # the empty folder was removed: its music is gone
    suspects = {path for path in set(mount_points) - absence.found_again if not is_mounted(path)}
    tallies = {folder: _Tally() for folder in {folder for _, folder in pending} | suspects}
    _count(tallies, pending, found, known)
    away = {path for path in suspects if not tallies[path].is_full}
    absence.found_again.update(suspects - away)
    for row, folder in pending:
        disk = next((path for path in _folders_above(row.path) if path in away), None)
        if disk is not None:
            absence.kept[row.id] = disk
        elif tallies[folder].shows_music:
            absence.gone.append(row)
        else:
            absence.kept[row.id] = folder
            absence.emptied.add(folder)


def _count(
    tallies: Mapping[str, _Tally],
    pending: Sequence[tuple[KnownFile, str]],
    found: Mapping[str, bool],
    known: Container[str],
) -> None:
    above: dict[str, list[_Tally]] = {}  # by folder, the tallies that its files count for

    def of_file(path: str) -> list[_Tally]:
        folder = os.path.dirname(path)
        if folder not in above:
            above[folder] = [tallies[name] for name in _folders_above(path) if name in tallies]
        return above[folder]

    for row, _ in pending:
        for tally in of_file(row.path):  # also files that were missing before: an earlier version may have erred
            tally.n_vanished += 1
    for path, is_candidate in found.items() if tallies else ():
        if is_candidate:
            for tally in of_file(path):
                tally.n_found += 1
                tally.n_known += path in known


class _FilesByFolder:
    """Found files by the identity of their folders on the disk: a folder may have several names, by links or case."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = paths
        self._folder_identity = cache(_identity)

    def __contains__(self, path: str) -> bool:
        alike, identity = self._alike.get(self._place(path), ()), _identity(path)
        return identity is not None and any(identity == _identity(other) for other in alike)

    @cached_property
    def _alike(self) -> dict[object, list[str]]:  # rarely needed, and for few files
        alike = defaultdict(list)
        for path in self._paths:
            alike[self._place(path)].append(path)
        return alike

    def _place(self, path: str) -> object:
        folder, name = os.path.split(path)
        return self._folder_identity(folder), unicodedata.normalize("NFC", name).casefold()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folders_above(path: str) -> Iterator[str]:
    """Yield all folders above a path, the nearest first."""
    while path != (path := os.path.dirname(path)):
        yield path
