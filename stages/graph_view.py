"""Views of one preference graph: statistics, the neighbourhood of a node, a picture, an export."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from earshot.data.ids import IdMap
from earshot.graph.graph_files import write_graphml
from earshot.graph.graph_statistics import graph_statistics, neighbourhood
from earshot.graph.preference_graph import PreferenceGraph, graph_from_ids
from earshot.index.graphs.graph_store import StoredGraph, find_graph, read_edges
from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of
from earshot.index.tracks.name_resolution import ids_with_audio, match_nodes, node_names
from earshot.stages.shared.chosen_tracks import chosen_tracks
from earshot.stages.shared.reports import StageError

_MAX_NEIGHBOURS = 60  # nodes of a neighbourhood
_MAX_NAMES = 10  # of nodes in lists


@dataclass(frozen=True)
class GraphView:
    """A stored graph, whole or around a node, with what a reader wants to know of it."""

    stored: StoredGraph
    facts: dict[str, Any]  # as `cli graph-stats --json` prints them
    is_whole: bool
    library: Library = field(repr=False)
    graph: PreferenceGraph = field(repr=False)
    ids: IdMap = field(repr=False)
    has_audio: np.ndarray = field(repr=False)  # (n_nodes,) bool
    rows: np.ndarray = field(repr=False)  # (n_shown,) the node in the middle first

    def export(self, path: Path) -> None:
        """Write the view as GraphML."""
        write_graphml(path, self.graph.subgraph(self.rows), self._names(self.rows))

    def draw(self, path: Path) -> None:
        """Draw the view; of a graph too large for one picture the neighbourhood of the node of highest in-degree."""
        from earshot.graph.drawing.graph_drawing import MAX_NODES, draw_graph

        rows, is_shown = self.rows, self.is_whole and self.graph.n_nodes <= MAX_NODES
        if self.is_whole and not is_shown:
            rows = neighbourhood(self.graph, int(self.graph.in_degrees().argmax()), MAX_NODES)
        names = self._names(rows)
        title = self.stored.kind if is_shown else f"{self.stored.kind} around {names[0]}"
        marked_row = None if is_shown else 0
        draw_graph(path, self.graph.subgraph(rows), names, self.has_audio[rows], title=title, marked_row=marked_row)

    def _names(self, rows: np.ndarray) -> list[str]:
        return node_names(self.library, self.stored.level, self.ids.ids(rows))


def view_graph(library: Library, kind: str, around: str | None = None) -> GraphView:
    """Read a stored graph, and the neighbourhood of a node that is `around` it.

    Raises
    ------
    LibraryError
        There is no such graph.
    StageError
        The graph has no such node.
    """
    stored, edges = find_graph(library, kind), read_edges(library, [kind])
    ids, graph = graph_from_ids(edges.source_ids, edges.target_ids, edges.weights, directed=edges.directed)
    has_audio = np.isin(ids.all_ids, ids_with_audio(library, stored.level))
    degrees = graph.in_degrees()
    best = np.argsort(-degrees, kind="stable")[:_MAX_NAMES]
    names = node_names(library, stored.level, ids.ids(best))
    facts = asdict(stored) | asdict(graph_statistics(graph)) | {"with_audio": float(has_audio.mean())}
    facts["most_recommended"] = dict(zip(names, degrees[best].tolist(), strict=True))  # in-degrees, the highest first
    rows = np.arange(graph.n_nodes)
    if around is not None:
        node_id = _node_named(library, stored, ids, around)
        rows = neighbourhood(graph, int(ids.rows([node_id])[0]), _MAX_NEIGHBOURS)
        facts["around"] = node_names(library, stored.level, ids.ids(rows[1 : _MAX_NAMES + 1]))
    return GraphView(stored, facts, around is None, library, graph, ids, has_audio, rows)


def _node_named(library: Library, stored: StoredGraph, ids: IdMap, text: str) -> int:
    """The node that a text means: its exact name, or that of the tracks that the text means."""
    (named,) = match_nodes(library, [text], stored.level, names_are="names", create=False).ids.tolist()
    if named in ids and not text.isdecimal():
        return named
    selected = chosen_tracks(library, text)
    tracks = [] if selected is None else selected.ids
    nodes = [node for node in _nodes_of(library, stored.level, tracks) if node in ids]
    if len(nodes) > 1:
        names = ", ".join(node_names(library, stored.level, nodes[:_MAX_NAMES]))
        raise StageError(f"{text!r} is {len(nodes):,} {stored.level}s of the graph {stored.kind!r}; which one? {names}")
    if not nodes and named not in ids:
        raise StageError(f"No {stored.level} of the graph {stored.kind!r} answers to {text!r}.")
    return nodes[0] if nodes else named


def _nodes_of(library: Library, level: str, track_ids: Sequence[int]) -> list[int]:
    """The recordings of some tracks, or their albums or artists."""
    if level == "track":
        return list(dict.fromkeys(recordings_of(library, track_ids)))
    query = (
        f"SELECT DISTINCT {level}_id FROM tracks WHERE {level}_id NOT NULL AND id IN (SELECT value FROM json_each(?))"
    )
    return library.ids(query, [json.dumps(list(track_ids))]).tolist()
