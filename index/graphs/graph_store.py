"""Store preference graphs in the library, and read them as arrays of ids."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from earshot.index.database_checks import read_json
from earshot.index.library import Library, LibraryError, now
from earshot.index.recordings.recordings import as_recordings

_COLUMNS = "kind, level, directed, origin, settings, n_nodes, n_edges, made"


@dataclass(frozen=True)
class StoredGraph:
    """A row of the table `graphs`."""

    kind: str  # the name
    level: str  # of the nodes: track, album or artist
    directed: bool
    origin: str
    settings: dict[str, Any]
    n_nodes: int
    n_edges: int
    made: str  # ISO 8601, UTC


@dataclass(frozen=True)
class Edges:
    """Edges between nodes of one level; each undirected edge is listed once."""

    level: str
    directed: bool
    source_ids: np.ndarray  # (n_edges,) int64
    target_ids: np.ndarray  # (n_edges,) int64
    weights: np.ndarray  # (n_edges,) float32, on the scale of their graph

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        return f"<Edges {len(self.source_ids):,} {kind}, between {self.level}s>"


def store_graph(
    library: Library,
    kind: str,
    level: str,
    source_ids: np.ndarray,
    target_ids: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    directed: bool,
    origin: str,
    settings: Mapping[str, Any] | None = None,
) -> StoredGraph:
    """Store a graph in place of an earlier one of that name; the caller holds the transaction.

    Self-loops are dropped; of repeated edges the strongest is kept.

    Raises
    ------
    LibraryError
        No edge is left.
    """
    sources, targets, values = _clean_edges(source_ids, target_ids, weights, directed)
    if not len(sources):
        raise LibraryError(f"The graph {kind!r} would have no edge between two different {level}s; nothing was kept.")
    n_nodes = len(np.union1d(sources, targets))
    library.db.execute("DELETE FROM graphs WHERE kind = ?", [kind])  # and with it its edges
    graph = StoredGraph(kind, level, directed, origin, dict(settings or {}), n_nodes, len(sources), now())
    library.insert("graphs", _COLUMNS, [tuple((vars(graph) | {"settings": json.dumps(graph.settings)}).values())])
    rows = zip(sources.tolist(), targets.tolist(), values.tolist(), strict=True)
    library.insert("edges", "kind, source_id, target_id, weight", ((kind, *row) for row in rows))
    return graph


def read_edges(library: Library, kinds: Sequence[str]) -> Edges:
    """Read the edges of one graph, or of several with the same level, one after the other.

    If one of several is directed, the edges of undirected ones are listed in both directions. Nodes of tracks are
    recordings, also where these changed after the graph was stored.

    Raises
    ------
    LibraryError
        There is no such graph, or the levels differ.
    """
    chosen = [find_graph(library, kind) for kind in kinds]
    if len({graph.level for graph in chosen}) != 1:
        levels = ", ".join(f"{graph.kind} ({graph.level})" for graph in chosen) or "none"
        raise LibraryError(f"These graphs have no level in common: {levels}.\n\nName graphs of one level.")
    directed = any(graph.directed for graph in chosen)
    columns_of_graphs = []
    for graph in chosen:
        rows = library.db.execute("SELECT source_id, target_id, weight FROM edges WHERE kind = ?", [graph.kind])
        edges = np.fromiter(rows, dtype=[("source", "i8"), ("target", "i8"), ("weight", "f4")])
        columns_of_graphs.append((edges["source"], edges["target"], edges["weight"]))
        if directed and not graph.directed:
            columns_of_graphs.append((edges["target"], edges["source"], edges["weight"]))
    sources, targets, weights = (np.concatenate(columns) for columns in zip(*columns_of_graphs, strict=True))
    if chosen[0].level == "track":
        sources, targets = as_recordings(library, sources), as_recordings(library, targets)
    is_edge = sources != targets
    return Edges(chosen[0].level, directed, sources[is_edge], targets[is_edge], weights[is_edge])


def stored_graphs(library: Library) -> list[StoredGraph]:
    """All graphs of the library, the largest first."""
    rows = library.db.execute(f"SELECT {_COLUMNS} FROM graphs ORDER BY n_edges DESC, kind")
    return [
        StoredGraph(kind, level, bool(directed), origin, read_json(settings), *counts_and_time)
        for kind, level, directed, origin, settings, *counts_and_time in rows
    ]


def find_graph(library: Library, kind: str) -> StoredGraph:
    """Find a graph by name.

    Raises
    ------
    LibraryError
        There is no such graph; the message lists the known ones.
    """
    graphs = {graph.kind: graph for graph in stored_graphs(library)}
    if kind not in graphs:
        known = f"there are {', '.join(graphs)}" if graphs else "there is none yet"
        raise LibraryError(
            f"There is no graph {kind!r} in this library; {known}.\n\nRun `cli import-graph` or `cli build-graph`."
        )
    return graphs[kind]


def remove_dangling_edges(library: Library) -> None:
    """Remove the edges of removed tracks, before their ids are used again, and graphs that have no other edge."""
    gone, of_graph = "NOT IN (SELECT id FROM tracks)", "FROM edges WHERE kind = graphs.kind"
    for graph in [graph for graph in stored_graphs(library) if graph.level == "track"]:
        library.db.execute(f"DELETE FROM edges WHERE kind = ? AND (source_id {gone} OR target_id {gone})", [graph.kind])
    library.db.execute(
        f"UPDATE graphs SET n_edges = (SELECT count(*) {of_graph}),"
        f" n_nodes = (SELECT count(*) FROM (SELECT source_id {of_graph} UNION SELECT target_id {of_graph}))"
        f" WHERE level = 'track' AND n_edges <> (SELECT count(*) {of_graph})"
    )
    library.db.execute("DELETE FROM graphs WHERE n_edges = 0")


def _clean_edges(
    source_ids: np.ndarray, target_ids: np.ndarray, weights: np.ndarray | None, directed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List each edge once, without loops, in the order of the key of the table."""
    sources, targets = np.asarray(source_ids, dtype=np.int64), np.asarray(target_ids, dtype=np.int64)
    values = np.ones(len(sources), np.float32) if weights is None else np.asarray(weights, dtype=np.float32)
    if not directed:
        sources, targets = np.minimum(sources, targets), np.maximum(sources, targets)
    order = np.lexsort((-values, targets, sources))
    sources, targets, values = sources[order], targets[order], values[order]
    is_edge = sources != targets
    is_edge[1:] &= (np.diff(sources) != 0) | (np.diff(targets) != 0)
    return sources[is_edge], targets[is_edge], values[is_edge]
