"""What the towers read from a library and what they leave in it."""

import json
from dataclasses import dataclass, replace

import numpy as np

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions, without_dislikes
from earshot.data.ids import IdMap
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import read_interactions
from earshot.index.vectors.spaces import AUDIO, read_some_vectors, read_vectors

_FEW = 20_000  # tracks that are read one by one rather than with all others


@dataclass(frozen=True)
class TowerData:
    """Listens, and every track that could be recommended. The tracks that were listened to come first."""

    listens: Interactions
    catalog: Catalog
    tracks: IdMap
    users: IdMap
    artists: IdMap
    albums: IdMap
    listens_key: str  # another where a listen or a link has changed


def read_tower_data(library: Library, sound: str | None = AUDIO) -> TowerData:
    """All that there is to learn from: listens and likes, and what is known of every track.

    Parameters
    ----------
    sound : the space of vectors that tell how tracks sound; None for none

    Raises
    ------
    LibraryError
        There are no listens to tracks.
    """
    read = read_interactions(library)
    listens = without_dislikes(read.listening)
    listened = read.items.all_ids
    query = "SELECT id FROM tracks WHERE status IN ('embedded', 'catalog') AND linked_id IS NULL ORDER BY id"
    present = np.fromiter((node for (node,) in library.db.execute(query)), dtype=np.int64)
    tracks = IdMap(np.concatenate([listened, np.setdiff1d(present, listened)]))
    catalog, artists, albums = read_catalog(library, tracks, sound)
    listens = replace(listens, n_tracks=len(tracks))
    return TowerData(listens, catalog, tracks, read.users, artists, albums, read.key)


def read_catalog(library: Library, tracks: IdMap, sound: str | None = AUDIO) -> tuple[Catalog, IdMap, IdMap]:
    """What is known of tracks, and the ids of the artists and albums that its rows are.

    Of few tracks nothing is read but these, however large the library.

    Parameters
    ----------
    sound : as in `read_tower_data`
    """
    ids = tracks.all_ids
    query, values = "SELECT id, artist_id, album_id, duration_s FROM tracks", []
    if len(ids) <= _FEW:
        query += " WHERE id IN (SELECT value FROM json_each(?))"
        values = [json.dumps(ids.tolist())]
    rows = library.db.execute(query, values)
    kinds = [("id", "i8"), ("artist", "i8"), ("album", "i8"), ("seconds", "f4")]
    table = np.fromiter(
        (
            (node, artist or -1, album or -1, np.nan if seconds is None else seconds)
            for node, artist, album, seconds in rows
        ),
        dtype=kinds,
    )
    _, places, found = np.intersect1d(ids, table["id"], assume_unique=True, return_indices=True)
    columns = {name: np.full(len(ids), -1, dtype=np.int64) for name in ("artist", "album")}
    seconds = np.full(len(ids), np.nan, dtype=np.float32)
    seconds[places] = table["seconds"][found]
    maps = {}
    for name, column in columns.items():
        column[places] = table[name][found]
        maps[name] = IdMap(np.unique(column[column >= 0]))
        column[column >= 0] = maps[name].rows(column[column >= 0])
    artist_rows, album_rows = columns["artist"].astype(np.int32), columns["album"].astype(np.int32)
    n_artists, n_albums = len(maps["artist"]), len(maps["album"])
    catalog = Catalog(artist_rows, album_rows, seconds, n_artists, n_albums, _audio(library, ids, sound))
    return catalog, maps["artist"], maps["album"]


def _audio(library: Library, ids: np.ndarray, sound: str | None) -> np.ndarray | None:
    """The vector of sound of each id, zeros for those without; None where nobody has any."""
    any_vector = library.db.execute("SELECT dim FROM current_vectors WHERE space = ? LIMIT 1", [sound]).fetchone()
    if sound is None or any_vector is None:
        return None
    is_few = len(ids) <= _FEW
    heard, vectors = read_some_vectors(library, sound, ids.tolist()) if is_few else read_vectors(library, sound)
    heard_ids = heard.all_ids
    _, places, found = np.intersect1d(ids, heard_ids, assume_unique=True, return_indices=True)
    audio = np.zeros((len(ids), any_vector[0]), dtype=np.float32)
    if len(found):
        audio[places] = vectors[found]
    return audio
