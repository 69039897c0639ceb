"""Find or create the artists and albums of tracks, by keys: one row for all spellings of a name."""

from collections.abc import Iterable

from earshot.data.name_matching import album_key, artist_key, artist_names, main_artist_key
from earshot.data.placeholder_names import is_various
from earshot.index.library import Library


def artist_id(library: Library, text: str | None) -> int | None:
    """The id of the first artist of a tag; None if it names none. The others get rows too."""
    ids = [_find_or_create_artist(library, name) for name in artist_names(text or "")]
    return ids[0] if ids else None


def album_id(library: Library, album: str | None, artist: str | None, album_artist: str | None) -> int | None:
    """The id of an album; None if its name is none.

    An album belongs to its album artist, else to the first artist of the track. One of various artists belongs to
    nobody, so that its tracks are one album.
    """
    key = album_key(album)
    if album is None or not key:
        return None
    owner = None if is_various(album_artist or "") else artist_id(library, album_artist or artist)
    query = "SELECT id FROM albums WHERE key = ? AND artist_id IS ? ORDER BY id LIMIT 1"
    insert = "INSERT INTO albums (name, artist_id, key) VALUES (?, ?, ?) RETURNING id"
    known: int | None = library.value(query, [key, owner])
    return known or library.value(insert, [album, owner, key])


def artist_ids_by_key(library: Library) -> dict[str, int]:
    """The first artist of each key."""
    return dict(library.db.execute("SELECT key, min(id) FROM artists WHERE key <> '' GROUP BY key").fetchall())


def same_artists(library: Library) -> dict[int, int]:
    """The artist that stands for each other spelling of it, by id."""
    first = artist_ids_by_key(library)
    rows = library.db.execute("SELECT id, key FROM artists WHERE key <> ''")
    return {node: first[key] for node, key in rows if first[key] != node}


def insert_artists(library: Library, rows: Iterable[tuple[int, str]]) -> None:
    """Insert artists with these ids and names."""
    library.insert("artists", "id, name, key", ((node, name, main_artist_key(name)) for node, name in rows))


def insert_albums(library: Library, rows: Iterable[tuple[int, str, int | None]]) -> None:
    """Insert albums with these ids, names and artists."""
    keyed = ((node, name, artist, album_key(name)) for node, name, artist in rows)
    library.insert("albums", "id, name, artist_id, key", keyed)


def _find_or_create_artist(library: Library, name: str) -> int:
    key = artist_key(name)
    insert = "INSERT INTO artists (name, key) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET key = excluded.key"
    known: int | None = library.value("SELECT min(id) FROM artists WHERE key = ?", [key])
    return known or library.value(f"{insert} RETURNING id", [name, key])
