"""Facts of tracks for output, read by id."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.index.library import Library


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


STATUSES = {False: "('embedded')", True: "('embedded', 'catalog')"}  # statuses, without and with the catalog
COLUMNS = "id, path, title, artist, album, genre, year, duration_s, content_hash, path_bytes, album_artist"


def track_rows(library: Library, ids: Sequence[int]) -> dict[int, TrackRow]:
    """Rows of embedded and catalog tracks by id; other ids are skipped."""
    among = "id IN (SELECT value FROM json_each(?))"
    query = f"SELECT {COLUMNS} FROM tracks WHERE status IN {STATUSES[True]} AND {among}"
    return {row[0]: TrackRow(*row) for row in library.db.execute(query, [json.dumps(list(ids))])}
