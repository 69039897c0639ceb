"""Filters on the tracks of a list, and caps of similarity search, regardless of sound."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from earshot.data.name_matching import album_key, artist_keys, main_artist_key
from earshot.index.library import Library
from earshot.index.recordings.recordings import as_recordings
from earshot.index.tracks.track_lookup import STATUSES, TrackRow

_SEVERAL = "artist GLOB '*[;/|、；]*' OR artist LIKE '% with %'"  # names that may be of several artists
_OF_GENRES = "coalesce(genre, '') IN (SELECT value FROM json_each(?))"
# A range and no pattern, which would need escapes.
_BETWEEN = (
    "EXISTS (SELECT 1 FROM json_each(?) AS b WHERE tracks.path >= json_extract(b.value, '$[0]')"
    " AND tracks.path < json_extract(b.value, '$[1]'))"
)


@dataclass(frozen=True)
class TrackFilters:
    """Filters on the tracks of a list."""

    same_artist: bool | None = None  # True: only the seeds' artists; False: none of theirs; None: all
    genre: str | None = None
    not_genre: tuple[str, ...] = ()  # none of these, in any file of a recording
    under: tuple[str, ...] = ()  # folders as the library spells them, of which the file lies in one or below
    min_duration: float | None = None  # seconds
    max_duration: float | None = None  # seconds


@dataclass(frozen=True)
class SearchFilters(TrackFilters):
    """Filters on the tracks of an answer, and caps per artist and album."""

    k: int = 10
    max_per_artist: int = 3
    max_per_album: int | None = None
    fewer_hubs: bool = False  # rank down tracks that are near to everything


class ListCaps:
    """Count the tracks of each artist and album in a list, against the caps."""

    def __init__(self, filters: SearchFilters) -> None:
        self.filters = filters
        self._by_artist: Counter[str] = Counter()  # by key
        self._by_album: Counter[tuple[str, str]] = Counter()  # by the keys of its artist and name

    def has_room(self, track: TrackRow) -> bool:
        """Tell whether neither the artist nor the album of a track has reached its cap."""
        artists, cap = artist_keys(track.artist), self.filters.max_per_artist
        if self.filters.same_artist is not True and any(self._by_artist[artist] >= cap for artist in artists):
            return False
        owner, album = _album(track)
        cap_of_album = self.filters.max_per_album
        return not album or cap_of_album is None or self._by_album[owner, album] < cap_of_album

    def take(self, track: TrackRow) -> None:
        """Count a track of the list."""
        self._by_artist.update(artist_keys(track.artist))
        self._by_album[_album(track)] += 1


def fitting_track(tracks: Iterable[TrackRow], filters: TrackFilters, artists: set[str]) -> TrackRow | None:
    """The first of a recording's tracks that fits; None too if another of them is of an unwanted genre."""
    tracks = list(tracks)
    if any(_has_genre(track, genre) for track in tracks for genre in filters.not_genre):
        return None
    return next((track for track in tracks if fits_filters(track, filters, artists)), None)


def fits_filters(track: TrackRow, filters: TrackFilters, artists: set[str]) -> bool:
    """Tell whether a track fits; `artists` are the keys of those of the seeds."""
    if filters.same_artist is not None and bool(artist_keys(track.artist) & artists) != filters.same_artist:
        return False
    if filters.genre is not None and not _has_genre(track, filters.genre):
        return False
    if any(_has_genre(track, genre) for genre in filters.not_genre):
        return False
    if filters.under and not (track.path or "").startswith(tuple(map(_start, filters.under))):
        return False
    if track.duration is None:  # an unknown duration fits no bound
        return filters.min_duration is None and filters.max_duration is None
    if filters.min_duration is not None and track.duration < filters.min_duration:
        return False
    return filters.max_duration is None or track.duration <= filters.max_duration


def fitting_recordings(library: Library, filters: TrackFilters, artists: set[str]) -> np.ndarray | None:
    """Recordings of which `fitting_track` may accept a track, rising; None without a filter that excludes many."""
    fitting = fitting_ids(library, filters, artists)
    if fitting is None:
        return None
    recordings = np.unique(as_recordings(library, fitting))
    if filters.not_genre:
        cells = json.dumps(_genre_cells(library, filters.not_genre))
        unwanted = library.ids(f"SELECT id FROM tracks WHERE status IN {STATUSES[True]} AND {_OF_GENRES}", [cells])
        recordings = np.setdiff1d(recordings, as_recordings(library, unwanted))
    return recordings


def unfitting_recordings(library: Library, filters: TrackFilters) -> np.ndarray:
    """All other recordings than those that `fitting_recordings` has, rising; none without a filter."""
    fitting = fitting_recordings(library, filters, set())
    if fitting is None:
        return np.array([], dtype=np.int64)
    return np.setdiff1d(library.ids("SELECT DISTINCT recording_id FROM recordings"), fitting)


def fitting_ids(library: Library, filters: TrackFilters, artists: set[str]) -> np.ndarray | None:
    """Ids of all tracks that `fits_filters` may accept, rising; None without a filter that excludes many.

    Python compares each distinct genre and artist once; SQLite then filters the million tracks.
    """
    conditions: dict[str, object] = {}  # with the value of each
    if filters.same_artist:
        # Artists are a thousand times more than genres, so SQLite finds those with one name, or the first of several.
        of_key = "artist_id IN (SELECT id FROM artists WHERE key IN (SELECT value FROM json_each(?)))"
        names = _distinct(
            library, "artist", f"WHERE {of_key} OR artist_id IS NULL OR {_SEVERAL}", json.dumps(list(artists))
        )
        names = [name for name in names if artist_keys(name) & artists]
        conditions["artist IN (SELECT value FROM json_each(?))"] = json.dumps(names)
    if filters.genre is not None:
        conditions[_OF_GENRES] = json.dumps(_genre_cells(library, [filters.genre]))
    if filters.not_genre:
        conditions[f"NOT {_OF_GENRES}"] = json.dumps(_genre_cells(library, filters.not_genre))
    if filters.under:
        bounds = [(start, start[:-1] + chr(ord("/") + 1)) for start in map(_start, filters.under)]
        conditions[_BETWEEN] = json.dumps(bounds)
    if filters.min_duration is not None:
        conditions["duration_s >= ?"] = filters.min_duration
    if filters.max_duration is not None:
        conditions["duration_s <= ?"] = filters.max_duration
    if not conditions:
        return None
    query = f"SELECT id FROM tracks WHERE {' AND '.join(conditions)} ORDER BY id"
    return library.ids(query, list(conditions.values()))


def _has_genre(track: TrackRow, genre: str) -> bool:
    return genre.casefold() in (track.genre or "").casefold()


def _genre_cells(library: Library, genres: Iterable[str]) -> list[str]:
    """The genre tags of the library that contain one of some texts."""
    wanted = [genre.casefold() for genre in genres]
    return [cell for cell in _distinct(library, "genre") if any(genre in cell.casefold() for genre in wanted)]


def _start(folder: str) -> str:
    return os.path.join(folder, "")


def _album(track: TrackRow) -> tuple[str, str]:
    """The keys of an album's artist, empty for various ones, and of its name, empty if unknown."""
    return main_artist_key(track.album_artist or track.artist), album_key(track.album)


def _distinct(library: Library, column: str, where: str = "", *values: object) -> list[str]:
    query = f"SELECT DISTINCT coalesce({column}, '') FROM tracks {where}"
    return library.column(query, values)
