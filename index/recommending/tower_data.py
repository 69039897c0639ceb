"""What the towers read from a library and what they leave in it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from earshot.data.catalog import Catalog
from earshot.data.events.feedback import active_mask, disliked_pairs
from earshot.data.events.interactions import Interactions
from earshot.data.ids import IdMap
from earshot.index.library import Library, LibraryError
from earshot.index.listens.stored_interactions import listening_key, read_listening
from earshot.index.trust import read_json
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space, read_some_vectors, read_vectors, vector_blob

TOWER_STAGE = "train-tower"  # as `runs` calls it
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
    read = read_listening(library)
    listens = without_dislikes(read.listening)
    listened = read.items.ids(np.arange(len(read.items)))
    query = "SELECT id FROM tracks WHERE status IN ('embedded', 'catalog') AND linked_id IS NULL ORDER BY id"
    present = np.fromiter((node for (node,) in library.db.execute(query)), dtype=np.int64)
    tracks = IdMap(np.concatenate([listened, np.setdiff1d(present, listened)]))
    catalog, artists, albums = read_catalog(library, tracks, sound)
    listens = replace(listens, n_tracks=len(tracks))
    return TowerData(listens, catalog, tracks, read.users, artists, albums, read.key)


def without_dislikes(listens: Interactions) -> Interactions:
    """Listens, and likes that were not taken back; who dislikes a track wants it no more for that."""
    if listens.kinds is None:
        return listens
    return listens.where(active_mask(listens.user_rows, listens.track_rows, listens.kinds))


def dislikes(listens: Interactions) -> tuple[np.ndarray, np.ndarray] | None:
    """The users, rising, and the tracks that they want no more, (n,) each; None where nobody said so."""
    return None if listens.kinds is None else disliked_pairs(listens.user_rows, listens.track_rows, listens.kinds)


def read_catalog(library: Library, tracks: IdMap, sound: str | None = AUDIO) -> tuple[Catalog, IdMap, IdMap]:
    """What is known of tracks, and the ids of the artists and albums that its rows are.

    Of few tracks nothing is read but these, however large the library.

    Parameters
    ----------
    sound : as in `read_tower_data`
    """
    ids = tracks.ids(np.arange(len(tracks)))
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


def store_tower_vectors(
    library: Library,
    run_id: int,
    track_ids: np.ndarray,
    vectors: np.ndarray,
    metrics: dict[str, Any] | None = None,
) -> int:
    """Put a run's vectors of tracks in the place of an earlier run's, all or nothing; how many.

    Its metrics come with them, for `tower_run` reads the popularity dial there, although the run ends only later.
    """
    with library.transaction():
        library.db.execute("UPDATE runs SET metrics = ? WHERE id = ?", [json.dumps(metrics or {}), run_id])
        # Before the space turns to this run: the triggers of a current run would cost more than the rows.
        _insert_vectors(library, run_id, track_ids, vectors)
        library.db.execute(
            "INSERT INTO spaces (space, run_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET run_id = excluded.run_id",
            [TOWER, run_id],
        )
        library.db.execute("DELETE FROM vectors WHERE space = ? AND run_id <> ?", [TOWER, run_id])
        (n_stored,) = library.db.execute(
            "SELECT count(*) FROM vectors WHERE space = ? AND run_id = ?", [TOWER, run_id]
        ).fetchone()
    return int(n_stored)


def add_tower_vectors(library: Library, run_id: int, track_ids: np.ndarray, vectors: np.ndarray) -> None:
    """Vectors of tracks that came after a training, by its towers; all or nothing."""
    with library.transaction():
        _insert_vectors(library, run_id, track_ids, vectors)


def embeddable_tracks(library: Library, *, by_sound: bool) -> np.ndarray:
    """The ids of the tracks with audio, (n,), that came after the training, and of which its towers know something.

    Parameters
    ----------
    by_sound : whether these hear tracks, and not only know artists and albums
    """
    query = (
        "SELECT id FROM tracks WHERE status = 'embedded' AND (? OR coalesce(artist_id, album_id) IS NOT NULL)"
        " AND id NOT IN (SELECT track_id FROM current_vectors WHERE space = ?) ORDER BY id"
    )
    rows = library.db.execute(query, [by_sound, TOWER])
    return np.fromiter((track_id for (track_id,) in rows), dtype=np.int64)


def tower_run(library: Library) -> tuple[int, dict[str, Any]]:
    """The run whose towers recommend, and its settings; among them `popularity`, the dial that suited it best.

    Raises
    ------
    LibraryError
        There is none.
    """
    space = current_space(library, TOWER)
    if space is None:
        raise LibraryError(
            "This library has no trained towers yet.\n\nRun `cli train-tower` first (it needs `cli import-listens`)."
        )
    config, metrics = library.db.execute("SELECT config, metrics FROM runs WHERE id = ?", [space.run_id]).fetchone()
    popularity_weight = read_json(metrics).get("popularity")
    told = (
        {"sound": AUDIO}
        | read_json(config)
        | {"popularity": popularity_weight if isinstance(popularity_weight, int | float) else 0.0}
    )
    return space.run_id, told


def tower_checkpoint(library: Library, run_id: int) -> Path:
    """The file that a training wrote, whether or not it is still there.

    It was written before the vectors of its run; the run itself ends only when they are indexed.
    """
    (name,) = library.db.execute("SELECT checkpoint FROM runs WHERE id = ?", [run_id]).fetchone()
    return library.file(name, "checkpoints")


def untrained(library: Library) -> str | None:
    """Why the towers should learn, or learn anew; None where they need not, or nothing is there to learn from."""
    (n_events,) = library.db.execute("SELECT sum(n_events) FROM listens WHERE level = 'track'").fetchone()
    if not n_events:
        return None
    space = current_space(library, TOWER)
    if space is None:
        return f"{n_events:,} listens say who wants what"
    is_same = tower_run(library)[1].get("listens") == listening_key(library)
    return None if is_same else "listens or links have changed since the towers learned"


def default_protocol(listens: Interactions) -> str:
    """How a log is parted when nobody says how: as it says itself, else by one moment, else by chance."""
    if listens.splits is not None:
        return "given"
    return "global" if listens.times.any() else "random"


def find_user(library: Library, name: str) -> int:
    """The id of a listener.

    Raises
    ------
    LibraryError
        Nobody is called so; the message names some who are there.
    """
    row = library.db.execute("SELECT id FROM users WHERE name = ?", [name]).fetchone()
    if row is not None:
        return int(row[0])
    (n,) = library.db.execute("SELECT count(*) FROM users").fetchone()
    some = ", ".join(other for (other,) in library.db.execute("SELECT name FROM users ORDER BY name LIMIT 5"))
    others = f"among {n:,} there are {some}" if n > 5 else f"there are {some}" if n else "nobody is known"
    raise LibraryError(
        f"No listener is called {name!r}; {others}.\n\nFor somebody else use `cli recommend --like TRACK`."
    )


def _insert_vectors(library: Library, run_id: int, track_ids: np.ndarray, vectors: np.ndarray) -> None:
    # Listens may name tracks that were removed since; towers learn from them, and nobody asks for their vectors.
    library.db.conn.executemany(
        "INSERT INTO vectors (track_id, space, run_id, dim, vector) SELECT id, ?, ?, ?, ? FROM tracks WHERE id = ?",
        (
            (TOWER, run_id, len(vector), vector_blob(vector), track_id)
            for track_id, vector in zip(track_ids.tolist(), vectors, strict=True)
        ),
    )


def _audio(library: Library, ids: np.ndarray, sound: str | None) -> np.ndarray | None:
    """The vector of sound of each id, zeros for those without; None where nobody has any."""
    any_vector = library.db.execute("SELECT dim FROM current_vectors WHERE space = ? LIMIT 1", [sound]).fetchone()
    if sound is None or any_vector is None:
        return None
    is_few = len(ids) <= _FEW
    heard, vectors = read_some_vectors(library, sound, ids.tolist()) if is_few else read_vectors(library, sound)
    heard_ids = heard.ids(np.arange(len(heard)))
    _, places, found = np.intersect1d(ids, heard_ids, assume_unique=True, return_indices=True)
    audio = np.zeros((len(ids), any_vector[0]), dtype=np.float32)
    if len(found):
        audio[places] = vectors[found]
    return audio
