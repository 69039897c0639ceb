"""What a library holds, where it came from, what is stale, and what to type next."""

from dataclasses import dataclass
from typing import Any

from earshot.data.files.path_encoding import path_columns
from earshot.index.health.staleness import stale_parts
from earshot.index.library import Library
from earshot.index.runs import EMBED_STAGE, is_interrupted
from earshot.index.tracks.roots import read_rules
from earshot.index.tracks.track_store import UNREAD
from earshot.index.trust import read_json
from earshot.index.vectors.faiss_file import index_state
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space, n_without_vector, sound_space

_GO_ON = "cli embed-audio   (its last run has not ended; it goes on from there)"
_LISTENS = (
    "SELECT count(*) AS files, coalesce(sum(n_events), 0) AS events, (SELECT count(*) FROM users) AS users FROM listens"
)


@dataclass(frozen=True)
class Overview:
    """The facts of `cli status`, ready for JSON."""

    library: str
    summary: dict[str, Any]  # the library_summary view
    roots: list[str]
    left_out: dict[str, str]  # by root, the options that say what it leaves out, where it has any
    ear: dict[str, Any] | None  # the run that search uses: id, origin, trained, started
    index: dict[str, Any] | None
    listens: dict[str, int]  # files, events, users
    towers: dict[str, Any] | None  # the run that recommends: id, model, validation, started
    neighbours_up_to_date: bool
    lacking: int  # embedded tracks without a vector of the run that search uses
    unread: int  # of the failed those that are tried again at the next run
    unfinished_runs: int
    next_steps: list[str]


def overview(library: Library, fingerprint: str | None) -> Overview:
    """Look at everything that can be seen without reading vectors.

    `fingerprint` is of the ear that `cli embed-audio` would use today; None where its file is missing.
    """
    db = library.db
    summary = next(iter(db.query("SELECT * FROM library_summary")))
    space = current_space(library, AUDIO)
    steps: list[str] = []
    ear, index, lacking, up_to_date = None, None, 0, False
    interrupted = is_interrupted(library, EMBED_STAGE)  # what it did not come to includes the index
    nothing_heard = sound_space(library) is None if space is None else not summary["tracks"]
    if interrupted and space is None:
        steps.append(_GO_ON)
    elif nothing_heard and not interrupted:
        steps.append("cli embed-audio FOLDER   (no track has a vector yet)")
    if space is not None:
        run = next(iter(db.query("SELECT * FROM runs WHERE id = ?", [space.run_id])))
        config = read_json(run["config"])
        ear = {"run": run["id"], "origin": config.get("origin"), "trained": config.get("trained")}
        ear |= {"started": run["started"], "current": fingerprint in (None, run["fingerprint"])}
        lacking = n_without_vector(library, AUDIO, space.run_id)
        if not ear["current"]:
            steps.append("cli embed-audio   (the vectors belong to an older encoder)")
        elif interrupted:
            steps.append(_GO_ON)
        elif lacking:
            steps.append(f"cli embed-audio   ({lacking:,} tracks lack a vector)")
        state = index_state(library, AUDIO, verify=True)
        if state is not None:
            index = {"file": state.path.name, "type": state.type, "vectors": state.n_vectors}
            index |= {"recall_at_10": state.recall_at_10, "built": state.built, "problem": state.problem}
        filled = db.execute("SELECT neighbours_revision FROM spaces WHERE space = ?", [AUDIO]).fetchone()[0]
        up_to_date = filled == space.revision
        if summary["tracks"] and not interrupted and (state is None or state.problem or not up_to_date):
            reason = state.problem if state and state.problem else "index or neighbours are not up to date"
            steps.append(f"cli build-index   ({reason})")
    steps += [f"{command}   ({why})" for command, why in stale_parts(library)]
    n_unread = db.execute(f"SELECT count(*) FROM tracks WHERE {UNREAD}").fetchone()[0]
    if n_unread and not interrupted:
        steps.append(f"cli embed-audio   ({n_unread:,} files could not be read, and are tried again)")
    if summary["failed"] > n_unread:
        steps.append(f"cli failures   ({summary['failed'] - n_unread:,} files could not be heard)")
    if summary["missing"]:
        steps.append(f"cli embed-audio --prune   ({summary['missing']:,} tracks are gone from the disk)")
    rules = read_rules(library)
    unfinished = db.execute("SELECT count(*) FROM runs WHERE finished IS NULL").fetchone()[0]
    return Overview(
        library=str(library.folder),
        summary=summary,
        roots=[path_columns(path)[0] for path in rules],
        left_out={path_columns(path)[0]: str(rule) for path, rule in rules.items() if str(rule)},
        ear=ear,
        index=index,
        listens=next(iter(db.query(_LISTENS))),
        towers=_towers(library),
        neighbours_up_to_date=up_to_date,
        lacking=lacking,
        unread=n_unread,
        unfinished_runs=unfinished,
        next_steps=steps,
    )


def _towers(library: Library) -> dict[str, Any] | None:
    space = current_space(library, TOWER)
    if space is None:
        return None
    run = next(iter(library.db.query("SELECT config, metrics, started FROM runs WHERE id = ?", [space.run_id])))
    config, learned = read_json(run["config"]), read_json(run["metrics"])
    tower = config.get("tower")
    told = {"run": space.run_id, "model": tower.get("model") if isinstance(tower, dict) else None}
    return told | {"validation": learned.get("validation"), "started": run["started"]}
