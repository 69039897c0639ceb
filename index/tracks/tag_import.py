"""Tags from elsewhere, for tracks whose files have none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from earshot.data.files.path_encoding import path_from_columns
from earshot.data.tables.tag_tables import TagRow, TagTable
from earshot.index.library import Library
from earshot.index.tracks.name_resolution import UNKNOWN, match_nodes
from earshot.index.tracks.track_store import entity_id, file_title

FIELDS = ("title", "artist", "album", "genre", "year")


@dataclass(frozen=True)
class TagImport:
    n_rows: int
    n_matched: int  # rows whose file is a track of the library
    n_changed: int  # tracks that have another tag now
    n_differing: int  # tracks that still say something else than the table, in their own tags
    unmatched: tuple[str, ...]  # paths of the other rows


def import_tags(library: Library, table: TagTable, folders: Iterable[str], *, overwrite: bool = False) -> TagImport:
    """Fill the tags that tracks lack, or with `overwrite` replace those they have. All or nothing.

    A title that is the file's name is no tag. A later `embed-audio` keeps what is filled here as long as the file
    stays the same.
    """
    paths = [row.path for row in table.rows]
    with library.transaction():
        ids = match_nodes(library, paths, "track", folders=folders, names_are="names", create=False).ids.tolist()
        pairs = list(zip(table.rows, ids, strict=True))
        done = [_fill(library, track, row, overwrite) for row, track in pairs if track != UNKNOWN]
    unmatched = tuple(row.path for row, track in pairs if track == UNKNOWN)
    n_changed, n_differing = (sum(flags) for flags in zip(*done, strict=True)) if done else (0, 0)
    return TagImport(len(pairs), len(done), n_changed, n_differing, unmatched)


def _fill(library: Library, track_id: int, row: TagRow, overwrite: bool) -> tuple[bool, bool]:
    """Write one track's tags; whether any is another now, and whether any differs from the table still."""
    query = "SELECT path, path_bytes, title, artist, album, genre, year FROM tracks WHERE id = ?"
    path, path_bytes, *values = library.db.execute(query, [track_id]).fetchone()
    held: dict[str, Any] = dict(zip(FIELDS, values, strict=True))
    told = {field: getattr(row, field) for field in FIELDS if getattr(row, field) is not None}
    is_untitled = path is not None and held["title"] == file_title(path_from_columns(path, path_bytes))
    lacking = {field for field in told if held[field] is None or (field == "title" and is_untitled)}
    new = held | {field: value for field, value in told.items() if overwrite or field in lacking}
    if new != held:
        artist_id = entity_id(library, "artists", new["artist"])
        album_id = entity_id(library, "albums", new["album"], artist_id)
        library.db.execute(
            "UPDATE tracks SET title = ?, artist = ?, album = ?, genre = ?, year = ?, artist_id = ?, album_id = ?"
            " WHERE id = ?",
            [*new.values(), artist_id, album_id, track_id],
        )
    return new != held, any(new[field] != value for field, value in told.items())
