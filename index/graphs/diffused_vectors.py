"""Vectors that were spread over preference graphs: what is spread, what is kept of it, and when it is out of date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from earshot.data.cosine import unit_rows
from earshot.data.ids import IdMap
from earshot.index.graphs.graph_store import find_graph, read_edges, stored_graphs
from earshot.index.library import Library, LibraryError
from earshot.index.runs import run_config
from earshot.index.tracks.name_resolution import LEVELS
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, current_space, publish, require_space, vector_blob

_NODES = {
    "track": "SELECT id FROM tracks WHERE status IN ('embedded', 'catalog')",
    "album": "SELECT id FROM albums",
    "artist": "SELECT id FROM artists",
}


@dataclass(frozen=True)
class LevelGraph:
    """All chosen graphs between nodes of one level, merged, and every node of that level."""

    level: str
    kinds: tuple[str, ...]
    ids: IdMap  # of all nodes, also those without an edge
    source_rows: np.ndarray  # (n_edges,)
    target_rows: np.ndarray  # (n_edges,)
    weights: np.ndarray  # (n_edges,) float32; each graph's mean is one


@dataclass(frozen=True)
class DiffusionResult:
    """What spreading over the graphs of one level gave."""

    level: str
    kinds: tuple[str, ...]
    node_ids: np.ndarray  # (n,) of all that have a vector now
    vectors: np.ndarray  # (n, dim) float32 of unit length
    n_nodes: int
    n_with_audio: int
    n_reached: int  # without audio, and now with a vector
    seconds: float

    def counts(self) -> dict[str, Any]:
        """For the report and for JSON."""
        return {
            "level": self.level,
            "graphs": list(self.kinds),
            "nodes": self.n_nodes,
            "with_audio": self.n_with_audio,
            "reached": self.n_reached,
            "unreached": self.n_nodes - self.n_with_audio - self.n_reached,
            "seconds": round(self.seconds, 3),
        }


def level_graphs(library: Library, kinds: Sequence[str] = ()) -> list[LevelGraph]:
    """The named graphs, or all, by level: tracks first, then albums, then artists.

    Raises
    ------
    LibraryError
        There is no such graph, or none at all.
    """
    chosen = [find_graph(library, kind) for kind in dict.fromkeys(kinds)] or stored_graphs(library)
    if not chosen:
        raise LibraryError(
            "There is no preference graph in this library yet.\n\n"
            "Run `cli build-graph` (from listens, playlists or tags) or `cli import-graph FILE` first."
        )
    of_level = {level: [graph.kind for graph in chosen if graph.level == level] for level in LEVELS}
    return [_read_level(library, level, named) for level, named in of_level.items() if named]


def _read_level(library: Library, level: str, kinds: Sequence[str]) -> LevelGraph:
    parts = []
    for kind in kinds:
        edges = read_edges(library, [kind])
        parts.append((edges.source_ids, edges.target_ids, edges.weights / edges.weights.mean(dtype=np.float64)))
    sources, targets, weights = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    nodes = _ids(library, _NODES[level])
    ids = IdMap(np.unique(np.concatenate([nodes, sources, targets])))
    return LevelGraph(level, tuple(kinds), ids, ids.rows(sources), ids.rows(targets), weights.astype(np.float32))


def node_vectors(
    library: Library, level: str, track_ids: np.ndarray, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The nodes that can be heard, and how they sound: each the mean direction of its tracks.

    Returns
    -------
    node_ids, shape (n,), and vectors, shape (n, dim) float32 of unit length
    """
    if level == "track":
        return track_ids, vectors
    node_ids, rows = _nodes_of(library, level, track_ids)
    names, places = np.unique(node_ids, return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, places, vectors[rows])
    return names, unit_rows(sums)


def diffusion_result(
    level: LevelGraph, vectors: np.ndarray, is_known: np.ndarray, is_reached: np.ndarray, seconds: float
) -> DiffusionResult:
    """What spreading found, by row of the graph, as what is to be kept of it, by id."""
    rows = np.flatnonzero((is_known | is_reached) & vectors.any(axis=1))
    counts = int(is_known.sum()), int(is_reached.sum())
    return DiffusionResult(
        level.level, level.kinds, level.ids.ids(rows), vectors[rows], len(level.ids), *counts, seconds
    )


def fill_catalog(
    library: Library, track_ids: np.ndarray, vectors: np.ndarray, spreads: Sequence[DiffusionResult]
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of all tracks that have one now.

    Catalog items take their own node's vector, else their album's, else their artist's. Tracks with audio keep theirs.

    Parameters
    ----------
    track_ids, vectors : shape (n,) and (n, dim)
        Of the tracks with audio.

    Returns
    -------
    track_ids and vectors, the same of all
    """
    lacking = _ids(library, "SELECT id FROM tracks WHERE status = 'catalog' ORDER BY id")
    all_ids, all_vectors = [track_ids], [vectors]
    for spread in sorted(spreads, key=lambda spread: LEVELS.index(spread.level)):
        nodes = IdMap(spread.node_ids)
        if spread.level == "track":
            of_track, rows = lacking, np.arange(len(lacking))
        else:
            of_track, rows = _nodes_of(library, spread.level, lacking)
        there = np.isin(of_track, spread.node_ids)
        all_ids.append(lacking[rows[there]])
        all_vectors.append(spread.vectors[nodes.rows(of_track[there])])
        lacking = np.setdiff1d(lacking, all_ids[-1])
    return np.concatenate(all_ids), np.concatenate(all_vectors)


def store_diffused(
    library: Library, run_id: int, track_ids: np.ndarray, vectors: np.ndarray, spreads: Sequence[DiffusionResult]
) -> None:
    """Put a run's vectors of tracks, albums and artists in the place of an earlier run's, all or nothing."""
    with library.transaction():
        publish(library, DIFFUSED, run_id, [(track_ids, vectors)])
        library.db.execute("DELETE FROM node_vectors")
        for spread in spreads:
            if spread.level != "track":  # those of tracks are in `vectors`
                library.db.conn.executemany(
                    "INSERT INTO node_vectors (level, node_id, run_id, dim, vector) VALUES (?, ?, ?, ?, ?)",
                    (
                        (spread.level, node_id, run_id, len(vector), vector_blob(vector))
                        for node_id, vector in zip(spread.node_ids.tolist(), spread.vectors, strict=True)
                    ),
                )


def sources_of(library: Library, kinds: Iterable[str]) -> dict[str, Any]:
    """What a run is made from, for its `config`: compared later, it tells whether the vectors are out of date."""
    space = require_space(library, AUDIO)
    graphs = {kind: find_graph(library, kind).made for kind in kinds}
    return {"audio": [space.run_id, space.revision], "graphs": graphs}


def n_catalog(library: Library, lacking: bool = False) -> int:
    """How many catalog items there are, or how many of them have no spread vector."""
    query = "SELECT count(*) FROM tracks WHERE status = 'catalog'"
    if lacking:
        query += f" AND id NOT IN (SELECT track_id FROM current_vectors WHERE space = '{DIFFUSED}')"
    return int(library.db.execute(query).fetchone()[0])


def diffused_config(library: Library) -> dict[str, Any] | None:
    """Of the run whose vectors search uses: its settings, its sources, and the `centre_vector` that was taken away."""
    space = current_space(library, DIFFUSED)
    if space is None:
        return None
    return run_config(library, space.run_id)


def centre_vector(library: Library, dim: int) -> np.ndarray:
    """The vector that was taken away from each one before it was spread, (dim,).

    Raises
    ------
    LibraryError
        The run of the spread vectors does not say.
    """
    told = (diffused_config(library) or {}).get("centre_vector")
    if not isinstance(told, list) or len(told) != dim or not all(isinstance(value, int | float) for value in told):
        raise LibraryError("The spread vectors do not say what was taken away from them.\n\nRun `cli diffuse-audio`.")
    return np.array(told)


def _nodes_of(library: Library, level: str, track_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The album or artist of each track that has one: ids of nodes, and rows in `track_ids`."""
    pairs = library.db.execute(f"SELECT id, {level}_id FROM tracks WHERE {level}_id IS NOT NULL ORDER BY id")
    table = np.fromiter(pairs, dtype=[("track", "i8"), ("node", "i8")])
    _, rows, places = np.intersect1d(track_ids, table["track"], assume_unique=True, return_indices=True)
    return table["node"][places], rows


def _ids(library: Library, query: str) -> np.ndarray:
    return np.fromiter((node for (node,) in library.db.execute(query)), dtype=np.int64)
