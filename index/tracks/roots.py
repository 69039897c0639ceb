"""The folders of a library, the exclusion rules of each, and the mount points of their disks."""

import json
import os
from collections.abc import Iterable, Mapping

from earshot.data.files.cue_sheets import sheet_path
from earshot.data.files.path_encoding import path_columns, path_from_columns
from earshot.data.files.skip_rules import Rules
from earshot.index.database_checks import read_json_list
from earshot.index.library import Library, LibraryError

_OUTSIDE = """
    SELECT path, path_bytes FROM tracks WHERE path IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM roots AS r WHERE tracks.path = r.path
        OR substr(tracks.path, 1, length(rtrim(r.path, '/')) + 1) = rtrim(r.path, '/') || '/'
    ) ORDER BY path
"""


def read_rules(library: Library) -> dict[str, Rules]:
    """Read the exclusion rules of all folders that were ever embedded, by path, in the order of paths.

    Raises
    ------
    LibraryError
        A rule is one that no run of ours stores.
    """
    rows = library.db.execute(
        "SELECT r.path, r.path_bytes, o.exclude, o.min_duration_s, o.max_duration_s"
        " FROM roots AS r LEFT JOIN root_rules AS o ON o.path = r.path ORDER BY r.path"
    )
    return {path_from_columns(text, raw): _rules(*rule) for text, raw, *rule in rows}


def _rules(exclude: str | None, shortest: float | None, longest: float | None) -> Rules:
    patterns = tuple(read_json_list(exclude))
    try:
        return Rules(patterns, shortest, longest)
    except ValueError as error:
        raise LibraryError(f"The library keeps a rule that is none: {error}.\n\nRun `cli check`.") from None


def store_rules(library: Library, rules: Mapping[str, Rules]) -> None:
    """Store folders and their exclusion rules; the caller holds the transaction."""
    known = read_rules(library)
    for path, new in rules.items():
        text, raw = path_columns(path)
        library.db.execute("INSERT OR IGNORE INTO roots (path, path_bytes) VALUES (?, ?)", [text, raw])
        if new == known.get(path, Rules()):
            continue
        library.db.execute("DELETE FROM root_rules WHERE path = ?", [text])
        if new != Rules():
            rule = text, json.dumps(new.exclude), new.min_duration, new.max_duration
            library.insert("root_rules", "path, exclude, min_duration_s, max_duration_s", [rule])


def read_folders(library: Library) -> list[str]:
    """The folders that `embed-audio` was given, as they were spelled."""
    return [path_from_columns(*row) for row in library.db.execute("SELECT path, path_bytes FROM roots")]


def folder_of(library: Library, path: str) -> str | None:
    """The outermost folder of the library that holds a path."""
    folders = read_folders(library)
    return min((folder for folder in folders if path.startswith(folder.rstrip("/") + "/")), key=len, default=None)


def files_outside(library: Library) -> list[str]:
    """The known files below no folder of the library: each was embedded by its own path."""
    paths = [path_from_columns(text, raw) for text, raw in library.db.execute(_OUTSIDE)]
    return list(dict.fromkeys(map(sheet_path, paths)))


def read_mount_points(library: Library) -> dict[str, bool]:
    """Read the folders that may be empty because a disk is away, and whether one was ever mounted there."""
    rows = library.db.execute("SELECT path, path_bytes, was_mounted FROM mount_points ORDER BY path")
    return {path_from_columns(text, raw): bool(was_mounted) for text, raw, was_mounted in rows}


def store_mount_points(library: Library, paths: Iterable[str], *, was_mounted: bool) -> None:
    """Store mount points; the caller holds the transaction."""
    for text, raw in map(path_columns, sorted(paths)):
        library.db.execute(
            "INSERT INTO mount_points (path, path_bytes, was_mounted) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET was_mounted = 1 WHERE was_mounted < excluded.was_mounted",
            [text, raw, int(was_mounted)],
        )


def drop_mount_points(library: Library, paths: Iterable[str]) -> None:
    """Remove mount points; the caller holds the transaction."""
    for path in paths:
        library.db.execute("DELETE FROM mount_points WHERE path = ?", [path_columns(path)[0]])


def given_rules(
    paths: Iterable[str],
    known: Mapping[str, Rules],
    exclude: Iterable[str] = (),
    min_duration: float | None = None,
    max_duration: float | None = None,
) -> dict[str, Rules]:
    """The rules of all folders after new ones are given for `paths`.

    Rules that are not given stay; an empty pattern removes all patterns, and a bound of 0 removes that bound.
    """
    rules, exclude = dict(known), tuple(exclude)
    for path in map(os.path.abspath, paths):
        old = rules.get(path, Rules())
        rules[path] = Rules(
            tuple(filter(None, exclude)) if exclude else old.exclude,
            old.min_duration if min_duration is None else min_duration or None,
            old.max_duration if max_duration is None else max_duration or None,
        )
    return rules
