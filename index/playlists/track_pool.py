"""The tracks that playlists are made of: vectors of a space and their artists, read once and shared by all lists."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap
from earshot.data.name_matching import artist_keys
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import unwanted_recordings
from earshot.index.playlists.artist_spacing import ArtistRows
from earshot.index.recordings.recordings import tracks_to_show
from earshot.index.search.filters import TrackFilters, fitting_recordings, fitting_track
from earshot.index.tracks.track_lookup import STATUSES, TrackRow
from earshot.index.vectors.spaces import AUDIO, Space, current_space, read_vectors, require_space, require_vectors


@dataclass(frozen=True)
class TrackPool:
    """All recordings of a space that have a file to play; nothing in it ever changes, so threads may share it."""

    space: Space
    recordings: IdMap  # the id of each row's recording
    vectors: np.ndarray  # (n, dim) float32, of unit length
    artists: ArtistRows

    def __len__(self) -> int:
        return len(self.recordings)

    def fitting(
        self, library: Library, filters: TrackFilters, artists: set[str], listener_id: int | None = None
    ) -> np.ndarray:
        """The rows whose recordings fit, (n,) bool; `artists` are the keys of those of the seeds.

        What no list may hold does not fit, nor what the listener dislikes or excludes.
        """
        is_fitting = np.ones(len(self), dtype=bool)
        recordings = fitting_recordings(library, filters, artists)
        if recordings is not None:
            is_fitting = np.isin(self.recordings.all_ids, recordings)
        if filters.same_artist is False:
            is_fitting[self.artists.of_artists(artists)] = False
        is_fitting[self.rows(unwanted_recordings(library, listener_id))] = False
        return is_fitting

    def rows(self, recordings: Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows of some recordings, without those that are not in the pool."""
        rows = self.recordings.find(recordings)
        return rows[rows >= 0]


def read_pool(library: Library, space: str = AUDIO) -> TrackPool:
    """Read the pool of a space: 100,000 tracks of 128 dimensions are 51 MB.

    Raises
    ------
    LibraryError
        There is no such space yet, or the library has no vectors.
    """
    require_vectors(library, space)
    found = require_space(library, space)
    recordings, vectors = read_vectors(library, space)
    query = (
        "SELECT r.recording_id, t.artist, t.path IS NOT NULL FROM recordings AS r JOIN tracks AS t ON t.id = r.track_id"
        f" WHERE t.status IN {STATUSES[True]}"
    )
    artists: dict[int, frozenset[str]] = defaultdict(frozenset)
    with_file = set()
    for recording, artist, has_file in library.db.execute(query):
        if artist:
            artists[recording] |= artist_keys(artist)
        if has_file:
            with_file.add(recording)
    ids = recordings.all_ids
    has_file_rows = np.array([recording in with_file for recording in ids.tolist()], dtype=bool)
    if not has_file_rows.all():
        ids, vectors = ids[has_file_rows], vectors[has_file_rows]
    return TrackPool(found, IdMap(ids), vectors, ArtistRows([artists[recording] for recording in ids.tolist()]))


def current_pool(library: Library, space: str = AUDIO, pool: TrackPool | None = None) -> TrackPool:
    """The pool that was read before, if it is of this space and nothing has changed since, else a new one."""
    return pool if pool is not None and pool.space == current_space(library, space) else read_pool(library, space)


def rows_to_show(
    library: Library, recordings: list[int], filters: TrackFilters | None = None, artists: set[str] | None = None
) -> dict[int, TrackRow]:
    """The track of each recording that a list shows: the best file of those that fit, else the best file.

    A recording that has no file any more is skipped.
    """
    rows = {}
    for recording, tracks in tracks_to_show(library, list(dict.fromkeys(recordings))).items():
        files = [track for track in tracks if track.path is not None]
        if files:
            rows[recording] = fitting_track(files, filters or TrackFilters(), artists or set()) or files[0]
    return rows
