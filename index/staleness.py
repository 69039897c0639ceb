"""What is out of date, why, and which command renews it."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from index.diffused import outdated, unspread
from index.edges import StoredGraph, stored_graphs
from index.evaluation import TRAINING_STAGE
from index.forgetting import FORGET_STAGE
from index.kept_files import file_problem, kept_files
from index.library import Library
from index.library_listening import listening_key
from index.recommendation_store import outdated_lists
from index.spaces import current_space
from index.tower_store import TOWER, untrained
from index.trust import read_json

IMPORT = "cli import-listens FILE"
_LISTENS_GRAPHS = ("listens", "listens-artist")


def stale_parts(library: Library) -> Iterator[tuple[str, str]]:
    """Commands, in the order in which they are to be typed, and why; first what is missing or damaged."""
    for file in kept_files(library):
        if problem := file_problem(library, file.name, read=False):
            yield from ((cure, f"{file.name} {problem}") for cure in file.cures)
    for graph in stored_graphs(library):
        if graph.kind in _LISTENS_GRAPHS and graph.origin == "build-graph" and (why := _graph_reason(library, graph)):
            command = build_command(graph.settings) if _has_listens(library, graph.level) else IMPORT
            yield command, f"the graph {graph.kind} was made of {why}"
    if why := _encoder_reason(library):
        yield "cli train-audio --start fresh", why
    if why := outdated(library) or unspread(library):
        yield "cli diffuse-audio", why
    if why := untrained(library):
        yield "cli train-tower", why
    if current_space(library, TOWER) is not None and not _has_listens(library, "track"):
        yield IMPORT, "the towers, and the lists that they made, are of listens that were forgotten"
    elif why := outdated_lists(library):
        yield "cli recommend --all", why


def build_command(settings: Mapping[str, Any]) -> str:
    """The command that makes a graph of listens as it was made before."""
    words = ["cli", "build-graph", "--from", "listens"]
    options = {name: settings.get(name) for name in ("weighting", "top_n", "min_together", "min_degree", "top", "seed")}
    split = settings.get("split") or {}
    options |= {"split": split.get("protocol"), "share": split.get("share"), "gap": split.get("gap_s")}
    for name, value in options.items():
        if value is not None and value != _USUAL.get(name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


_USUAL = {"weighting": "ppmi", "top_n": 20, "min_together": 2, "seed": 0}  # defaults of `cli build-graph`


def _graph_reason(library: Library, graph: StoredGraph) -> str | None:
    """Which listens a graph was made of, where they are others today."""
    key = graph.settings.get("listening")  # older graphs have none
    if key == listening_key(library, graph.level):
        return None
    query = "SELECT 1 FROM runs WHERE stage = ? AND finished >= ?"
    if library.db.execute(query, [FORGET_STAGE, graph.made]).fetchone():
        return "listens that were forgotten"
    return "other listens or links" if key is not None else None


def _encoder_reason(library: Library) -> str | None:
    """Whether the trained encoder, or one that it goes on from, learned from listens that were forgotten since."""
    latest = "SELECT id, finished, config FROM runs WHERE stage = ? AND finished NOT NULL ORDER BY id DESC LIMIT 1"
    row = library.db.execute(latest, [TRAINING_STAGE]).fetchone()
    if row is None:
        return None
    run, finished, text = row
    config = read_json(text)
    if not config.get("heard_of", [None]) and not set(_LISTENS_GRAPHS).intersection(config.get("graphs", [])):
        return None
    (fresh,) = library.db.execute(
        "SELECT coalesce(max(id), 0) FROM runs"
        " WHERE stage = ? AND finished NOT NULL AND id <= ? AND json_extract(config, '$.fresh')",
        [TRAINING_STAGE, run],
    ).fetchone()
    forgotten = library.db.execute(
        "SELECT 1 FROM runs WHERE stage = ? AND id > ? AND json_extract(config, '$.imported') <= ?",
        [FORGET_STAGE, fresh, finished],
    ).fetchone()
    return "the encoder learned from listens that were forgotten" if forgotten else None


def _has_listens(library: Library, level: str) -> bool:
    return library.db.execute("SELECT 1 FROM listens WHERE level = ?", [level]).fetchone() is not None
