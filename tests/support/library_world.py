"""Libraries whose vectors are made by hand: no audio, no encoder, milliseconds."""

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from earshot.data.files.path_encoding import path_columns
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.event_collector import EventCollector
from earshot.index.library import Library
from earshot.index.listens.listen_store import listens_folder
from earshot.index.runs import start_run
from earshot.index.search.excerpts import read_excerpts
from earshot.index.search.selected import AmbiguousError, Selected
from earshot.index.search.similarity_search import Seed
from earshot.index.search.track_selection import find_tracks
from earshot.index.tracks.track_lookup import TrackRow, track_rows
from earshot.index.tracks.track_store import NewTrack, PendingFile, store_track
from earshot.index.vectors.faiss_file import build_index
from earshot.index.vectors.neighbour_table import fill_neighbours
from earshot.index.vectors.spaces import AUDIO, read_vector, use_run


def find_track(library: Library, text: str, catalog: bool = False) -> TrackRow | None:
    """The one track that a text means; a choice between several is an `AmbiguousError`, as for the text."""
    selected = find_tracks(library, text, catalog)
    if selected is not None and len(selected.tracks) > 1:
        raise AmbiguousError(text, [Selected("track", track.name, [track]) for track in selected.tracks])
    return None if selected is None else selected.tracks[0]


def unit(*numbers: float) -> np.ndarray:
    """The direction of a vector, float32."""
    vector = np.array(numbers, dtype=np.float64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def at(degrees: float) -> np.ndarray:
    """A unit vector in the plane; the cosine of two is the cosine of the angle between them."""
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], dtype=np.float32)


def random_units(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    vectors = rng.standard_normal((n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def heard(path: str, vector: np.ndarray, **facts: Any) -> NewTrack:
    """A track as the encoder would report it; facts left out are dull, and the content is the path's own."""
    excerpts = facts.pop("excerpts", [vector])
    usual: dict[str, Any] = {
        "content_hash": hashlib.md5(path.encode("utf-8", "surrogateescape")).hexdigest(),
        **{"duration": 180.0, "sample_rate": 44_100, "channels": 2, "codec": "mp3", "note": None},
        **dict.fromkeys(("title", "artist", "album", "genre", "year", "track_number")),
        "starts": [30.0 * position for position in range(len(excerpts))],
    }
    file = PendingFile(path, facts.pop("size", 1_000), facts.pop("mtime_ns", 1), facts.pop("ctime_ns", None))
    return NewTrack(file, vector=vector, excerpt_vectors=np.array(excerpts), **(usual | facts))


def open_library(folder: Path, fingerprint: str = "ear") -> tuple[Library, int]:
    """A library open to write, and the run that its vectors belong to. Nothing waits for the disk."""
    library = Library.open_to_write(folder)
    library.db.execute("PRAGMA synchronous = OFF")
    _, head = start_run(library, "embed-audio", {"origin": "by hand", "trained": False}, fingerprint=fingerprint)
    use_run(library, AUDIO, head)
    return library, head


def add(library: Library, head: int, tracks: Iterable[NewTrack]) -> list[int]:
    """Store tracks; their ids."""
    ids = []
    with library.transaction():
        for track in tracks:
            store_track(library, track, head)
            path = path_columns(track.file.path)[0]
            ids += [row[0] for row in library.db.execute("SELECT id FROM tracks WHERE path = ?", [path])]
        library.db.execute("UPDATE fingerprints SET is_compared = 1 WHERE fingerprint = x''")  # of no sound
    return ids


def finish(library: Library) -> None:
    """Index and neighbours, as after a scan."""
    build_index(library, AUDIO)
    for _ in fill_neighbours(library, AUDIO):
        pass


def seed_of(library: Library, track_id: int) -> Seed:
    """A track of the library as something to search from."""
    row = track_rows(library, [track_id])[track_id]
    vector = read_vector(library, AUDIO, track_id)
    assert vector is not None
    excerpts = read_excerpts(library, track_id)
    return Seed(row.name, vector, excerpts, row.duration, row.artist, row.title, row.content_hash, row.id)


def collected_events(library: Library, *batches: Batch, level: str = "track", **options: Any) -> EventCollector:
    """Batches of listens as an import gathers them; a context."""
    collector = EventCollector(listens_folder(library), level, **options)
    for batch in batches:
        collector.add(batch)
    return collector


def by_hand(library: Library, *statements: str | tuple[str, list]) -> None:
    """Execute statements as another program would, without foreign keys."""
    client = sqlite3.connect(library.folder / "library.db")
    for statement in statements:
        client.execute(*statement) if isinstance(statement, tuple) else client.execute(statement)
    client.commit()
    client.close()
