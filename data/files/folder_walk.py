"""Walks through folders of music: each file is listed once, and opened only if its name has no suffix."""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from earshot.data.files.cue_sheets import CueTrack, is_cue_sheet, sheet_path, split_files
from earshot.data.files.regular_files import irregular_kind
from earshot.data.files.skip_rules import (
    EMPTY_MARKERS,
    MARKERS,
    Rules,
    combined_bounds,
    file_exclusion,
    folder_exclusion,
    is_hidden,
    pattern_exclusion,
)

BROKEN_LINKS = {  # by the system's error
    errno.ENOENT: "a symbolic link that leads nowhere",
    errno.ELOOP: "a symbolic link that leads back to itself",
}


@dataclass(frozen=True)
class FolderContext:
    """Disk and rules that hold for all files of a folder."""

    mount: str = "/"  # the folder in which their disk is mounted
    rules: tuple[tuple[str, Rules], ...] = ()  # each with its folder
    patterns: tuple[tuple[str, str], ...] = ()  # of all rules, each with its folder
    min_duration: float | None = None  # seconds
    max_duration: float | None = None  # seconds

    def with_rules(self, folder: str, rules: Rules) -> "FolderContext":
        """The context below a folder with rules of its own, which are added to those of the folders above."""
        both = (*self.rules, (folder, rules))
        patterns = (*self.patterns, *((folder, pattern) for pattern in rules.exclude))
        return FolderContext(self.mount, both, patterns, *combined_bounds(rules for _, rules in both))


class FoundFile(NamedTuple):  # not a dataclass, which takes five times as long to make: there is one per file
    """One file under a root, or a folder that was not entered. At most one of `exclusion` and `failure` is set."""

    path: str  # absolute; bytes that are not UTF-8 are surrogates, as os.fsdecode leaves them
    size: int = 0  # bytes
    mtime_ns: int = 0
    ctime_ns: int = 0  # of the last change of content, name or permissions; no program can set it
    exclusion: str | None = None  # the reason
    failure: str | None = None  # the reason that it cannot be read
    errno: int | None = None  # of the failure, if it is an error of the system
    context: FolderContext = FolderContext()
    is_folder: bool = False  # it is excluded with all below it, and was not entered

    @property
    def is_transient(self) -> bool:
        """Whether the failure is one of the disk, which says nothing about the file."""
        return self.errno is not None


def find_files(
    roots: Sequence[str], rules: Mapping[str, Rules] | None = None, skipped_folders: Sequence[str] = ()
) -> Iterator[FoundFile]:
    """Yield every file under `roots` (files or folders), in the order of their names.

    Symbolic links are followed. A folder is visited once under any of its names, so circles of links end. Hidden
    folders and folders of the system are not entered, but yielded; `skipped_folders` are neither. What is among
    `roots` or in `rules` was given by somebody: it may be hidden, and markers in it or above it do not exclude it.

    Parameters
    ----------
    rules : by absolute path of a folder or file
        Rules hold for all files below.
    """
    rules = {os.path.abspath(root): Rules() for root in roots} | dict(rules or {})
    visited: set[tuple[int, int]] = set()
    seen: set[str] = set()
    for root in (*map(os.path.abspath, roots), *filter(os.path.lexists, given_below(roots, rules))):
        context = FolderContext(mount_above(root))
        for folder in sorted(folder for folder in rules if is_under(root, folder)):
            context = context.with_rules(folder, rules[folder])
        if not os.path.isdir(root):
            files: Iterator[FoundFile] = _examine_named(root, context)
        else:
            files = _walk(root, context, rules, {os.path.abspath(folder) for folder in skipped_folders}, visited)
        for file in files:
            if file.path not in seen:  # roots may overlap
                seen.add(file.path)
                yield file


def given_below(roots: Sequence[str], given: Iterable[str]) -> list[str]:
    """The paths of `given` that lie below one of `roots`, and are none of them."""
    roots = list(map(os.path.abspath, roots))
    return [path for path in given if path not in roots and any(is_under(path, root) for root in roots)]


def is_left_out_from_above(path: str) -> bool:
    """Tell whether a walk from far above a file would leave it out: hidden, below a folder not entered, or marked."""
    folder, name = os.path.split(os.path.abspath(path))
    if is_hidden(name) or any(folder_exclusion(part) for part in folder.split("/")):
        return True
    while folder != (above := os.path.dirname(folder)):
        if any(os.path.lexists(os.path.join(folder, marker)) for marker in MARKERS):
            return True
        listed = [os.path.join(folder, marker) for marker in EMPTY_MARKERS]
        if any(os.path.isfile(file) and os.path.getsize(file) == 0 for file in listed):
            return True
        folder = above
    return False


def is_under(path: str, folder: str) -> bool:
    """Tell whether a path is the folder itself or lies in it; both absolute."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _walk(
    root: str,
    context: FolderContext,
    rules: Mapping[str, Rules],
    skipped_folders: set[str],
    visited: set[tuple[int, int]],
) -> Iterator[FoundFile]:
    # A folder, the device of its parent, its context, and the marker in it or above it.
    pending: list[tuple[str, int | None, FolderContext, str | None]] = [(root, None, context, None)]
    while pending:
        folder, device, context, marker = pending.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield _failed(folder, f"the folder cannot be read: {error.strerror}", error, context)
            continue
        if device is not None and device != status.st_dev:
            context = replace(context, mount=folder)
        if folder in rules and folder != root:
            context = context.with_rules(folder, rules[folder])
        markers = {entry.name for entry in entries if _is_marker(entry)}
        marker = None if folder in rules else marker or min(markers, default=None)
        sheets = [entry for entry in entries if is_cue_sheet(entry.name)]
        split = split_files(folder, [one.name for one in sheets if not pattern_exclusion(one.path, context.patterns)])
        folders = []
        for entry in entries:
            if _is_folder(entry):
                if entry.path in skipped_folders:
                    continue
                if (reason := folder_exclusion(entry.name)) is None or entry.path in rules:
                    folders.append((entry.path, status.st_dev, context, marker))
                else:
                    yield FoundFile(entry.path, exclusion=reason, context=context, is_folder=True)
            elif entry.name not in markers:
                is_named = entry.path in rules
                file = _examine(entry.path, context, None if is_named else marker, entry, is_named=is_named)
                yield from _split(file, split.get(entry.path, ()))
        pending.extend(reversed(folders))


def _examine_named(path: str, context: FolderContext) -> Iterator[FoundFile]:
    """Judge a file that was given by name; a cue sheet stands for the files that it splits."""
    folder, name = os.path.split(path)
    split = split_files(folder, [name] if is_cue_sheet(name) else None)
    for file in [path, *split] if is_cue_sheet(name) else [path]:
        yield from _split(_examine(file, context, None, is_named=True), split.get(file, ()))


def _split(file: FoundFile, tracks: Sequence[CueTrack]) -> Iterator[FoundFile]:
    """The tracks that a cue sheet makes of a file, and the file, which is excluded then; without any, only the file."""
    if not tracks:
        yield file
        return
    sheet = sheet_path(tracks[0].path)
    with suppress(OSError):  # it was removed just now
        status = os.stat(sheet)
        latest = max(file.mtime_ns, status.st_mtime_ns), max(file.ctime_ns, status.st_ctime_ns)
        file = file._replace(mtime_ns=latest[0], ctime_ns=latest[1])
    for track in tracks:
        exclusion = file.exclusion or pattern_exclusion(track.path, file.context.patterns)
        yield file._replace(path=track.path, size=file.size // len(tracks), exclusion=exclusion)
    whole = None if file.failure else f"split into {len(tracks)} tracks by {os.path.basename(sheet)}"
    yield file._replace(exclusion=file.exclusion or whole)


def _is_marker(entry: os.DirEntry) -> bool:
    if entry.name[0] != ".":  # nearly all; a quick test, since a rescan reads every name
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


def _examine(
    path: str,
    context: FolderContext,
    marker: str | None,
    entry: os.DirEntry | None = None,
    *,
    is_named: bool = False,
) -> FoundFile:
    """Judge one file by its name, its status and, if the name has no suffix, its first bytes."""
    try:
        status = entry.stat() if entry else os.stat(path)
    except OSError as error:
        if exclusion := pattern_exclusion(path, context.patterns):
            return FoundFile(path, exclusion=exclusion, context=context)
        return _failed(path, _stat_failure(path, error), error, context)
    stamps = status.st_size, status.st_mtime_ns, status.st_ctime_ns
    if (kind := irregular_kind(status)) is not None:
        return FoundFile(path, *stamps, failure=f"not a regular file but {kind}", context=context)
    try:
        exclusion = file_exclusion(path, marker, context.patterns, is_named=is_named)
    except OSError as error:
        return _failed(path, _stat_failure(path, error), error, context)
    return FoundFile(path, *stamps, exclusion, context=context)


def _failed(path: str, failure: str, error: OSError, context: FolderContext) -> FoundFile:
    return FoundFile(path, failure=failure, errno=error.errno or errno.EIO, context=context)


def _stat_failure(path: str, error: OSError) -> str:
    if error.errno in BROKEN_LINKS and os.path.islink(path):
        return BROKEN_LINKS[error.errno]
    return f"cannot be read: {error.strerror}"


def is_mounted(folder: str) -> bool:
    """Tell whether a folder lies on another disk than its parent. A link to another disk counts."""
    try:
        return os.stat(folder).st_dev != os.stat(os.path.dirname(folder)).st_dev
    except OSError:
        return False


def mount_above(path: str) -> str:
    """The folder, `path` or the nearest above it, in which another disk is mounted; "/" if none is."""
    while path != os.path.dirname(path) and not is_mounted(path):
        path = os.path.dirname(path)
    return path
