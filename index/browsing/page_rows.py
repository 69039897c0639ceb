"""Albums and artists a page at a time: of 100,000 tracks only those of the page are added up."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.index.browsing.album_rows import Album, albums_by_key
from earshot.index.library import Library
from earshot.index.search.word_search import rows_where
from earshot.index.tracks.track_lookup import TrackRow

_AUDIBLE = "EXISTS (SELECT 1 FROM tracks AS t WHERE t.{0}_id = {0}s.id AND +t.status = 'embedded')"
_ORDERS = {"name": "key, id", "newest": "id DESC"}
_IDS = "(SELECT value FROM json_each(:ids))"
# Of each recording the file that stands for it, as in every list.
_ONCE = "EXISTS (SELECT 1 FROM recordings AS r WHERE r.track_id = t.id AND r.is_best)"


@dataclass(frozen=True)
class ArtistRow:
    """An artist as a page shows it: by a cover."""

    id: int
    name: str
    n_tracks: int
    cover_id: int


def list_albums(library: Library, limit: int, offset: int = 0, *, order: str = "name") -> list[Album]:
    """Albums with audio, by `name`, or the `newest` first: the one that came here last."""
    query = f"SELECT id FROM albums WHERE {_AUDIBLE.format('album')} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?"
    return albums_by_key(library, library.column(query, [limit, offset]))


def list_artists(library: Library, limit: int, offset: int = 0) -> list[ArtistRow]:
    """Artists with audio, by name."""
    query = f"SELECT id FROM artists WHERE {_AUDIBLE.format('artist')} ORDER BY key, id LIMIT ? OFFSET ?"
    return artist_rows(library, library.column(query, [limit, offset]))


def artist_rows(library: Library, ids: Sequence[int]) -> list[ArtistRow]:
    """Artists by id, in this order; those without audio are skipped."""
    rows = library.db.execute(
        "SELECT a.id, a.name, count(*), min(t.id) FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id"
        f" WHERE t.artist_id IN {_IDS} AND +t.status = 'embedded' GROUP BY a.id",
        {"ids": json.dumps(list(ids))},
    )
    found = {row[0]: ArtistRow(*row) for row in rows}
    return [found[one] for one in ids if one in found]


def album_tracks(library: Library, album_id: int, limit: int, offset: int = 0) -> list[TrackRow]:
    """The tracks of an album by their numbers."""
    where = "t.album_id = :id ORDER BY t.track_number IS NULL, t.track_number, t.path, t.id LIMIT :limit OFFSET :offset"
    return rows_where(library, where, {"id": album_id, "limit": limit, "offset": offset})


def artist_tracks(library: Library, artist_id: int, limit: int, offset: int = 0) -> list[TrackRow]:
    """The tracks of an artist, a recording once, by album and number."""
    where = f"t.artist_id = :id AND {_ONCE} ORDER BY t.year DESC, t.album, t.track_number, t.id"
    values: dict[str, object] = {"id": artist_id, "limit": limit, "offset": offset}
    return rows_where(library, f"{where} LIMIT :limit OFFSET :offset", values)


def owners_of(library: Library, track_ids: Sequence[int]) -> dict[int, tuple[int | None, int | None]]:
    """The ids of the artist and the album of each of some tracks."""
    query = f"SELECT id, artist_id, album_id FROM tracks WHERE id IN {_IDS}"
    rows = library.db.execute(query, {"ids": json.dumps(list(track_ids))})
    return {track_id: (artist, album) for track_id, artist, album in rows}
