"""Names from folders, for tracks whose tags name no artist; they follow the file when it is moved."""

import os
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from earshot.data.files.cue_sheets import sheet_path
from earshot.data.path_names import PathNames, file_title, lacking_names, names_of_path
from earshot.index.library import Library
from earshot.index.tracks.artist_store import album_id, artist_id
from earshot.index.tracks.roots import folder_of

_OF_ALBUM = ("album", "artist", "album_artist")
FIELDS = ("title", "artist", "album", "track_number", "album_artist")


def folder_names(library: Library, path: str) -> PathNames | None:
    """The names that a path says below the folder that was given to `embed-audio`; None if it says none."""
    root = folder_of(library, path) if sheet_path(path) == path else None
    return None if root is None else names_of_path(os.path.relpath(path, root), _siblings(os.path.dirname(path)))


def follow_path(library: Library, track_id: int, old_path: str, path: str) -> None:
    """Replace names from the old path of a track by those of the new one; the caller holds the transaction."""
    query = f"SELECT names_from, {', '.join(FIELDS)} FROM tracks WHERE id = ?"
    names_from, *values = library.db.execute(query, [track_id]).fetchone()
    before = dict(zip(FIELDS, values, strict=True))
    old_names = folder_names(library, old_path) if names_from == "path" else None
    of_path = {} if old_names is None else asdict(old_names)
    tags: dict[str, Any] = {name: None if value == of_path.get(name) else value for name, value in before.items()}
    if tags["title"] in (file_title(old_path), file_title(path)):
        tags["title"] = None
    found = {} if names_from == "table" else lacking_names(tags, folder_names(library, path))
    after = tags | found
    after["title"] = after["title"] or file_title(path)
    if after == before:
        return
    artist, album = artist_id(library, after["artist"]), album_id(library, **{name: after[name] for name in _OF_ALBUM})
    library.db.execute(
        f"UPDATE tracks SET {', '.join(f'{name} = :{name}' for name in FIELDS)}, artist_id = :artist_id,"
        " album_id = :album_id, names_from = :names_from WHERE id = :id",
        after
        | {"artist_id": artist, "album_id": album, "id": track_id}
        | {"names_from": "path" if found else "tags" if names_from == "path" else names_from},
    )


@lru_cache(maxsize=16)  # the files of a folder come one after the other
def _siblings(folder: str) -> tuple[str, ...]:
    try:
        return tuple(os.listdir(folder))
    except OSError:
        return ()
