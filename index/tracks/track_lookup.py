"""Facts of tracks for output, read by id."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.files.path_encoding import path_from_columns
from earshot.data.playlists.playlist import ListedTrack
from earshot.index.library import Library
from earshot.index.vectors.spaces import ONE_PER_RECORDING, read_some_vectors


@dataclass(frozen=True)
class TrackRow:
    """Facts of a track for one line of output."""

    id: int
    path: str | None  # None for a catalog track, which has no file
    title: str
    artist: str | None
    album: str | None
    genre: str | None
    year: int | None
    duration: float | None  # seconds
    content_hash: str | None
    path_bytes: bytes | None = None  # where the path is not UTF-8
    album_artist: str | None = None

    @property
    def name(self) -> str:
        return f"{self.artist} - {self.title}" if self.artist else self.title

    @property
    def listed(self) -> ListedTrack:
        """The track as a playlist lists it."""
        path = None if self.path is None else path_from_columns(self.path, self.path_bytes)
        return ListedTrack(path, self.title, self.artist, self.album, self.duration)


STATUSES = {False: "('embedded')", True: "('embedded', 'catalog')"}  # statuses, without and with the catalog
COLUMNS = "id, path, title, artist, album, genre, year, duration_s, content_hash, path_bytes, album_artist"


def track_rows(library: Library, ids: Sequence[int]) -> dict[int, TrackRow]:
    """Rows of embedded and catalog tracks by id; other ids are skipped."""
    among = "id IN (SELECT value FROM json_each(?))"
    query = f"SELECT {COLUMNS} FROM tracks WHERE status IN {STATUSES[True]} AND {among}"
    return {row[0]: TrackRow(*row) for row in library.db.execute(query, [json.dumps(list(ids))])}


def sample_tracks(library: Library, space: str, limit: int, seed: int = 0) -> tuple[list[TrackRow], np.ndarray, int]:
    """Read the tracks of a space, their vectors, (n_tracks, dim), and how many it has; above `limit` a random sample.

    Of each recording there is one. Only the vectors of the sample are in memory.
    """
    query = f"SELECT track_id FROM current_vectors WHERE space = ? AND {ONE_PER_RECORDING.format('track_id')}"
    all_ids = library.ids(f"{query} ORDER BY track_id", [space])
    chosen = all_ids
    if len(all_ids) > limit:
        chosen = np.sort(np.random.default_rng(seed).choice(all_ids, limit, replace=False))
    ids, vectors = read_some_vectors(library, space, chosen.tolist())
    rows = track_rows(library, chosen.tolist())
    return [rows[track_id] for track_id in ids.all_ids.tolist()], vectors, len(all_ids)
