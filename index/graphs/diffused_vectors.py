"""Diffused vectors: read the graphs, then store the vectors that were spread over them."""

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
from earshot.index.vectors.spaces import (
    AUDIO,
    DIFFUSED,
    ONE_PER_RECORDING,
    current_space,
    publish,
    require_space,
    vector_blob,
)

_NODES = {
    "track": f"SELECT id FROM tracks WHERE status IN ('embedded', 'catalog') AND {ONE_PER_RECORDING.format('id')}",
    "album": "SELECT id FROM albums",
    "artist": "SELECT id FROM artists",
}


@dataclass(frozen=True)
class LevelGraph:
    """The chosen graphs between nodes of one level, merged, and all nodes of that level."""

    level: str
    kinds: tuple[str, ...]
    ids: IdMap  # all nodes, also those without an edge
    source_rows: np.ndarray  # (n_edges,)
    target_rows: np.ndarray  # (n_edges,)
    weights: np.ndarray  # (n_edges,) float32; the mean of each graph is one


@dataclass(frozen=True)
class DiffusionResult:
    """The result of diffusion over the graphs of one level."""

    graph: LevelGraph
    node_ids: np.ndarray  # (n,) nodes that have a vector now
    vectors: np.ndarray  # (n, dim) float32 of unit length
    n_with_audio: int
    n_reached: int  # nodes without audio that have a vector now
    seconds: float

    def counts(self) -> dict[str, Any]:
        """Counts for the report and for JSON."""
        n_nodes = len(self.graph.ids)
        return {
            "level": self.graph.level,
            "graphs": list(self.graph.kinds),
            "nodes": n_nodes,
            "with_audio": self.n_with_audio,
            "reached": self.n_reached,
            "unreached": n_nodes - self.n_with_audio - self.n_reached,
            "seconds": round(self.seconds, 3),
        }


def level_graphs(library: Library, kinds: Sequence[str] = ()) -> list[LevelGraph]:
    """Read the named graphs, or all, by level: tracks first, then albums, then artists.

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
    columns_of_graphs = []
    for kind in kinds:
        edges = read_edges(library, [kind])
        weights = edges.weights / edges.weights.mean(dtype=np.float64)
        columns_of_graphs.append((edges.source_ids, edges.target_ids, weights))
    sources, targets, weights = (np.concatenate(columns) for columns in zip(*columns_of_graphs, strict=True))
    nodes = library.ids(_NODES[level])
    ids = IdMap(np.unique(np.concatenate([nodes, sources, targets])))
    return LevelGraph(level, tuple(kinds), ids, ids.rows(sources), ids.rows(targets), weights.astype(np.float32))


def node_vectors(
    library: Library, level: str, track_ids: np.ndarray, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes, (n,), and their audio vectors, (n, dim) float32 of unit length: the mean direction of their tracks."""
    if level == "track":
        return track_ids, vectors
    node_ids, rows = _nodes_of(library, level, track_ids)
    unique_ids, places = np.unique(node_ids, return_inverse=True)
    sums = np.zeros((len(unique_ids), vectors.shape[1]))
    np.add.at(sums, places, vectors[rows])
    return unique_ids, unit_rows(sums)


def fill_catalog(
    library: Library, track_ids: np.ndarray, vectors: np.ndarray, results: Sequence[DiffusionResult]
) -> tuple[np.ndarray, np.ndarray]:
    """Add the catalog tracks that have a vector after diffusion to the tracks with audio, (n,) and (n, dim).

    A catalog track takes the vector of its node, else of its album, else of its artist. Tracks with audio keep theirs.
    """
    missing = library.ids("SELECT id FROM tracks WHERE status = 'catalog' ORDER BY id")
    all_ids, all_vectors = [track_ids], [vectors]
    for result in sorted(results, key=lambda result: LEVELS.index(result.graph.level)):
        nodes = IdMap(result.node_ids)
        if result.graph.level == "track":
            nodes_of_tracks, rows = missing, np.arange(len(missing))
        else:
            nodes_of_tracks, rows = _nodes_of(library, result.graph.level, missing)
        has_vector = np.isin(nodes_of_tracks, result.node_ids)
        all_ids.append(missing[rows[has_vector]])
        all_vectors.append(result.vectors[nodes.rows(nodes_of_tracks[has_vector])])
        missing = np.setdiff1d(missing, all_ids[-1])
    return np.concatenate(all_ids), np.concatenate(all_vectors)


def store_diffused(
    library: Library, run_id: int, track_ids: np.ndarray, vectors: np.ndarray, results: Sequence[DiffusionResult]
) -> None:
    """Put the vectors of a run in place of those of earlier runs, all or nothing."""
    with library.transaction():
        publish(library, DIFFUSED, run_id, [(track_ids, vectors)])
        library.db.execute("DELETE FROM node_vectors")
        rows = (
            (result.graph.level, node_id, run_id, len(vector), vector_blob(vector))
            for result in results
            if result.graph.level != "track"  # vectors of tracks are published
            for node_id, vector in zip(result.node_ids.tolist(), result.vectors, strict=True)
        )
        library.insert("node_vectors", "level, node_id, run_id, dim, vector", rows)


def sources_of(library: Library, kinds: Iterable[str]) -> dict[str, Any]:
    """The sources of a run, for its `config`: compared later, they tell whether the vectors are stale."""
    space = require_space(library, AUDIO)
    graphs = {kind: find_graph(library, kind).made for kind in kinds}
    return {"audio": [space.run_id, space.revision], "graphs": graphs}


def n_catalog(library: Library, lacking: bool = False) -> int:
    """The number of catalog tracks, or with `lacking` of those without a diffused vector."""
    query = "SELECT count(*) FROM tracks WHERE status = 'catalog'"
    if lacking:
        query += f" AND id NOT IN (SELECT track_id FROM current_vectors WHERE space = '{DIFFUSED}')"
    return library.value(query)


def diffused_config(library: Library) -> dict[str, Any] | None:
    """Settings of the run that search uses, with its sources and the `centre_vector` that was subtracted."""
    space = current_space(library, DIFFUSED)
    return None if space is None else run_config(library, space.run_id)


def centre_vector(library: Library, dim: int) -> np.ndarray:
    """The vector that was subtracted from all before diffusion, (dim,).

    Raises
    ------
    LibraryError
        The run does not record it.
    """
    centre = (diffused_config(library) or {}).get("centre_vector")
    numbers = centre if isinstance(centre, list) else []
    if len(numbers) != dim or not all(isinstance(number, int | float) for number in numbers):
        raise LibraryError("The diffused vectors do not say what was subtracted from them.\n\nRun `cli diffuse-audio`.")
    return np.array(numbers)


def _nodes_of(library: Library, level: str, track_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The album or artist of each track that has one: ids of nodes, and rows in `track_ids`."""
    pairs = library.db.execute(f"SELECT id, {level}_id FROM tracks WHERE {level}_id IS NOT NULL ORDER BY id")
    table = np.fromiter(pairs, dtype=[("track", "i8"), ("node", "i8")])
    _, rows, places = np.intersect1d(track_ids, table["track"], assume_unique=True, return_indices=True)
    return table["node"][places], rows
