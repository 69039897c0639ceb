"""A list of edges between names becomes a graph of the library."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from earshot.data.tables.edge_lists import EdgeList
from earshot.index.graphs.graph_store import StoredGraph, store_graph
from earshot.index.library import Library
from earshot.index.tracks.name_resolution import NodeMatch, match_nodes


@dataclass(frozen=True)
class GraphImport:
    graph: StoredGraph
    nodes: NodeMatch


def import_graph(
    library: Library,
    edges: EdgeList,
    kind: str,
    level: str,
    *,
    directed: bool,
    origin: str,
    folders: Iterable[str] = (),
    names_are: str = "auto",
) -> GraphImport:
    """Match the names of an edge list with the library's nodes, make those that lack, and keep the graph.

    All or nothing: after a failure there are no new nodes, and an earlier graph of that name is as it was.

    Raises
    ------
    ValueError
        `names_are` is "ids" and a name is none.
    LibraryError
        No edge joins two different nodes.
    """
    with library.transaction():
        nodes = match_nodes(library, edges.names, level, folders=folders, names_are=names_are)
        graph = store_graph(
            library,
            kind,
            level,
            np.take(nodes.ids, edges.source_rows),
            np.take(nodes.ids, edges.target_rows),
            edges.weights,
            directed=directed,
            origin=origin,
            settings={"names_are": "ids" if nodes.were_ids else "names", "n_malformed": edges.n_malformed},
        )
    return GraphImport(graph, nodes)
