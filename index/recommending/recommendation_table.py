"""The `recommendations` table: lists for all users, stored all or nothing, for any SQLite client."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from earshot.data.files.array_files import read_archive
from earshot.data.files.atomic import RESUMABLE_SUFFIX, atomic_path, make_folder, remove
from earshot.index.library import Library, LibraryError
from earshot.index.runs import run_config
from earshot.index.tracks.track_lookup import TrackRow, track_rows


class ResumableLists:
    """Lists in files beside the database until all are made, so that a killed run can resume.

    They belong to settings, on which everything in them depends; lists of other settings are removed.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        key = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=6).hexdigest()
        self.folder = folder / f"recommendations-{key}{RESUMABLE_SUFFIX}"
        for other in folder.glob(f"recommendations-*{RESUMABLE_SUFFIX}"):
            if other != self.folder:
                remove(other)
        make_folder(self.folder)

    def __repr__(self) -> str:
        return f"<ResumableLists {len(self)} parts in {self.folder}>"

    def __len__(self) -> int:
        return len(list(self.folder.glob("*.npz")))

    def has(self, number: int) -> bool:
        """Tell whether a part was stored and is undamaged."""
        return self._part(self._path(number)) is not None

    def keep(self, number: int, user_ids: np.ndarray, track_ids: np.ndarray, scores: np.ndarray) -> None:
        """Store one part, all or nothing: users, (n,), and their tracks with scores, (n, k), the best first.

        Missing places have a score of minus infinity.
        """
        with atomic_path(self._path(number)) as temporary, open(temporary, "wb") as file:
            np.savez(file, user_ids=user_ids, track_ids=track_ids, scores=scores.astype(np.float32))

    def rows(self, run_id: int) -> Iterator[tuple[int, int, int, float, int]]:
        """Yield rows of the table, part by part."""
        for path in sorted(self.folder.glob("*.npz")):
            part = self._part(path)
            if part is None:
                raise LibraryError(f"{path} is damaged.\n\nRun `cli recommend --all` again: it makes this part anew.")
            user_ids, track_ids, scores = part
            lists, ranks = np.nonzero(np.isfinite(scores))
            columns = user_ids[lists], ranks + 1, track_ids[lists, ranks], scores[lists, ranks]
            yield from ((*row, run_id) for row in zip(*(column.tolist() for column in columns), strict=True))

    @staticmethod
    def _part(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Users, tracks and scores as `keep` wrote them; None if missing or damaged."""
        try:
            arrays = read_archive(path, ("user_ids", "track_ids", "scores"))
        except (FileNotFoundError, ValueError):
            return None
        users, tracks, scores = arrays["user_ids"], arrays["track_ids"], arrays["scores"]
        are_ids = users.dtype.kind == tracks.dtype.kind == "i" and scores.dtype == np.float32
        fit = tracks.ndim == 2 and tracks.shape == scores.shape and users.shape == tracks.shape[:1]
        return (users, tracks, scores) if are_ids and fit else None

    def discard(self) -> None:
        """Remove all parts."""
        remove(self.folder)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:09}.npz"


def store_recommendations(library: Library, run_id: int, lists: ResumableLists) -> int:
    """Put lists in place of all earlier ones; return the number of rows."""
    with library.transaction():
        library.db.execute("DELETE FROM recommendations")
        try:
            library.insert("recommendations", "user_id, rank, track_id, score, run_id", lists.rows(run_id))
        except sqlite3.IntegrityError:
            lists.discard()
            raise LibraryError(
                "The unfinished lists name tracks or listeners that are not there any more; they were removed."
                "\n\nRun `cli recommend --all` again."
            ) from None
        return library.value("SELECT count(*) FROM recommendations")


def stored_recommendations(library: Library) -> Iterator[dict[str, Any]]:
    """Yield the rows of all lists, user by user, as `cli recommend --all` prints them."""
    query = "SELECT user, rank, score, track_id AS id, artist, title, album, path FROM user_recommendations"
    return library.db.query(f"{query} ORDER BY user_id, rank")


def lists_config(library: Library) -> dict[str, Any] | None:
    """The settings that the stored lists were made with; None without lists."""
    run_id = library.value("SELECT run_id FROM recommendations")
    return None if run_id is None else run_config(library, run_id)


def listed_files(library: Library) -> Iterator[tuple[str, list[TrackRow]]]:
    """Yield the name of each user, and the tracks of their list that are files; skip users without any."""
    query = (
        "SELECT u.name, r.track_id FROM recommendations AS r JOIN users AS u ON u.id = r.user_id"
        " JOIN tracks AS t ON t.id = r.track_id WHERE t.path IS NOT NULL ORDER BY r.user_id, r.rank"
    )
    for name, rows in groupby(library.db.execute(query), key=itemgetter(0)):
        ids = [track_id for _, track_id in rows]
        tracks = track_rows(library, ids)
        yield name, [tracks[track_id] for track_id in ids if track_id in tracks]
