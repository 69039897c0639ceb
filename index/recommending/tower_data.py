"""Read the training data of towers: listens, and facts of every track."""

from dataclasses import dataclass, replace

import numpy as np

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions, without_dislikes
from earshot.data.ids import IdMap
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import read_interactions
from earshot.index.recordings.recording_facts import read_facts
from earshot.index.vectors.spaces import AUDIO, ONE_PER_RECORDING, read_some_vectors, read_vectors

_MAX_SELECTED = 20_000  # tracks that are selected by id; more are read with all others


@dataclass(frozen=True)
class TowerData:
    """Listens, and all tracks that can be recommended; tracks with listens come first."""

    listens: Interactions  # and likes that were not taken back
    events: Interactions  # of all kinds: what was known at an earlier time is in these
    catalog: Catalog
    tracks: IdMap
    users: IdMap
    artists: IdMap
    albums: IdMap
    listens_key: str  # changes with listens and links


def read_tower_data(library: Library, sound: str | None = AUDIO) -> TowerData:
    """Read listens and likes, and the facts of every track, with `sound` as the space of audio vectors or none."""
    read = read_interactions(library)
    listens = without_dislikes(read.interactions)
    listened = read.items.all_ids
    query = f"SELECT id FROM tracks WHERE status IN ('embedded', 'catalog') AND {ONE_PER_RECORDING.format('id')}"
    present = library.ids(query)
    tracks = IdMap(np.concatenate([listened, np.setdiff1d(present, listened)]))
    catalog, artists, albums = read_catalog(library, tracks, sound)
    listens, events = (replace(some, n_tracks=len(tracks)) for some in (listens, read.interactions))
    return TowerData(listens, events, catalog, tracks, read.users, artists, albums, read.key)


def read_catalog(library: Library, tracks: IdMap, sound: str | None = AUDIO) -> tuple[Catalog, IdMap, IdMap]:
    """Read the facts of tracks, and the ids of their artists and albums.

    If the tracks are few, the time does not depend on the size of the library. `sound` is as in `read_tower_data`.
    """
    ids = tracks.all_ids
    table = read_facts(library, ids.tolist() if len(ids) <= _MAX_SELECTED else None)
    _, places, table_rows = np.intersect1d(ids, table["id"], assume_unique=True, return_indices=True)
    columns = {name: np.full(len(ids), -1, dtype=np.int64) for name in ("artist", "album")}
    seconds = np.full(len(ids), np.nan, dtype=np.float32)
    seconds[places] = table["seconds"][table_rows]
    maps = {}
    for name, column in columns.items():
        column[places] = table[name][table_rows]
        maps[name] = IdMap(np.unique(column[column >= 0]))
        column[column >= 0] = maps[name].rows(column[column >= 0])
    artist_rows, album_rows = columns["artist"].astype(np.int32), columns["album"].astype(np.int32)
    n_artists, n_albums = len(maps["artist"]), len(maps["album"])
    catalog = Catalog(artist_rows, album_rows, seconds, n_artists, n_albums, _audio(library, ids, sound))
    return catalog, maps["artist"], maps["album"]


def _audio(library: Library, ids: np.ndarray, sound: str | None) -> np.ndarray | None:
    """The audio vector of each id, zeros for ids without one; None if no track has one."""
    dim = library.value("SELECT dim FROM current_vectors WHERE space = ?", [sound])
    if sound is None or dim is None:
        return None
    is_few = len(ids) <= _MAX_SELECTED
    embedded, vectors = read_some_vectors(library, sound, ids.tolist()) if is_few else read_vectors(library, sound)
    _, places, vector_rows = np.intersect1d(ids, embedded.all_ids, assume_unique=True, return_indices=True)
    audio = np.zeros((len(ids), dim), dtype=np.float32)
    if len(vector_rows):
        audio[places] = vectors[vector_rows]
    return audio
