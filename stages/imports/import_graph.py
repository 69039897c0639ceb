"""Import a preference graph from an edge list, GraphML or GEXF."""

from dataclasses import dataclass, replace
from pathlib import Path

from earshot.data.tables.edge_lists import EdgeList, read_edge_list
from earshot.data.tables.name_tables import level_of
from earshot.graph import graph_files
from earshot.index.graphs.graph_store import StoredGraph, store_graph
from earshot.index.library import Library
from earshot.index.tracks.name_resolution import NodeMatch, likeliest_level, match_nodes
from earshot.stages.shared.name_mapping import MappedNames, NameOptions, map_names


@dataclass(frozen=True)
class ImportGraphConfig(NameOptions):
    """Facts that the file of a graph does not give, or gives otherwise."""

    level: str | None = None  # of the nodes: "track", "album" or "artist"; else by their columns, else by their names
    kind: str | None = None  # the name of the graph; else the file's
    directed: bool | None = None  # else as a graph file says, else directed
    source: str | None = None  # columns of an edge list; else looked for
    target: str | None = None
    weight: str | None = None  # also the attribute of edges in a graph file


@dataclass(frozen=True)
class ReadGraph:
    """A graph as its file has it, with its names in the library's words."""

    file: Path
    edges: EdgeList
    kind: str  # its name in the library
    names: MappedNames
    is_directed: bool


@dataclass(frozen=True)
class GraphImport:
    """A graph that was just imported, and how its names matched."""

    graph: StoredGraph
    nodes: NodeMatch


def read_graph(file: Path, config: ImportGraphConfig | None = None) -> ReadGraph:
    """Read a graph before the library is opened, so that a faulty file changes nothing and a long one blocks nobody.

    Raises
    ------
    ValueError
        The file or its table of names cannot be read, or lacks a column.
    """
    config = config or ImportGraphConfig()
    is_directed = True
    if file.suffix.lower() in graph_files.SUFFIXES:
        edges, is_directed = graph_files.read_graph_file(file, weight=config.weight or "weight")
    else:
        edges = read_edge_list(file, source=config.source, target=config.target, weight=config.weight)
    mapped = map_names(edges.names, config.level or level_of(*edges.columns), file, config)
    is_directed = is_directed if config.directed is None else config.directed
    return ReadGraph(file, replace(edges, names=mapped.names), config.kind or file.stem, mapped, is_directed)


def import_graph(library: Library, graph: ReadGraph) -> GraphImport:
    """Keep a graph, in the place of an earlier one of its name; nodes that the library does not know are made.

    All or nothing: a failure leaves no new nodes and the earlier graph of that name.

    Raises
    ------
    ValueError
        The names are to be ids, and one is none.
    LibraryError
        No edge joins two different nodes.
    """
    names, edges = graph.names, graph.edges
    level = names.level or likeliest_level(library, names.names, names.folders)
    with library.transaction():
        nodes = match_nodes(library, edges.names, level, folders=names.folders, names_are=names.names_are)
        settings = {"names_are": "ids" if nodes.were_ids else "names", "n_malformed": edges.n_malformed}
        stored = store_graph(
            library, graph.kind, level, nodes.ids[edges.source_rows], nodes.ids[edges.target_rows], edges.weights,
            directed=graph.is_directed, origin=str(graph.file.absolute()), settings=settings,
        )  # fmt: skip
    return GraphImport(stored, nodes)
