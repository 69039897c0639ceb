"""Known files that a walk did not find: gone, or only away with their disk?

A file is gone when its folder, or the nearest one above that is still there, holds other music that was known before,
or more than half as many new files. A folder that holds nothing of the kind may be the mount point of a disk that is
away, like one where another disk was seen before and is not today: what was under it is kept.
"""

import os
import unicodedata
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from earshot.data.files.exclusion import path_exclusion
from earshot.data.files.folder_walk import is_mounted, is_under


class KnownFile(NamedTuple):  # not a dataclass: there are as many as files, and those take five times as long
    id: int
    path: str
    size: int | None
    mtime_ns: int | None
    status: str
    reason: str | None
    duration: float | None
    content_hash: str | None
    has_vector: bool  # under the current run


@dataclass
class Absence:
    """Verdicts on the files that were not found."""

    gone: list[KnownFile] = field(default_factory=list)
    excluded: list[tuple[KnownFile, str]] = field(default_factory=list)  # with the reason: no walk comes there
    kept: dict[int, str | None] = field(default_factory=dict)  # by track id what is away; None: it was not reached
    emptied: set[str] = field(default_factory=set)  # of these folders those that are there, but without their tracks
    found_again: set[str] = field(default_factory=set)  # mount points that are ordinary folders now


@dataclass
class _Tally:
    """Counts of the files that were found below a folder, and of those that were not."""

    n_vanished: int = 0
    n_found: int = 0
    n_known: int = 0  # of the found

    @property
    def is_full(self) -> bool:
        """Whether more than a few files lie here; a single one may have come while the disk was away."""
        return 2 * self.n_found > self.n_vanished

    @property
    def shows_music(self) -> bool:
        """Whether this is a folder of music where files were taken away, and no mount point without its disk."""
        return self.n_known > 0 or self.is_full


def judge_vanished(
    rows: Iterable[KnownFile],
    roots: Collection[str],
    found: Mapping[str, bool],
    known: Container[str],
    unreadable: Collection[str],
    mount_points: Mapping[str, bool],
) -> Absence:
    """Say of each file below `roots` that was not found what became of it.

    Parameters
    ----------
    rows : known files that were not found, also those that were missing before
    found : by path, whether it is a file to be heard
    known : paths of the known files
    unreadable : found paths that cannot be read today; what lay below them is not gone
    mount_points : folders that may be empty because a disk is away, and whether one was ever seen there
    """
    verdict = Absence()
    standing = _StandingFolders()
    found_files = _FilesByFolder(found)
    there = {root for root in roots if os.path.isdir(root)}
    pending: list[tuple[KnownFile, str]] = []  # with the nearest folder above that is still there
    for row in rows:
        above = [root for root in roots if is_under(row.path, root)]
        if not above:
            continue
        reason = min((path_exclusion(row.path, root) or "" for root in above), default="")
        folder = standing.above(row.path)
        while reason and folder not in above and path_exclusion(os.path.join(folder, "file"), above[0]):
            folder = os.path.dirname(folder)
        if unreadable and any(path in unreadable for path in _folders_above(row.path)):
            verdict.kept[row.id] = None
        elif not any(root in there and is_under(folder, root) for root in above):
            verdict.kept[row.id] = above[0]
        elif not os.path.lexists(row.path):
            pending.append((row, folder))
        elif reason:
            verdict.excluded.append((row, reason))
        elif os.path.isdir(row.path) or row.path in found_files:  # no file any more, or one of another name
            verdict.gone.append(row)
        else:  # its disk came back after the walk, or the listing lacked it
            verdict.kept[row.id] = None
    near = {
        path: was_mounted
        for path, was_mounted in mount_points.items()
        if any(is_under(path, root) or is_under(root, path) for root in there)
    }
    if pending or near:
        _judge_by_folder(verdict, pending, found, known, near)
    return verdict


def _judge_by_folder(
    verdict: Absence,
    pending: Sequence[tuple[KnownFile, str]],
    found: Mapping[str, bool],
    known: Container[str],
    mount_points: Mapping[str, bool],
) -> None:
    """Judge by what else lies below the folders that are still there."""
    for path, was_mounted in mount_points.items():
        if not was_mounted and not os.path.isdir(path) and os.path.isdir(os.path.dirname(path)):
            verdict.found_again.add(path)  # somebody has taken the empty folder away: its music is gone
    suspects = {path for path in set(mount_points) - verdict.found_again if not is_mounted(path)}
    tallies = {folder: _Tally() for folder in {folder for _, folder in pending} | suspects}
    _count(tallies, pending, found, known)
    away = {path for path in suspects if not tallies[path].is_full}
    verdict.found_again.update(suspects - away)
    for row, folder in pending:
        disk = next((path for path in _folders_above(row.path) if path in away), None)
        if disk is not None:
            verdict.kept[row.id] = disk
        elif tallies[folder].shows_music:
            verdict.gone.append(row)
        else:
            verdict.kept[row.id] = folder
            verdict.emptied.add(folder)


def _count(
    tallies: Mapping[str, _Tally],
    pending: Sequence[tuple[KnownFile, str]],
    found: Mapping[str, bool],
    known: Container[str],
) -> None:
    above: dict[str, list[_Tally]] = {}  # by folder the tallies that its files count for

    def of_file(path: str) -> list[_Tally]:
        folder = os.path.dirname(path)
        if folder not in above:
            above[folder] = [tallies[name] for name in _folders_above(path) if name in tallies]
        return above[folder]

    for row, _ in pending:
        for tally in of_file(row.path):  # also what was missing before: an earlier version may have missed it wrongly
            tally.n_vanished += 1
    for path, is_candidate in found.items() if tallies else ():
        if is_candidate:
            for tally in of_file(path):
                tally.n_found += 1
                tally.n_known += path in known


class _StandingFolders:
    """The nearest folder above a path that is there today; every folder is looked at once."""

    def __init__(self) -> None:
        self._is_there: dict[str, bool] = {}

    def above(self, path: str) -> str:
        for folder in _folders_above(path):
            if folder not in self._is_there:
                self._is_there[folder] = os.path.isdir(folder)
            if self._is_there[folder]:
                return folder
        return "/"


class _FilesByFolder:
    """Found files by what their folders are on the disk: one may have several names, through links or letters."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = paths
        self._identities: dict[str, tuple[int, int] | None] = {}  # by name of a folder

    def __contains__(self, path: str) -> bool:
        return any(_is_same_file(path, other) for other in self._alike.get(self._place(path), ()))

    @cached_property
    def _alike(self) -> dict[object, list[str]]:  # hardly ever needed, and then for few files
        alike: dict[object, list[str]] = {}
        for path in self._paths:
            alike.setdefault(self._place(path), []).append(path)
        return alike

    def _place(self, path: str) -> object:
        folder, name = os.path.split(path)
        if folder not in self._identities:
            self._identities[folder] = _identity(folder)
        return self._identities[folder], unicodedata.normalize("NFC", name).casefold()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_same_file(path: str, other: str) -> bool:
    identity = _identity(path)
    return identity is not None and identity == _identity(other)


def _folders_above(path: str) -> Iterator[str]:
    """All folders above a path, the nearest first."""
    while path != (path := os.path.dirname(path)):
        yield path
