"""Parts of a library that are out of date or were never made: why, and the command that renews each.

`cli status` lists all of them, `cli check` those that can be damaged, other commands those that they use or change.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from earshot.index.database_checks import read_json, text_list
from earshot.index.evaluation.leakage import imports_of_run, is_listens_graph
from earshot.index.graphs.diffused_vectors import diffused_config, n_catalog
from earshot.index.graphs.graph_store import StoredGraph, stored_graphs
from earshot.index.health.problem import Problem
from earshot.index.library import Library
from earshot.index.listens.listen_store import import_digests, stored_listens
from earshot.index.listens.stored_interactions import listening_key, n_told_since
from earshot.index.manifest import file_problem, kept_files
from earshot.index.recommending.recommendation_table import lists_config
from earshot.index.recommending.tower_runs import tower_run
from earshot.index.runs import EMBED_STAGE, FORGET_STAGE, TRAINING_STAGE, current_fingerprint, is_interrupted
from earshot.index.vectors.faiss_file import index_state
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space, n_without_vector, sound_space, spaces

_EMBED, _BUILD_INDEX, _TRAIN_TOWER = "cli embed-audio", "cli build-index", "cli train-tower"
_IMPORT = "cli import-listens FILE"
_MIN_TOLD, _SHARE_TOLD = 50, 0.01  # feedback after which learning anew helps, in events and of all events
_PLAIN_WORD = re.compile("[a-z-]+")
BUILD_DEFAULTS = {"weighting": "ppmi", "top_n": 20, "min_together": 2, "seed": 0}  # defaults of `cli build-graph`


def stale_parts(library: Library, fingerprint: str | None = None) -> Iterator[Problem]:
    """All parts, in the order in which their commands are to be typed.

    The fingerprint is that of the encoder that `cli embed-audio` would use today; None where its file is missing.
    """
    yield from stale_vectors(library, fingerprint)
    if not is_interrupted(library, EMBED_STAGE):  # else the embedding goes on, and ends with the index
        for space in spaces(library):
            yield from (*stale_index(library, space), *stale_neighbours(library, space))
    yield from damaged_files(library)
    for find in (stale_graphs, stale_encoder, stale_diffusion, stale_towers, stale_lists):
        yield from find(library)


def stale_after_links(library: Library) -> Iterator[Problem]:
    """The parts that were made of listens and links other than today's."""
    for find in (stale_graphs, stale_towers, stale_lists):
        yield from (part for part in find(library) if not part.is_new)


def stale_vectors(library: Library, fingerprint: str | None) -> Iterator[Problem]:
    """Tracks to embed: the first, those of an interrupted run or older encoder, those without vector or fingerprint."""
    is_embedding = is_interrupted(library, EMBED_STAGE)
    if not is_embedding and _is_empty(library):
        yield Problem("no track has a vector yet", f"{_EMBED} FOLDER", is_new=True)
    if current_space(library, AUDIO) is not None and fingerprint not in (None, current_fingerprint(library)):
        yield Problem("the vectors belong to an older encoder", _EMBED)
    elif is_embedding:
        yield Problem("its last run has not ended; it goes on from there", _EMBED)
    else:
        yield from missing_vectors(library)
        lacking = "status = 'embedded' AND id NOT IN (SELECT track_id FROM fingerprints WHERE is_compared)"
        if n_lacking := library.value(f"SELECT count(*) FROM tracks WHERE {lacking}"):
            yield Problem(f"copies of {n_lacking:,} tracks are not known yet", _EMBED)


def missing_vectors(library: Library) -> Iterator[Problem]:
    """Embedded tracks without a vector of the run that search uses."""
    space = current_space(library, AUDIO)
    if n_missing := n_without_vector(library, AUDIO, space.run_id if space else None):
        yield Problem(f"{n_missing:,} embedded tracks have no current vector", _EMBED)


def _is_empty(library: Library) -> bool:
    if current_space(library, AUDIO) is None:
        return sound_space(library) is None
    return library.value("SELECT 1 FROM tracks WHERE status = 'embedded'") is None


def stale_index(library: Library, space: str) -> Iterator[Problem]:
    """The index of a space that has vectors, where it is missing, older than these, or damaged."""
    if not _has_vectors(library, space):
        return
    state = index_state(library, space, verify=True)
    if state is None:
        yield Problem("index: there is none", _BUILD_INDEX, is_new=True)
    elif state.problem:
        yield Problem(f"index: {state.problem}", _BUILD_INDEX)


def stale_neighbours(library: Library, space: str) -> Iterator[Problem]:
    """The neighbours of a space that has vectors, where they are older than these."""
    query = "SELECT neighbours_revision IS revision FROM spaces WHERE space = ?"
    if _has_vectors(library, space) and not library.value(query, [space]):
        yield Problem("the neighbours table is older than the vectors", _BUILD_INDEX)


def _has_vectors(library: Library, space: str) -> bool:
    return library.value("SELECT 1 FROM current_vectors WHERE space = ?", [space]) is not None


def damaged_files(library: Library) -> Iterator[Problem]:
    """Files that cannot be made again as they were, where they are missing or cut short."""
    for file in kept_files(library):
        if problem := file_problem(library, file.name, read=False):
            yield Problem(f"{file.name} {problem}; {file.purpose}", file.fix)


def stale_graphs(library: Library) -> Iterator[Problem]:
    """Graphs of listens that are others today, or were forgotten."""
    for graph in stored_graphs(library):
        if is_listens_graph(graph) and (why := _graph_reason(library, graph)):
            command = build_command(graph.settings) if _has_listens(library, graph.level) else _IMPORT
            yield Problem(f"the graph {graph.kind} was made of {why}", command)


def stale_encoder(library: Library) -> Iterator[Problem]:
    """The trained encoder, where it or one that it was trained on from learned from listens that were forgotten."""
    query = "SELECT id, stage, finished, config FROM runs WHERE stage IN (?, ?) AND finished NOT NULL ORDER BY id DESC"
    rows = library.db.execute(query, [TRAINING_STAGE, FORGET_STAGE]).fetchall()
    trainings, removals = (
        [_FinishedRun(number, finished, read_json(config)) for number, name, finished, config in rows if name == stage]
        for stage in (TRAINING_STAGE, FORGET_STAGE)
    )
    if not trainings:
        return
    imports = imports_of_run(trainings[0].config)
    if imports is None:
        is_stale = _is_forgotten_by_time(trainings, removals)
    else:
        is_stale = not set(imports) <= set(import_digests(library))
    if is_stale:
        yield Problem("the encoder learned from listens that were forgotten", "cli train-audio --start fresh")


def stale_diffusion(library: Library) -> Iterator[Problem]:
    """Diffused vectors that are older than the audio vectors or graphs, or that could be made for the first time."""
    command, config, audio = "cli diffuse-audio", diffused_config(library), current_space(library, AUDIO)
    if config is None:
        n_catalog_tracks = n_catalog(library)
        if n_catalog_tracks and audio is not None and stored_graphs(library):
            why = f"{n_catalog_tracks:,} tracks without audio could get a vector from the graphs"
            yield Problem(why, command, is_new=True)
        return
    made, used = {graph.kind: graph.made for graph in stored_graphs(library)}, config.get("graphs", {})
    if audio is None or config.get("audio") != [audio.run_id, audio.revision]:
        yield Problem("the audio vectors are newer than the diffused ones", command)
    elif not isinstance(used, dict):
        yield Problem("the diffused vectors do not say which graphs they were made of", command)
    elif changed := [kind for kind, when in used.items() if made.get(kind) != when]:
        yield Problem(f"the graph {changed[0]} has changed since", command)


def stale_towers(library: Library) -> Iterator[Problem]:
    """Towers that learned from listens or links other than today's, or that could learn for the first time."""
    n_events = library.value("SELECT sum(n_events) FROM listens WHERE level = 'track'")
    is_trained = current_space(library, TOWER) is not None
    if is_trained and not _has_listens(library, "track"):
        yield Problem("the towers, and the lists that they made, are of listens that were forgotten", _IMPORT)
    elif n_events and not is_trained:
        yield Problem(f"{n_events:,} listens say who wants what", _TRAIN_TOWER, is_new=True)
    elif n_events and (why := _changed_listens(library, tower_run(library).listens_key)):
        yield Problem(f"{why} since the towers learned", _TRAIN_TOWER)


def stale_lists(library: Library) -> Iterator[Problem]:
    """Stored recommendations by other towers, or of other listens or links, than today's."""
    config, space = lists_config(library), current_space(library, TOWER)
    if config is None or space is None or not _has_listens(library, "track"):
        return
    if config.get("towers") != space.run_id:
        yield Problem("the towers have learned since the lists were made", "cli recommend --all")
    elif why := _changed_listens(library, config.get("listens")):
        yield Problem(f"{why} since the lists were made", "cli recommend --all")


def _changed_listens(library: Library, earlier: object, level: str = "track") -> str | None:
    """Say in words what has changed since a key of listens, where a renewal would help; None otherwise.

    A song that is played here makes nothing stale. A hundredth of all listens may, and some tens of them at least.
    """
    n_told = n_told_since(earlier, listening_key(library, level))
    if n_told is None:
        return "listens or links have changed"
    n_events = library.value("SELECT sum(n_events) FROM listens WHERE level = ?", [level]) or 0
    return f"{n_told:,} plays and opinions came" if n_told >= max(_MIN_TOLD, _SHARE_TOLD * n_events) else None


def build_command(settings: Mapping[str, Any]) -> str:
    """The command that makes a graph of listens as it was made before."""
    words = ["cli", "build-graph", "--from", "listens"]
    options = {name: settings.get(name) for name in ("weighting", "top_n", "min_together", "min_degree", "top", "seed")}
    split = settings.get("split")
    if isinstance(split, dict):
        options |= {"split": split.get("protocol"), "share": split.get("share"), "gap": split.get("gap_s")}
    for name, value in options.items():
        is_one = isinstance(value, int | float) or (isinstance(value, str) and _PLAIN_WORD.fullmatch(value))
        if is_one and value != BUILD_DEFAULTS.get(name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def _graph_reason(library: Library, graph: StoredGraph) -> str | None:
    """The listens that a graph was made of, in words, where they are others today."""
    key = graph.settings.get("listening")  # older graphs have none
    if _changed_listens(library, key, graph.level) is None:
        return None
    imports = text_list(graph.settings.get("imports"))
    if imports is None:
        query = "SELECT 1 FROM runs WHERE stage = ? AND finished >= ?"
        is_forgotten = library.value(query, [FORGET_STAGE, graph.made]) is not None
    else:
        is_forgotten = not set(imports) <= set(import_digests(library))
    if is_forgotten:
        return "listens that were forgotten"
    return "other listens or links" if key is not None else None


class _FinishedRun(NamedTuple):
    """A run of training or of forgetting listens."""

    id: int
    finished: str  # ISO 8601, UTC
    config: dict[str, Any]


def _is_forgotten_by_time(trainings: Sequence[_FinishedRun], removals: Sequence[_FinishedRun]) -> bool:
    """Tell by dates whether listens were forgotten that one of the trainings read, back to the latest fresh one.

    Older trainings did not record their imports. All runs are given the latest first.
    """
    n_since = next((n for n, training in enumerate(trainings, 1) if training.config.get("fresh")), len(trainings))
    return any(
        removal.id > training.id and str(removal.config.get("imported")) <= training.finished
        for training in trainings[:n_since]
        for removal in removals
    )


def _has_listens(library: Library, level: str) -> bool:
    return bool(stored_listens(library, level))
