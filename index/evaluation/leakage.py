"""Detect leakage: was the encoder trained on listens that the evaluation asks about?"""

from collections.abc import Mapping, Sequence
from typing import Any

from earshot.index.database_checks import read_json, text_list
from earshot.index.graphs.graph_store import StoredGraph, stored_graphs
from earshot.index.library import Library
from earshot.index.runs import TRAINING_STAGE
from earshot.index.vectors.spaces import AUDIO

_LISTENS_GRAPHS = ("listens", "listens-artist")


def is_listens_graph(graph: StoredGraph) -> bool:
    """Tell whether a graph was built from listens here, rather than imported under such a name."""
    return graph.kind in _LISTENS_GRAPHS and graph.origin == "build-graph"


def listens_of_graphs(library: Library, kinds: Sequence[str]) -> list[str | None]:
    """Digests of the listens that graphs of tracks were built from, one per graph; None for all listens."""
    graphs = [graph for graph in stored_graphs(library) if graph.kind in kinds and graph.origin == "build-graph"]
    return [graph.settings.get("listens") for graph in graphs if (graph.kind, graph.level) == ("listens", "track")]


def training_listens(library: Library, ear: str | None) -> list[str | None]:
    """Digests of the listens that an encoder was ever trained on, like `listens_of_graphs`; all if it does not say.

    `ear` is the file name of its checkpoint; None for the packaged one, which learned from no listens of this library.
    """
    config = _config_of(library, ear)
    digests = [] if config is None else config.get("heard_of")
    return [one if isinstance(one, str) else None for one in digests] if isinstance(digests, list) else [None]


def training_imports(library: Library, kinds: Sequence[str], ear: str | None) -> list[str] | None:
    """Digests of all imports that an encoder was trained on, once it has also learned from these graphs.

    None if a graph or the encoder, of an earlier version, does not say. Without `ear`, as for `training_listens`, the
    training starts from the packaged encoder or fresh.
    """
    graphs = [graph for graph in stored_graphs(library) if graph.kind in kinds and is_listens_graph(graph)]
    sources = [text_list(graph.settings.get("imports")) for graph in graphs]
    config = _config_of(library, ear)
    sources += [] if config is None else [imports_of_run(config)]
    known = [imports for imports in sources if imports is not None]
    return sorted({digest for imports in known for digest in imports}) if len(known) == len(sources) else None


def imports_of_run(config: Mapping[str, Any]) -> list[str] | None:
    """Digests of the imports in the config of a training run; of an older run only whether there were any."""
    graphs = text_list(config.get("graphs", []))
    if config.get("heard_of") == [] and graphs is not None and not set(_LISTENS_GRAPHS).intersection(graphs):
        return text_list(config.get("imports", []))
    return text_list(config.get("imports"))


def _config_of(library: Library, ear: str | None) -> dict[str, Any] | None:
    query = "SELECT config FROM runs WHERE stage = ? AND checkpoint = ? ORDER BY id DESC LIMIT 1"
    row = library.db.execute(query, [TRAINING_STAGE, ear]).fetchone()
    return read_json(row[0]) if row else None


def current_ear(library: Library) -> str | None:
    """File name of the checkpoint that the current audio vectors were made with; None for the packaged one."""
    query = "SELECT checkpoint FROM runs WHERE id = (SELECT run_id FROM spaces WHERE space = ?)"
    return library.value(query, [AUDIO])
