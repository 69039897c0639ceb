"""Import tags of a table for tracks whose files have none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from earshot.data.files.path_encoding import path_from_columns
from earshot.data.path_names import file_title
from earshot.data.tables.tag_tables import TagRow, TagTable
from earshot.index.library import Library
from earshot.index.tracks.artist_store import album_id, artist_id
from earshot.index.tracks.name_resolution import UNKNOWN, match_nodes

FIELDS = ("title", "artist", "album", "genre", "year")


@dataclass(frozen=True)
class TagImport:
    """Counts of an import of tags."""

    n_rows: int
    n_matched: int  # rows whose file is a track of the library
    n_changed: int  # tracks that got another tag
    n_differing: int  # tracks that keep a tag other than the table's
    unmatched: tuple[str, ...]  # paths of the other rows


def import_tags(library: Library, table: TagTable, folders: Iterable[str], *, overwrite: bool = False) -> TagImport:
    """Fill the tags that tracks lack, or with `overwrite` replace those they have. All or nothing.

    Names that the path gave count as no tags. Later runs of `embed-audio` keep the imported tags as long as
    the file is unchanged.
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
    """Write the tags of one track; return whether any changed, and whether any still differs from the table."""
    query = (
        "SELECT path, path_bytes, album_artist, names_from, title, artist, album, genre, year FROM tracks WHERE id = ?"
    )
    path, path_bytes, album_artist, names_from, *values = library.db.execute(query, [track_id]).fetchone()
    old: dict[str, Any] = dict(zip(FIELDS, values, strict=True))
    tags = {field: getattr(row, field) for field in FIELDS if getattr(row, field) is not None}
    is_untitled = path is not None and old["title"] == file_title(path_from_columns(path, path_bytes))
    of_path = {"title", "artist", "album"} if names_from == "path" else {"title"} if is_untitled else set()
    lacking = {field for field in tags if old[field] is None or field in of_path}
    new = old | {field: value for field, value in tags.items() if overwrite or field in lacking}
    if new != old:
        artist = artist_id(library, new["artist"])
        album = album_id(library, new["album"], new["artist"], album_artist)
        library.db.execute(
            "UPDATE tracks SET title = ?, artist = ?, album = ?, genre = ?, year = ?, artist_id = ?, album_id = ?,"
            " names_from = 'table' WHERE id = ?",
            [*new.values(), artist, album, track_id],
        )
    return new != old, any(new[field] != value for field, value in tags.items())
