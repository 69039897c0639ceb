"""Filters and caps of similarity search, regardless of sound."""

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np

from earshot.index.library import Library
from earshot.index.tracks.track_lookup import TrackRow


@dataclass(frozen=True)
class SearchFilters:
    """Filters on the tracks of an answer, and caps per artist and album."""

    k: int = 10
    max_per_artist: int = 3
    max_per_album: int | None = None
    same_artist: bool | None = None  # True: only the seeds' artists; False: none of theirs; None: all
    genre: str | None = None
    min_duration: float | None = None  # seconds
    max_duration: float | None = None  # seconds
    fewer_hubs: bool = False  # rank down tracks that are near to everything


class ListCaps:
    """Count the tracks of each artist and album in a list, against the caps."""

    def __init__(self, filters: SearchFilters) -> None:
        self.filters = filters
        self._by_artist: Counter[str] = Counter()
        self._by_album: Counter[tuple[str, str]] = Counter()

    def has_room(self, track: TrackRow) -> bool:
        """Tell whether neither the artist nor the album of a track has reached its cap."""
        artist, album = _named(track)
        if artist and self.filters.same_artist is not True and self._by_artist[artist] >= self.filters.max_per_artist:
            return False
        cap = self.filters.max_per_album
        return not album or cap is None or self._by_album[artist, album] < cap

    def take(self, track: TrackRow) -> None:
        """Count a track of the list."""
        artist, album = _named(track)
        self._by_artist[artist] += 1
        self._by_album[artist, album] += 1


def fits_filters(track: TrackRow, filters: SearchFilters, artists: set[str]) -> bool:
    """Tell whether a track fits; `artists` are those of the seeds, casefolded."""
    if filters.same_artist is not None and ((track.artist or "").casefold() in artists) != filters.same_artist:
        return False
    if filters.genre is not None and filters.genre.casefold() not in (track.genre or "").casefold():
        return False
    if track.duration is None:  # an unknown duration fits no bound
        return filters.min_duration is None and filters.max_duration is None
    if filters.min_duration is not None and track.duration < filters.min_duration:
        return False
    return filters.max_duration is None or track.duration <= filters.max_duration


def fitting_ids(library: Library, filters: SearchFilters, artists: set[str]) -> np.ndarray | None:
    """Ids of all tracks that `fits_filters` may accept, rising; None without a filter that excludes many.

    Python folds the case of each distinct genre and artist once; SQLite then filters the million tracks.
    """
    conditions: list[str] = []
    values: list[object] = []
    if filters.same_artist:
        conditions.append("artist IN (SELECT value FROM json_each(?))")
        # Artists are a thousand times more than genres, so SQLite compares those of ASCII letters itself.
        alike = "WHERE artist COLLATE NOCASE IN (SELECT value FROM json_each(?)) OR artist GLOB '*[^ -~]*'"
        names = _distinct(library, "artist", alike, json.dumps(list(artists)))
        values.append(json.dumps([name for name in names if name.casefold() in artists]))
    if filters.genre is not None:
        genre = filters.genre.casefold()
        conditions.append("coalesce(genre, '') IN (SELECT value FROM json_each(?))")
        values.append(json.dumps([name for name in _distinct(library, "genre") if genre in name.casefold()]))
    if filters.min_duration is not None:
        conditions.append("duration_s >= ?")
        values.append(filters.min_duration)
    if filters.max_duration is not None:
        conditions.append("duration_s <= ?")
        values.append(filters.max_duration)
    if not conditions:
        return None
    return library.ids(f"SELECT id FROM tracks WHERE {' AND '.join(conditions)} ORDER BY id", values)


def _named(track: TrackRow) -> tuple[str, str]:
    """Artist and album, casefolded; empty if unknown."""
    return (track.artist or "").casefold(), (track.album or "").casefold()


def _distinct(library: Library, column: str, where: str = "", *values: object) -> list[str]:
    query = f"SELECT DISTINCT coalesce({column}, '') FROM tracks {where}"
    return library.column(query, values)
