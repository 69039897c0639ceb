"""What a scan of folders changes in the library: which files are new, which are known, which are gone.

    found files --plan_scan--> reused | failed before | excluded | pending
    pending     --adopt-->     the same content is known: moved or copied, no decoding
    the rest    --decoded and encoded, elsewhere--> store_track or store_failure

The plan is recorded in one transaction; so is every batch of results. A kill loses what was in hand.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from earshot.data.files.exclusion import Rules, duration_exclusion
from earshot.data.files.folder_walk import BROKEN_LINKS, FolderContext, FoundFile
from earshot.data.files.path_encoding import path_columns, path_from_columns
from earshot.index.library import Library
from earshot.index.tracks.missing_files import KnownFile, classify_missing
from earshot.index.tracks.roots import drop_mount_points, read_mount_points, store_mount_points, store_rules
from earshot.index.tracks.track_store import PendingFile, set_status, store_unread
from earshot.index.vectors.spaces import AUDIO


@dataclass
class ScanCounts:
    """found = embedded + reused + failed + excluded, when the scan is over."""

    found: int = 0
    embedded: int = 0
    reused: int = 0
    adopted: int = 0  # of the reused: known content under a new name
    failed: int = 0
    failed_before: int = 0  # of the failed: not tried again, unchanged since
    unread: int = 0  # of the failed: by an error of the disk, the network or the program; tried again at the next run
    excluded: int = 0
    missing: int = 0  # known files that are gone; not among the found
    kept: int = 0  # known files that were not found and may come back: their disk is away, or seems to be

    def add_up(self) -> bool:
        return self.found == self.embedded + self.reused + self.failed + self.excluded


@dataclass
class ScanPlan:
    counts: ScanCounts = field(default_factory=ScanCounts)
    pending: list[PendingFile] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)  # by path, why a file could not be read this time
    gone: set[int] = field(default_factory=set)  # ids of known tracks whose files have gone since the last look
    missing_before: set[int] = field(default_factory=set)  # ids of those that an earlier run did not find either
    kept: dict[str, str | None] = field(default_factory=dict)  # by path of a file that was not found, what is away
    emptied: dict[str, str] = field(default_factory=dict)  # by path of a file not found, its folder, new as mount point


def plan_scan(
    library: Library,
    roots: Sequence[str],
    found: Iterable[FoundFile],
    head_run: int | None,
    *,
    rules: Mapping[str, Rules] | None = None,
    retry: bool = False,
) -> ScanPlan:
    """Compare what was found with what is known, and record all that needs no decoding.

    `rules` are of the folders among the roots, which are remembered with them.
    """
    plan = ScanPlan()
    counts = plan.counts
    roots = [os.path.abspath(root) for root in roots]
    known = {row.path: row for row in _known_files(library, head_run)}
    seen: dict[str, bool] = {}  # by path, whether it is a file to be heard
    unreadable: set[str] = set()
    changes: list[tuple[str, int, int, str, str | None]] = []  # arguments of set_status
    context: FolderContext | None = None
    mounts: set[str] = set()
    for file in found:
        if file.failure:
            if file.path in roots and not os.path.lexists(file.path):
                continue  # a root that is gone is no file that failed
            unreadable.add(file.path)
        counts.found += 1
        seen[file.path] = not (file.exclusion or file.failure)
        row = known.get(file.path)
        if file.failure and file.is_transient and not _is_old_link(file, row):
            counts.failed, counts.unread = counts.failed + 1, counts.unread + 1
            plan.unread[file.path] = file.failure
            continue
        if file.context is not context and seen[file.path]:
            context = file.context
            mounts.add(context.mount)
        status, reason = _judge(file, row, retry)
        if status == "pending":
            unchanged = row is not None and (row.size, row.mtime_ns) == (file.size, file.mtime_ns)
            content_hash = row.content_hash if row is not None and unchanged else None
            bounds = (file.context.min_duration, file.context.max_duration)
            was_unread = row is not None and row.mtime_ns is None
            plan.pending.append(PendingFile(file.path, file.size, file.mtime_ns, content_hash, bounds, was_unread))
            continue
        counts.reused += status == "embedded"
        counts.failed += status == "failed"
        counts.excluded += status == "excluded"
        if row is not None and (row.status, row.reason) == (status, reason):
            counts.failed_before += status == "failed"
        elif row is not None and status == "excluded":
            changes.append(_excluded(row, reason))
        else:
            changes.append((file.path, file.size, file.mtime_ns, status, reason))
    plan.pending.sort(key=lambda file: file.was_unread)  # last, those that may hold up or end the run
    vanished = [row for path, row in known.items() if path not in seen]
    mount_points = read_mount_points(library)
    verdict = classify_missing(vanished, roots, seen, known, unreadable, mount_points)
    gone = [row for row in verdict.gone if row.status != "missing"]
    plan.gone = {row.id for row in gone}
    plan.missing_before = {row.id for row in verdict.gone} - plan.gone
    kept = [row for row in vanished if row.status != "missing" and row.id in verdict.kept]
    plan.kept = {row.path: verdict.kept[row.id] for row in kept}
    emptied = verdict.emptied - mounts - mount_points.keys()
    plan.emptied = {row.path: folder for row in vanished if (folder := verdict.kept.get(row.id)) in emptied}
    changes += [_excluded(row, reason) for row, reason in verdict.excluded if row.reason != reason]
    with library.transaction():
        folders = [root for root in roots if os.path.isdir(root)]
        store_rules(library, {root: (rules or {}).get(root, Rules()) for root in folders})
        drop_mount_points(library, verdict.found_again)
        store_mount_points(library, mounts - {"/"}, was_mounted=True)
        # Before anything is heard: a run that is killed then has made known what lies in these folders by mistake.
        store_mount_points(library, emptied, was_mounted=False)
        for change in changes:
            set_status(library, *change)
        for path, reason in plan.unread.items():
            store_unread(library, path, reason)
        for row in gone:
            library.db.execute("UPDATE tracks SET status = 'missing', reason = NULL WHERE id = ?", [row.id])
        # What never had a vector has little to lose, and is of no use once its file is gone.
        library.db.execute(
            "DELETE FROM tracks WHERE status = 'missing' AND id NOT IN (SELECT track_id FROM vectors)"
            " AND id NOT IN (SELECT track_id FROM playlist_tracks)"
        )
    return plan


def count_vanished(library: Library, plan: ScanPlan) -> None:
    """Count what is gone and what is kept, now that the moved files have been found again."""
    missing = {row[0] for row in library.db.execute("SELECT id FROM tracks WHERE status = 'missing'")}
    plan.counts.missing = len(missing & plan.gone)
    plan.missing_before &= missing
    if not (plan.kept or plan.emptied):
        return
    texts = {path_columns(path)[0]: path for path in (*plan.kept, *plan.emptied)}
    rows = library.db.execute(
        "SELECT path FROM tracks WHERE path IN (SELECT value FROM json_each(?))", [json.dumps(list(texts))]
    )
    still = {texts[text] for (text,) in rows}
    plan.kept = {path: place for path, place in plan.kept.items() if path in still}
    plan.counts.kept = len(plan.kept)
    with library.transaction():
        left = {folder for path, folder in plan.emptied.items() if path in still}
        drop_mount_points(library, set(plan.emptied.values()) - left)


def _excluded(row: KnownFile, reason: str | None) -> tuple[str, int, int, str, str | None]:
    # A vector may lie here of what the file was when it was heard, so the row keeps saying when that was.
    return row.path, row.size or 0, row.mtime_ns or 0, "excluded", reason


def _is_old_link(file: FoundFile, row: KnownFile | None) -> bool:
    """Whether this is a broken link of which nothing else is known: no news at every run."""
    is_broken = file.failure in BROKEN_LINKS.values()
    return is_broken and row is not None and row.status == "failed" and row.reason == file.failure


def _judge(file: FoundFile, row: KnownFile | None, retry: bool) -> tuple[str, str | None]:
    """The status and reason of a found file; ``pending`` when it must be heard."""
    if file.failure:
        return "failed", file.failure
    if file.exclusion:
        return "excluded", file.exclusion
    if row is None or (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
        return "pending", None
    if row.status == "failed":
        return ("pending", None) if retry else ("failed", row.reason)
    if row.duration is not None:
        reason = duration_exclusion(row.duration, file.context.min_duration, file.context.max_duration)
        if reason:
            return "excluded", reason
    if row.has_vector:
        return "embedded", row.reason if row.status == "embedded" else None
    return "pending", None


def _known_files(library: Library, head_run: int | None) -> Iterator[KnownFile]:
    rows = library.db.execute(
        "SELECT t.id, t.path, t.path_bytes, t.size, t.mtime_ns, t.status, t.reason, t.duration_s, t.content_hash,"
        " v.track_id IS NOT NULL FROM tracks AS t LEFT JOIN vectors AS v"
        " ON v.space = ? AND v.run_id = ? AND v.track_id = t.id WHERE t.path IS NOT NULL",
        [AUDIO, head_run],
    )
    for identifier, text, raw, *columns in rows:
        yield KnownFile(identifier, path_from_columns(text, raw), *columns)
