"""What a scan of folders changes in the library: which files are new, which are known, which are gone.

    found files --plan_scan--> reused | failed before | excluded | pending
    pending     --adopt-->     the same content is known: moved or copied, no decoding
    the rest    --decoded and encoded, elsewhere--> store_track or store_failure

The plan is recorded in one transaction; so is every batch of results. A kill loses what was in hand.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from data.folders import FoundFile
from data.paths import path_columns, path_from_columns
from data.rules import duration_exclusion
from index.library import Library
from index.track_store import AUDIO, PendingFile, set_status


@dataclass
class ScanCounts:
    """found = embedded + reused + failed + excluded, when the scan is over."""

    found: int = 0
    embedded: int = 0
    reused: int = 0
    adopted: int = 0  # of the reused: known content under a new name
    failed: int = 0
    failed_before: int = 0  # of the failed: not tried again, unchanged since
    excluded: int = 0
    missing: int = 0  # known files that are gone; not among the found
    kept: int = 0  # known files that are gone together with everything else under their root

    def add_up(self) -> bool:
        return self.found == self.embedded + self.reused + self.failed + self.excluded


@dataclass
class ScanPlan:
    counts: ScanCounts = field(default_factory=ScanCounts)
    pending: list[PendingFile] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)  # ids of known tracks whose files were not found


class _Known(NamedTuple):  # not a dataclass: there are as many as files, and those take five times as long
    id: int
    path: str
    size: int | None
    mtime_ns: int | None
    status: str
    reason: str | None
    duration: float | None
    content_hash: str | None
    has_vector: bool  # under the current run


def plan_scan(
    library: Library,
    roots: Sequence[str],
    found: Iterable[FoundFile],
    head_run: int | None,
    *,
    retry: bool = False,
    min_duration: float | None = None,
    max_duration: float | None = None,
) -> ScanPlan:
    """Compare what was found with what is known, and record all that needs no decoding."""
    plan = ScanPlan()
    counts = plan.counts
    roots = [os.path.abspath(root) for root in roots]
    known = {row.path: row for row in _known_files(library, head_run)}
    seen: set[str] = set()
    closed: list[str] = []  # folders that cannot be listed today; what lies in them is not gone
    heard_roots: set[str] = set()  # roots under which at least one candidate was found
    verdicts: list[tuple[str, int, int, str, str | None]] = []  # arguments of set_status
    for file in found:
        if file.failure and file.path in roots and not os.path.lexists(file.path):
            continue  # a root that is gone is no file that failed
        counts.found += 1
        if file.failure and os.path.isdir(file.path):
            closed.append(file.path)
        seen.add(file.path)
        row = known.get(file.path)
        status, reason = _judge(file, row, retry, min_duration, max_duration)
        if not (file.exclusion or file.failure or len(heard_roots) == len(roots)):
            heard_roots.update(root for root in roots if _is_under(file.path, root))
        if status == "pending":
            unchanged = row is not None and (row.size, row.mtime_ns) == (file.size, file.mtime_ns)
            content_hash = row.content_hash if row is not None and unchanged else None
            plan.pending.append(PendingFile(file.path, file.size, file.mtime_ns, content_hash))
            continue
        counts.reused += status == "embedded"
        counts.failed += status == "failed"
        counts.excluded += status == "excluded"
        if row is not None and (row.status, row.reason) == (status, reason):
            counts.failed_before += status == "failed"
        elif row is not None and status == "excluded":
            # A vector may lie here of what the file was when it was heard, so the row keeps saying when that was.
            verdicts.append((file.path, row.size or 0, row.mtime_ns or 0, status, reason))
        else:
            verdicts.append((file.path, file.size, file.mtime_ns, status, reason))
    vanished = [row for row in known.values() if row.path not in seen and row.status != "missing"]
    under = [(row, [root for root in roots if _is_under(row.path, root)]) for row in vanished]
    gone = [
        row for row, of in under if heard_roots.intersection(of) and not any(_is_under(row.path, f) for f in closed)
    ]
    counts.kept = sum(1 for _, of in under if of) - len(gone)
    plan.gone = {row.id for row in gone}
    with library.transaction():
        for root in roots:
            library.db.execute("INSERT OR IGNORE INTO roots (path, path_bytes) VALUES (?, ?)", path_columns(root))
        for verdict in verdicts:
            set_status(library, *verdict)
        for row in gone:
            library.db.execute("UPDATE tracks SET status = 'missing', reason = NULL WHERE id = ?", [row.id])
        # What never had a vector has nothing to lose, and is of no use once its file is gone.
        library.db.execute("DELETE FROM tracks WHERE status = 'missing' AND id NOT IN (SELECT track_id FROM vectors)")
    return plan


def count_missing(library: Library, plan: ScanPlan) -> None:
    """How many of the vanished are gone for good, now that the moved ones have been found again."""
    missing = {row[0] for row in library.db.execute("SELECT id FROM tracks WHERE status = 'missing'")}
    plan.counts.missing = len(missing & plan.gone)


def _judge(
    file: FoundFile, row: _Known | None, retry: bool, min_duration: float | None, max_duration: float | None
) -> tuple[str, str | None]:
    """The status and reason of a found file; ``pending`` when it must be heard."""
    if file.failure:
        return "failed", file.failure
    if file.exclusion:
        return "excluded", file.exclusion
    if row is None or (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
        return "pending", None
    if row.status == "failed":
        return ("pending", None) if retry else ("failed", row.reason)
    if row.duration is not None and (reason := duration_exclusion(row.duration, min_duration, max_duration)):
        return "excluded", reason
    if row.has_vector:
        return "embedded", row.reason if row.status == "embedded" else None
    return "pending", None


def _known_files(library: Library, head_run: int | None) -> Iterator[_Known]:
    rows = library.db.execute(
        "SELECT t.id, t.path, t.path_bytes, t.size, t.mtime_ns, t.status, t.reason, t.duration_s, t.content_hash,"
        " v.track_id IS NOT NULL FROM tracks AS t LEFT JOIN vectors AS v"
        " ON v.space = ? AND v.run_id = ? AND v.track_id = t.id WHERE t.path IS NOT NULL",
        [AUDIO, head_run],
    )
    for identifier, text, raw, *columns in rows:
        yield _Known(identifier, path_from_columns(text, raw), *columns)


def _is_under(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
