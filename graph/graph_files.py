"""Graph files of other programs: read GraphML and GEXF, write GraphML."""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np

from earshot.data.files.atomic import output_path
from earshot.data.files.regular_files import open_regular
from earshot.data.tables.edge_lists import EdgeList
from earshot.data.tables.xml_files import refuse_unsafe_xml
from earshot.graph.preference_graph import PreferenceGraph

SUFFIXES = (".graphml", ".gexf")
MAX_EXPORT_EDGES = 200_000  # networkx takes a kilobyte for each, and few programs draw as many
# Raised by networkx for XML files that are not graphs.
_NOT_A_GRAPH = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, RecursionError, MemoryError)
_NAME_ATTRIBUTES = ("label", "name")  # of a node, better than its key
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_graph_file(path: Path, *, weight: str = "weight") -> tuple[EdgeList, bool]:
    """Read the edges of GraphML or GEXF, and whether they are directed.

    A node is named by its label, or without one by its key in the file.

    Raises
    ------
    ValueError
        The suffix is not one of `SUFFIXES`, or the file is not of that format.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name}: graph files end in {', '.join(SUFFIXES)}")
    with open_regular(path) as file:
        refuse_unsafe_xml(file, path.name)
        try:
            graph = nx.read_graphml(file) if suffix == ".graphml" else nx.read_gexf(file)
        except (ParseError, nx.NetworkXException, *_NOT_A_GRAPH) as error:
            reason = str(error) or type(error).__name__
            raise ValueError(f"{path.name} cannot be read as {suffix[1:].upper()}: {reason}") from None
    names = [_label(key, attributes) for key, attributes in graph.nodes(data=True)]
    rows = {key: row for row, key in enumerate(graph.nodes)}
    sources, targets, weights, malformed = [], [], [], []
    for source, target, value in graph.edges(data=weight, default=1.0):
        strength = _positive(value)
        if strength is None:
            malformed.append(f"{names[rows[source]]} to {names[rows[target]]}: weight {value}")
        else:
            sources.append(rows[source])
            targets.append(rows[target])
            weights.append(strength)
    columns = np.array(sources, np.int32), np.array(targets, np.int32), np.array(weights, np.float32)
    return EdgeList(names, *columns, len(malformed), tuple(malformed[:5])), graph.is_directed()


def write_graphml(path: Path, graph: PreferenceGraph, names: Sequence[str]) -> None:
    """Write a graph, its nodes labelled by name, for Gephi, Cytoscape, yEd and the like.

    Raises
    ------
    ValueError
        It has more than `MAX_EXPORT_EDGES` edges.
    """
    if graph.n_edges > MAX_EXPORT_EDGES:
        raise ValueError(
            f"a graph of {graph.n_edges:,} edges; GraphML is written of up to {MAX_EXPORT_EDGES:,}."
            " Ask for the surroundings of a node, or read the table `edges` itself."
        )
    with output_path(path) as temporary:
        nx.write_graphml(as_networkx(graph, names), temporary)


def as_networkx(graph: PreferenceGraph, names: Sequence[str]) -> nx.Graph:
    """Convert a graph for networkx; nodes are rows with a label, edges have a weight."""
    copy = nx.DiGraph() if graph.directed else nx.Graph()
    copy.add_nodes_from((row, {"label": _NOT_XML.sub(" ", name)}) for row, name in enumerate(names))
    copy.add_weighted_edges_from(
        zip(graph.sources().tolist(), graph.indices.tolist(), graph.weights.astype(float).tolist(), strict=True)
    )
    return copy


def _label(key: object, attributes: dict[str, object]) -> str:
    labels = (str(attributes[name]).strip() for name in _NAME_ATTRIBUTES if attributes.get(name) is not None)
    return next((label for label in labels if label), str(key))


def _positive(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None
