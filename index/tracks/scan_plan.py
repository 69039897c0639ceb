"""Plan a scan of folders: which files are new, known, moved or gone.

    found files --plan_scan-----> reused | failed before | excluded | touched | pending
    touched     --reuse_vectors-> its own content, of an earlier ctime; or pending after all
    pending     --reuse_vectors-> the same content is known: moved or copied, no decoding
    the rest    --embed---------> store_track, store_rejection or store_unread

The plan is recorded in one transaction, and so is every batch of results; a kill loses only the current batch.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from earshot.data.files.folder_walk import BROKEN_LINKS, FolderContext, FoundFile, given_below, is_left_out_from_above
from earshot.data.files.path_encoding import path_columns, path_from_columns, shown_path
from earshot.data.files.skip_rules import Rules, duration_exclusion
from earshot.index.library import Library
from earshot.index.tracks.missing_files import KnownFile, classify_missing
from earshot.index.tracks.renamed_files import follow_renames
from earshot.index.tracks.roots import drop_mount_points, read_mount_points, store_mount_points, store_rules
from earshot.index.tracks.same_file import SAME_FILE, FilesByStamp
from earshot.index.tracks.track_store import PendingFile, set_status, store_unread
from earshot.index.vectors.spaces import AUDIO


@dataclass
class ScanCounts:
    """Counts of files; after the scan found = embedded + reused + failed + excluded."""

    found: int = 0
    embedded: int = 0
    reused: int = 0
    adopted: int = 0  # reused files with known content under a new name
    compared: int = 0  # reused files that had changed in their ctime alone, and have their content of before
    failed: int = 0
    failed_before: int = 0  # failed files that are unchanged since, and not tried again
    unread: int = 0  # failed by an error of the disk, the network or the program; tried again at the next run
    excluded: int = 0
    missing: int = 0  # known files that are gone; not counted as found
    kept: int = 0  # known files that were not found and may come back: their disk is away, or seems to be


@dataclass
class ScanPlan:
    """Files to embed, and files that were not found."""

    counts: ScanCounts = field(default_factory=ScanCounts)
    pending: list[PendingFile] = field(default_factory=list)
    touched: list[PendingFile] = field(default_factory=list)  # embedded, and changed since if their content did
    unread: dict[str, str] = field(default_factory=dict)  # by path, why a file could not be read this time
    gone: set[int] = field(default_factory=set)  # ids of tracks whose files are gone since the last scan
    missing_before: set[int] = field(default_factory=set)  # ids of tracks that an earlier scan did not find either
    kept: dict[str, str | None] = field(default_factory=dict)  # by path of a file that was not found, what is away
    emptied: dict[str, str] = field(default_factory=dict)  # by path of a file not found, its folder, new as mount point


Change = tuple[str, int, int, str, str | None, int | None]  # arguments of `set_status`


@dataclass
class _Walk:
    """Facts of the files that were found."""

    seen: dict[str, bool] = field(default_factory=dict)  # by path, whether the file is to be embedded
    unreadable: set[str] = field(default_factory=set)
    mounts: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)


def plan_scan(
    library: Library,
    roots: Sequence[str],
    found: Iterable[FoundFile],
    head_run: int | None,
    *,
    rules: Mapping[str, Rules] | None = None,
    retry: bool = False,
) -> ScanPlan:
    """Compare found files with known ones, and record all changes that need no decoding.

    The rules of the folders among `roots` are stored with them; so are files that a walk would leave out, since these
    were given by name. With `retry`, unchanged files that failed are pending.
    """
    plan, roots, rules = ScanPlan(), [os.path.abspath(root) for root in roots], rules or {}
    found = list(found)
    known = {row.path: row for row in _known_files(library, head_run)}
    if n_renamed := follow_renames(library, found, known):
        plan.counts.adopted += n_renamed
        known = {row.path: row for row in _known_files(library, head_run)}
    walk = _sort_files(plan, roots, found, known, retry=retry)
    missing = [row for path, row in known.items() if path not in walk.seen]
    mount_points = read_mount_points(library)
    given = [*roots, *given_below(roots, rules)]
    absence = classify_missing(missing, given, walk.seen, known, walk.unreadable, mount_points)
    emptied = absence.emptied - walk.mounts - mount_points.keys()
    gone = {row.id for row in absence.gone}
    plan.gone = {row.id for row in absence.gone if row.status != "missing"}
    plan.missing_before = gone - plan.gone
    plan.kept = {
        row.path: absence.kept[row.id] for row in missing if row.status != "missing" and row.id in absence.kept
    }
    plan.emptied = {row.path: folder for row in missing if (folder := absence.kept.get(row.id)) in emptied}
    walk.changes += [_excluded(row, reason) for row, reason in absence.excluded if row.reason != reason]
    with library.transaction():
        stored = [
            root for root in roots if os.path.isdir(root) or (os.path.isfile(root) and is_left_out_from_above(root))
        ]
        store_rules(library, {root: rules.get(root, Rules()) for root in stored})
        drop_mount_points(library, absence.found_again)
        store_mount_points(library, walk.mounts - {"/"}, was_mounted=True)
        # Before anything is embedded: a run that is killed then would make files in these folders known by mistake.
        store_mount_points(library, emptied, was_mounted=False)
        _record(library, plan, walk.changes)
    return plan


def _sort_files(
    plan: ScanPlan, roots: Sequence[str], found: Iterable[FoundFile], known: Mapping[str, KnownFile], *, retry: bool
) -> _Walk:
    """Count the found files, and sort them into pending, unread and changed ones."""
    walk, counts = _Walk(), plan.counts
    names = FilesByStamp((row.path, row.size, row.mtime_ns) for row in known.values() if row.status == "embedded")
    reached: set[str] = set()
    context: FolderContext | None = None
    for file in found:
        if file.failure:
            if file.path in roots and not os.path.lexists(file.path):
                continue  # a root that is gone is no failed file
            walk.unreadable.add(file.path)
        counts.found += 1
        walk.seen[file.path] = not (file.exclusion or file.failure)
        row = known.get(file.path)
        if file.failure and file.is_transient and not _is_old_link(file, row):
            counts.failed, counts.unread = counts.failed + 1, counts.unread + 1
            plan.unread[file.path] = file.failure
            continue
        if file.context is not context and walk.seen[file.path]:
            context = file.context
            walk.mounts.add(context.mount)
        status, reason = _status(file, row, retry)
        if status in ("pending", "touched", "embedded"):
            earlier = names.earlier_name(file.path, file.size, file.mtime_ns)
            if earlier is not None:
                status, reason = "excluded", f"{SAME_FILE}{shown_path(earlier)}"
                reached.add(earlier)  # the walk enters a folder once, and may have come by its new name
            names.add(file.path, file.size, file.mtime_ns)
        if status in ("pending", "touched"):
            (plan.pending if status == "pending" else plan.touched).append(_pending(file, row))
            continue
        counts.reused += status == "embedded"
        counts.failed += status == "failed"
        counts.excluded += status == "excluded"
        is_same = row is not None and (row.status, row.reason) == (status, reason)
        counts.failed_before += is_same and status == "failed"
        if row is not None and status == "excluded":
            walk.changes += [] if is_same else [_excluded(row, reason)]
        elif row is None or row.ctime_ns is None or not is_same:
            walk.changes.append((file.path, file.size, file.mtime_ns, status, reason, file.ctime_ns))
    walk.seen = dict.fromkeys(reached, True) | walk.seen
    plan.pending.sort(key=lambda file: file.was_unread)  # last those that may delay or end the run
    return walk


def _record(library: Library, plan: ScanPlan, changes: Iterable[Change]) -> None:
    for change in changes:
        set_status(library, *change)
    for path, reason in plan.unread.items():
        store_unread(library, path, reason)
    for track_id in plan.gone:
        library.db.execute("UPDATE tracks SET status = 'missing', reason = NULL WHERE id = ?", [track_id])
    # A track without a vector is of no use once its file is gone. One whose content was heard has lost it to a new
    # encoder: listens and exclusions name it, and it comes back with its file.
    library.db.execute(
        "DELETE FROM tracks WHERE status = 'missing' AND content_hash IS NULL"
        " AND id NOT IN (SELECT track_id FROM vectors) AND id NOT IN (SELECT track_id FROM playlist_tracks)"
    )


def count_vanished(library: Library, plan: ScanPlan) -> None:
    """Count missing and kept files, now that moved files have been found again."""
    missing = set(library.column("SELECT id FROM tracks WHERE status = 'missing'"))
    plan.counts.missing = len(missing & plan.gone)
    plan.missing_before &= missing
    if not (plan.kept or plan.emptied):
        return
    texts = {path_columns(path)[0]: path for path in (*plan.kept, *plan.emptied)}
    query = "SELECT path FROM tracks WHERE path IN (SELECT value FROM json_each(?))"
    known = {texts[text] for text in library.column(query, [json.dumps(list(texts))])}
    plan.kept = {path: place for path, place in plan.kept.items() if path in known}
    plan.counts.kept = len(plan.kept)
    with library.transaction():
        empty = {folder for path, folder in plan.emptied.items() if path in known}
        drop_mount_points(library, set(plan.emptied.values()) - empty)


def _pending(file: FoundFile, row: KnownFile | None) -> PendingFile:
    bounds = (file.context.min_duration, file.context.max_duration)
    was_unread = row is not None and row.mtime_ns is None
    return PendingFile(file.path, file.size, file.mtime_ns, file.ctime_ns, bounds, was_unread)


def _excluded(row: KnownFile, reason: str | None) -> Change:
    # The row may keep a vector of an earlier content, so it keeps the size and time of that content.
    return row.path, row.size or 0, row.mtime_ns or 0, "excluded", reason, row.ctime_ns


def _is_old_link(file: FoundFile, row: KnownFile | None) -> bool:
    """Tell whether a broken link was known as such before."""
    is_broken = file.failure in BROKEN_LINKS.values()
    return is_broken and row is not None and row.status == "failed" and row.reason == file.failure


def _status(file: FoundFile, row: KnownFile | None, retry: bool) -> tuple[str, str | None]:
    """The status and reason of a found file; ``pending`` if it must be embedded, ``touched`` if perhaps."""
    if file.failure:
        return "failed", file.failure
    if file.exclusion:
        return "excluded", file.exclusion
    if row is None or (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
        return "pending", None
    is_touched = row.ctime_ns not in (None, file.ctime_ns)
    if row.status == "failed":
        return ("pending", None) if retry or is_touched else ("failed", row.reason)
    if row.duration is not None:
        reason = duration_exclusion(row.duration, file.context.min_duration, file.context.max_duration)
        if reason:
            return "excluded", reason
    if row.has_vector and is_touched:
        return "touched", None
    if row.has_vector:
        return "embedded", row.reason if row.status == "embedded" else None
    return "pending", None


def _known_files(library: Library, head_run: int | None) -> Iterator[KnownFile]:
    rows = library.db.execute(
        "SELECT t.id, t.path, t.path_bytes, t.size, t.mtime_ns, t.ctime_ns, t.status, t.reason, t.duration_s,"
        " v.track_id IS NOT NULL AND f.track_id IS NOT NULL FROM tracks AS t LEFT JOIN vectors AS v"
        " ON v.space = ? AND v.run_id = ? AND v.track_id = t.id LEFT JOIN fingerprints AS f ON f.track_id = t.id"
        " WHERE t.path IS NOT NULL ORDER BY t.id",
        [AUDIO, head_run],
    )
    for identifier, text, raw, *columns in rows:
        yield KnownFile(identifier, path_from_columns(text, raw), *columns)
