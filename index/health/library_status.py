"""An overview of a library: what it holds, where that came from, what is stale, and what to type next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from earshot.data.files.path_encoding import path_columns
from earshot.index.database_checks import read_json
from earshot.index.health.staleness import stale_parts
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import listening_key, n_told_since
from earshot.index.recommending.tower_runs import tower_run
from earshot.index.runs import EMBED_STAGE, is_interrupted
from earshot.index.tracks.roots import read_rules
from earshot.index.tracks.track_store import UNREAD
from earshot.index.vectors.faiss_file import index_state
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space, n_without_vector

_LISTENS = """
    SELECT count(*) FILTER (WHERE listener_id IS NULL) AS files, coalesce(sum(n_events), 0) AS events,
           coalesce(sum(n_events) FILTER (WHERE listener_id NOT NULL), 0) AS told_here,
           (SELECT count(*) FROM users) AS users FROM listens
"""

_RECORDINGS = (
    "SELECT count(DISTINCT recording_id) FROM recordings JOIN tracks ON id = track_id WHERE status = 'embedded'"
)


@dataclass(frozen=True)
class Overview:
    """The facts of `cli status`, ready for JSON."""

    library: str
    summary: dict[str, Any]  # the library_summary view
    recordings: int  # of the embedded tracks; fewer where several files hold one
    roots: list[str]
    left_out: dict[str, str]  # by root, the options of its exclusions, where it has any
    ear: dict[str, Any] | None  # the run that search uses: id, origin, trained, started
    index: dict[str, Any] | None
    listens: dict[str, int]  # imported files, events, events that were told here while music played, users
    towers: dict[str, Any] | None  # the run that recommends: id, model, validation, started, and what was told since
    neighbours_up_to_date: bool
    lacking: int  # embedded tracks without a vector of the run that search uses
    unread: int  # failed files that the next run tries again
    unfinished_runs: int
    next_steps: list[str]


def overview(library: Library, fingerprint: str | None) -> Overview:
    """Describe a library without reading its vectors; the fingerprint is that of `staleness.stale_parts`."""
    summary = next(iter(library.db.query("SELECT * FROM library_summary")))
    space = current_space(library, AUDIO)
    up_to_date = "SELECT 1 FROM spaces WHERE space = ? AND neighbours_revision = revision"
    n_unread = library.value(f"SELECT count(*) FROM tracks WHERE {UNREAD}")
    rules = read_rules(library)
    return Overview(
        library=str(library.folder),
        summary=summary,
        recordings=library.value(_RECORDINGS),
        roots=[path_columns(path)[0] for path in rules],
        left_out={path_columns(path)[0]: str(rule) for path, rule in rules.items() if str(rule)},
        ear=_encoder(library, fingerprint),
        index=None if space is None else _index(library),
        listens=next(iter(library.db.query(_LISTENS))),
        towers=_towers(library),
        neighbours_up_to_date=library.value(up_to_date, [AUDIO]) is not None,
        lacking=0 if space is None else n_without_vector(library, AUDIO, space.run_id),
        unread=n_unread,
        unfinished_runs=library.value("SELECT count(*) FROM runs WHERE finished IS NULL"),
        next_steps=[
            *map(str, stale_parts(library, fingerprint)),
            *_steps_for_files(summary, 0 if is_interrupted(library, EMBED_STAGE) else n_unread, n_unread),
        ],
    )


def _steps_for_files(summary: dict[str, Any], n_retried: int, n_unread: int) -> Iterator[str]:
    """Commands for files that have no vector, or are gone."""
    if n_retried:
        yield f"cli embed-audio   ({n_retried:,} files could not be read, and are tried again)"
    if summary["failed"] > n_unread:
        yield f"cli failures   ({summary['failed'] - n_unread:,} files could not be embedded)"
    if summary["missing"]:
        yield f"cli embed-audio --prune   ({summary['missing']:,} tracks are gone from the disk)"


def _encoder(library: Library, fingerprint: str | None) -> dict[str, Any] | None:
    """The run whose vectors search uses, and whether its encoder is today's."""
    run = _run_of_space(library, AUDIO)
    if run is None:
        return None
    config = read_json(run["config"])
    described = {"run": run["id"], "origin": config.get("origin"), "trained": config.get("trained")}
    return described | {"started": run["started"], "current": fingerprint in (None, run["fingerprint"])}


def _index(library: Library) -> dict[str, Any] | None:
    state = index_state(library, AUDIO, verify=True)
    if state is None:
        return None
    described = {"file": state.path.name, "type": state.type, "vectors": state.n_vectors}
    return described | {"recall_at_10": state.recall_at_10, "built": state.built, "problem": state.problem}


def _towers(library: Library) -> dict[str, Any] | None:
    """The run whose towers recommend."""
    run = _run_of_space(library, TOWER)
    if run is None:
        return None
    config, metrics = read_json(run["config"]), read_json(run["metrics"])
    tower = config.get("tower")
    described = {"run": run["id"], "model": tower.get("model") if isinstance(tower, dict) else None}
    told_since = n_told_since(tower_run(library).listens_key, listening_key(library))
    return described | {"validation": metrics.get("validation"), "started": run["started"], "told_since": told_since}


def _run_of_space(library: Library, space: str) -> dict[str, Any] | None:
    query = "SELECT r.* FROM spaces AS s JOIN runs AS r ON r.id = s.run_id WHERE s.space = ?"
    return next(iter(library.db.query(query, [space])), None)
