"""Albums as people browse them: those of the files that can be played, with what these add up to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.index.browsing.song_rows import ALBUM_KEY, OF_GENRE, genre_cells
from earshot.index.library import Library
from earshot.index.search.word_search import name_expression, normal_text

NO_ALBUM = "[Unknown Album]"  # the name of an artist's songs without an album
VARIOUS = "Various Artists"
_ALBUMS = f"""
    WITH found AS (
        SELECT {ALBUM_KEY} AS album_key, count(*) AS n_songs, sum(duration_s) AS duration_s, max(year) AS year,
               max(genre) AS genre, max(mtime_ns) AS mtime_ns, min(id) AS first_id, max(album_artist) AS album_artist
        FROM tracks AS t WHERE +status = 'embedded' AND {{condition}} GROUP BY album_key
    )
    SELECT album_key, coalesce(albums.name, '{NO_ALBUM}') AS album_name, owners.id, owners.name, found.album_artist,
           n_songs, found.duration_s, found.year, found.genre, mtime_ns, first_id
    FROM found LEFT JOIN albums ON albums.id = album_key
    LEFT JOIN artists AS owners ON owners.id = iif(album_key > 0, albums.artist_id, -1 - album_key)
    ORDER BY {{order}} LIMIT ? OFFSET ?
"""
_BY_NAME = "album_name COLLATE NOCASE, album_key"
_AMONG = f"{ALBUM_KEY} IN (SELECT value FROM json_each(?))"
_ORDERS = {
    "random": "random()",
    "newest": "first_id DESC",  # as the page has it: copies of old music keep the time of their files
    "alphabeticalByName": _BY_NAME,
    "alphabeticalByArtist": f"coalesce(owners.name, '{VARIOUS}') COLLATE NOCASE, {_BY_NAME}",
}
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True)
class Album:
    """An album, or the songs of an artist without one."""

    key: int  # its id; negative for songs without an album
    name: str
    artist_id: int | None  # None: of various artists
    owner: str | None
    album_artist: str | None
    n_songs: int
    duration_s: float | None
    year: int | None
    genre: str | None
    mtime_ns: int | None  # of its newest file
    first_id: int  # a track

    @property
    def artist(self) -> str | None:
        """Its artist as a list shows it."""
        return self.owner or (VARIOUS if self.key > 0 else None)


def albums(library: Library, order: str, n: int = -1, offset: int = 0) -> list[Album]:
    """All albums in one of `ORDERS`, at most n from an offset on; the `newest` is the one that came here last."""
    return _albums(library, "1", [], _ORDERS[order], n, offset)


def albums_by_key(library: Library, keys: Sequence[int]) -> list[Album]:
    """Albums in the order of their keys; keys that are none are skipped."""
    found = {album.key: album for album in _albums(library, *_among(keys), _BY_NAME)}
    return [found[key] for key in dict.fromkeys(keys) if key in found]


def albums_of_artist(library: Library, artist_id: int) -> list[Album]:
    """The albums of an artist and those with songs of theirs, the earliest first."""
    query = (
        f"SELECT DISTINCT {ALBUM_KEY} FROM tracks AS t WHERE +status = 'embedded' AND artist_id = ?1"
        " UNION SELECT id FROM albums WHERE artist_id = ?1"
    )
    keys = library.column(query, [artist_id])
    return _albums(library, *_among(keys), f"album_key < 0, found.year IS NULL, found.year, {_BY_NAME}")


def albums_of_years(library: Library, first: int, last: int, n: int, offset: int = 0) -> list[Album]:
    """Albums of a range of years, the other way round if the first is the later one."""
    order = f"found.year {'DESC' if first > last else 'ASC'}, {_BY_NAME}"
    return _albums(library, "year BETWEEN ? AND ?", sorted((first, last)), order, n, offset)


def albums_of_genre(library: Library, genre: str, n: int, offset: int = 0) -> list[Album]:
    """Albums with a song of a genre, by name."""
    cells = json.dumps(genre_cells(library, genre))
    keys = library.column(f"SELECT DISTINCT {ALBUM_KEY} FROM tracks AS t WHERE {OF_GENRE}", [cells])
    return _albums(library, *_among(keys), _BY_NAME, n, offset)


def albums_by_words(library: Library, text: str, n: int, offset: int = 0) -> list[Album]:
    """Albums whose name and artist hold all words of a text, those of that name first; without a word all, by name."""
    if not text:
        return albums(library, "alphabeticalByName", n, offset)
    expression = name_expression(normal_text(text), "artist album", prefix=True)
    if expression is None or not n:
        return []
    query = (
        "SELECT id FROM albums WHERE id IN (SELECT t.album_id FROM tracks_fts JOIN tracks AS t"
        " ON t.id = tracks_fts.rowid WHERE tracks_fts MATCH :words AND +t.status = 'embedded')"
        " ORDER BY name = :text COLLATE NOCASE DESC, instr(lower(name), lower(:text)) > 0 DESC,"
        " name COLLATE NOCASE, id LIMIT :n OFFSET :offset"
    )
    values = {"words": expression, "text": text, "n": n, "offset": offset}
    return albums_by_key(library, [key for (key,) in library.db.execute(query, values)])


def album_keys_of(library: Library, recording_ids: Sequence[int]) -> dict[int, int]:
    """The album of each recording that has a file: that of its best one."""
    query = (
        f"SELECT r.recording_id, {ALBUM_KEY} FROM recordings AS r JOIN tracks AS t ON t.id = r.track_id"
        " WHERE r.is_best AND t.status = 'embedded' AND r.recording_id IN (SELECT value FROM json_each(?))"
    )
    return dict(library.db.execute(query, [json.dumps(list(recording_ids))]).fetchall())


def _among(keys: Sequence[int]) -> tuple[str, list[str]]:
    """A condition on the tracks of some albums; of real ones by the index."""
    if all(key > 0 for key in keys):
        return "album_id IN (SELECT value FROM json_each(?))", [json.dumps(list(keys))]
    return _AMONG, [json.dumps(list(keys))]


def _albums(
    library: Library, condition: str, values: Sequence[object], order: str, n: int = -1, offset: int = 0
) -> list[Album]:
    query = _ALBUMS.format(condition=condition, order=order)
    return [Album(*row) for row in library.db.execute(query, [*values, n, offset])]
