"""Parts of a library that are out of date, why, and which command renews each."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from earshot.index.evaluation.leakage import imports_of_training, is_of_listens
from earshot.index.graphs.diffused_vectors import outdated, unspread
from earshot.index.graphs.graph_store import StoredGraph, stored_graphs
from earshot.index.library import Library
from earshot.index.listens.listen_store import import_digests
from earshot.index.listens.stored_interactions import listening_key
from earshot.index.manifest import file_problem, kept_files
from earshot.index.recommending.recommendation_table import outdated_lists
from earshot.index.recommending.tower_data import untrained
from earshot.index.runs import FORGET_STAGE, TRAINING_STAGE
from earshot.index.trust import read_json, texts
from earshot.index.vectors.spaces import TOWER, current_space

IMPORT = "cli import-listens FILE"


class _Ended(NamedTuple):
    """A run that has ended."""

    id: int
    finished: str  # ISO 8601, UTC
    config: dict[str, Any]


def stale_parts(library: Library) -> Iterator[tuple[str, str]]:
    """Commands, in the order in which they are to be typed, and why; first what is missing or damaged."""
    for file in kept_files(library):
        if problem := file_problem(library, file.name, read=False):
            yield from ((cure, f"{file.name} {problem}") for cure in file.cures)
    for graph in stored_graphs(library):
        if is_of_listens(graph) and (why := _graph_reason(library, graph)):
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
    split = settings.get("split")
    if isinstance(split, dict):
        options |= {"split": split.get("protocol"), "share": split.get("share"), "gap": split.get("gap_s")}
    for name, value in options.items():
        is_one = isinstance(value, int | float) or (isinstance(value, str) and _WORD.fullmatch(value))
        if is_one and value != _USUAL.get(name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


_WORD = re.compile("[a-z-]+")
_USUAL = {"weighting": "ppmi", "top_n": 20, "min_together": 2, "seed": 0}  # defaults of `cli build-graph`


def _graph_reason(library: Library, graph: StoredGraph) -> str | None:
    """Name the listens that a graph was made of, where they are others today."""
    key = graph.settings.get("listening")  # older graphs have none
    if key == listening_key(library, graph.level):
        return None
    imports = texts(graph.settings.get("imports"))
    if imports is None:
        query = "SELECT 1 FROM runs WHERE stage = ? AND finished >= ?"
        is_forgotten = library.db.execute(query, [FORGET_STAGE, graph.made]).fetchone() is not None
    else:
        is_forgotten = not set(imports) <= set(import_digests(library))
    if is_forgotten:
        return "listens that were forgotten"
    return "other listens or links" if key is not None else None


def _encoder_reason(library: Library) -> str | None:
    """Whether the trained encoder, or one that it goes on from, learned from listens that were forgotten."""
    query = "SELECT id, stage, finished, config FROM runs WHERE stage IN (?, ?) AND finished NOT NULL ORDER BY id DESC"
    rows = library.db.execute(query, [TRAINING_STAGE, FORGET_STAGE]).fetchall()
    trainings, forgettings = (
        [_Ended(number, finished, read_json(config)) for number, of, finished, config in rows if of == stage]
        for stage in (TRAINING_STAGE, FORGET_STAGE)
    )
    if not trainings:
        return None
    imports = imports_of_training(trainings[0].config)
    if imports is None:
        is_forgotten = _is_forgotten_by_time(trainings, forgettings)
    else:
        is_forgotten = not set(imports) <= set(import_digests(library))
    return "the encoder learned from listens that were forgotten" if is_forgotten else None


def _is_forgotten_by_time(trainings: Sequence[_Ended], forgettings: Sequence[_Ended]) -> bool:
    """Whether listens were forgotten that were there when one of the trainings ended, back to the first afresh.

    For encoders of before trainings told what they learned from. All runs are given the latest first.
    """
    n_since = next((n for n, training in enumerate(trainings, 1) if training.config.get("fresh")), len(trainings))
    return any(
        forgetting.id > training.id and str(forgetting.config.get("imported")) <= training.finished
        for training in trainings[:n_since]
        for forgetting in forgettings
    )


def _has_listens(library: Library, level: str) -> bool:
    return library.db.execute("SELECT 1 FROM listens WHERE level = ?", [level]).fetchone() is not None
