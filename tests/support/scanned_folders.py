"""Small dummy files on a real disk, scanned into a library by a hearing that reads their text.

A file's text is its music. It may say how long it lasts ("90 a song") and whether it can be heard at all ("bad").
"""

import hashlib
import os
from pathlib import Path

import numpy as np

from earshot.data.files.content_hash import content_hash
from earshot.data.files.folder_walk import find_files
from earshot.data.files.skip_rules import Rules, duration_exclusion
from earshot.index.tracks.roots import read_rules
from earshot.index.tracks.scan_plan import ScanCounts, count_vanished, plan_scan
from earshot.index.tracks.track_store import reuse_vectors, store_rejection, store_track
from earshot.index.vectors.spaces import AUDIO, read_vector, use_run
from library_world import heard, open_library


def sound(text: str) -> np.ndarray:
    """The vector of a text: the same for the same, and another for any other."""
    angles = np.frombuffer(hashlib.sha256(text.encode()).digest()[:4], dtype=np.uint8).astype(float)
    return (angles / np.linalg.norm(angles)).astype(np.float32)


def seconds(text: str) -> float:
    first = text.split(" ")[0]
    return float(first) if first.isdigit() else 180.0


def add_up(counts: ScanCounts) -> bool:
    """Whether each file that was found counts once."""
    return counts.found == counts.embedded + counts.reused + counts.failed + counts.excluded


class Folders:
    """Files to scan, and the library that they are scanned into, much as `cli embed-audio` does it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library, self.head = open_library(folder / "library")
        self.clock = 0
        self.decoded: list[str] = []  # names, in the latest scan

    def write(self, name: str, text: str) -> Path:
        """Every file has its own time of change, as on a disk that is used by people."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.clock += 1
        os.utime(path, ns=(self.clock, self.clock))
        return path

    def scan(self, *roots: str, exclude=(), again=False, retry=False, shortest=None, longest=None) -> ScanCounts:
        library, self.decoded = self.library, []
        paths = [str(self.folder / root) for root in roots or ["music"]]
        given = {os.path.abspath(path): Rules(tuple(exclude), shortest, longest) for path in paths}
        rules = read_rules(library) | given
        found = find_files(paths, rules, [str(library.folder)])
        self.plan = plan = plan_scan(library, paths, found, None if again else self.head, rules=rules, retry=retry)
        with library.transaction():
            for file in [*plan.touched, *plan.pending]:
                self.hear(file, plan.counts, not again)
        use_run(library, AUDIO, self.head)
        count_vanished(library, plan)
        assert add_up(plan.counts), plan.counts
        return plan.counts

    def hear(self, file, counts, adopting) -> None:
        digest = content_hash(file.path)
        if adopting and (old_path := reuse_vectors(self.library, file, digest, self.head)):
            counts.reused += 1
            counts.adopted += old_path != file.path
            counts.compared += old_path == file.path and file in self.plan.touched
            return
        self.decoded.append(os.path.basename(file.path))
        text = Path(file.path).read_text()
        reason = duration_exclusion(seconds(text), *file.bounds)
        if "bad" in text:
            store_rejection(self.library, file, "failed", "not audio")
            counts.failed += 1
        elif reason:
            store_rejection(self.library, file, "excluded", reason, seconds(text))
            counts.excluded += 1
        else:
            stamps = {"size": file.size, "mtime_ns": file.mtime_ns, "ctime_ns": file.ctime_ns}
            facts = stamps | {"duration": seconds(text)}
            store_track(self.library, heard(file.path, sound(text), content_hash=digest, **facts), self.head)
            counts.embedded += 1

    def table(self) -> dict[str, str]:
        """Status by path below the folder."""
        rows = self.library.db.execute("SELECT path, status FROM tracks ORDER BY path").fetchall()
        return {os.path.relpath(path, self.folder): status for path, status in rows}

    def id(self, name: str) -> int:
        return self.library.db.execute("SELECT id FROM tracks WHERE path = ?", [str(self.folder / name)]).fetchone()[0]

    def reason(self, name: str) -> str | None:
        query = "SELECT reason FROM tracks WHERE path = ?"
        return self.library.db.execute(query, [str(self.folder / name)]).fetchone()[0]

    def sounds_like(self, name: str, text: str) -> bool:
        vector = read_vector(self.library, AUDIO, self.id(name))
        return vector is not None and np.array_equal(vector, sound(text))
