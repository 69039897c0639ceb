"""Integrity checks of `cli check`; every problem comes with the command that fixes it."""

import json
import sqlite3
from collections import Counter, defaultdict, deque
from collections.abc import Iterator

import numpy as np

from earshot.data.files.skip_rules import Rules
from earshot.data.ids import IdMap
from earshot.index.database_checks import read_json, read_json_list, recovery, shell_statement, sql_name
from earshot.index.health.manifest_check import check_presence
from earshot.index.health.problem import Problem
from earshot.index.health.staleness import missing_vectors, stale_index, stale_neighbours
from earshot.index.library import DATABASE, Library, LibraryError
from earshot.index.schema_guard import foreign_triggers
from earshot.index.vectors.ann import rank
from earshot.index.vectors.faiss_file import index_state, open_index
from earshot.index.vectors.neighbour_table import PER_TRACK
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, read_vectors, spaces

_MAX_ROWS = 1_000  # in one command: a shell takes words of limited length
_MAX_SAMPLE = 200  # vectors that are looked up in the index and the neighbours
_JSON = (  # `index_files` is checked with the index; runs.versions is never read
    *(("runs", "config", read_json), ("runs", "metrics", read_json), ("graphs", "settings", read_json)),
    *(("root_rules", "exclude", read_json_list), ("listens", "options", read_json_list)),
)
_REMAKE = {AUDIO: "cli embed-audio --again", TOWER: "cli train-tower", DIFFUSED: "cli diffuse-audio"}


def check_library(library: Library) -> Iterator[Problem]:
    """Check tables, vectors, indexes and neighbours against each other, and the presence of files."""
    for check in (_check_text, _check_tables, check_presence):
        try:
            yield from check(library)
        except sqlite3.DatabaseError as error:  # pages that cannot be read at all
            yield Problem(f"SQLite: {error}", recovery(library.folder / DATABASE))
        except LibraryError as error:  # its advice is `cli check`
            yield Problem(_first_sentence(error), recovery(library.folder / DATABASE))


def _check_text(library: Library) -> Iterator[Problem]:
    """Read all text: SQLite stores any bytes as such. The fix replaces unreadable text by its bytes in hexadecimal."""
    for table, columns in _text_columns(library).items():
        if _is_readable(library, table, columns):
            continue
        for column in columns:
            rows = _unreadable_rows(library, table, column)
            if rows:
                named = ", ".join(map(str, rows[:_MAX_ROWS]))
                sql = f'UPDATE "{table}" SET "{column}" = hex("{column}") WHERE rowid IN ({named})'
                yield Problem(f"{table}: of {len(rows):,} rows the {column} is not UTF-8", _statement(library, sql))


def _text_columns(library: Library) -> dict[str, list[str]]:
    """The text columns of each table; tables without row ids only repeat others."""
    rows = library.db.execute(
        "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c"
        " WHERE t.schema = 'main' AND t.type = 'table' AND t.strict AND NOT t.wr AND c.type = 'TEXT'"
    )
    columns = defaultdict(list)
    for table, column in rows:
        columns[table].append(column)
    return columns


def _is_readable(library: Library, table: str, columns: list[str]) -> bool:
    names = ", ".join(f'"{column}"' for column in columns)
    try:
        deque(library.db.execute(f'SELECT {names} FROM "{table}"'), maxlen=0)
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" not in str(error):
            raise
        return False
    return True


def _unreadable_rows(library: Library, table: str, column: str) -> list[int]:
    rows = library.db.execute(
        f'SELECT rowid, CAST("{column}" AS BLOB) FROM "{table}" WHERE typeof("{column}") = \'text\''
    )
    return [row for row, text in rows if text.decode(errors="ignore").encode() != text]


def _check_tables(library: Library) -> Iterator[Problem]:
    yield from _check_database(library)
    yield from _check_json(library)
    yield from _check_rules(library)
    yield from _check_other_runs(library)
    for space in spaces(library):
        yield from _check_space(library, space)


def _check_database(library: Library) -> Iterator[Problem]:
    for (message,) in library.db.execute("PRAGMA integrity_check(5)").fetchall():
        if message != "ok":
            yield Problem(f"SQLite: {message}", recovery(library.folder / DATABASE))
    dangling = Counter((table, key) for table, _, _, key in library.db.execute("PRAGMA foreign_key_check"))
    for (table, key), n_rows in dangling.items():
        yield _dangling(library, table, key, n_rows)
    for name in foreign_triggers(library.db):
        yield Problem(
            f"the trigger {name} is not Earshot's, and would run whenever Earshot writes",
            _statement(library, f"DROP TRIGGER {sql_name(name)}"),
        )
    yield from missing_vectors(library)


def _check_json(library: Library) -> Iterator[Problem]:
    for table, column, read in _JSON:
        for row, text in library.db.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
            try:
                read(text)
            except LibraryError as error:
                sql = f"UPDATE {table} SET {column} = '{'[]' if read is read_json_list else '{}'}' WHERE rowid = {row}"
                yield Problem(f"{table}, row {row}: {_first_sentence(error)}", _statement(library, sql))


def _check_rules(library: Library) -> Iterator[Problem]:
    rows = library.db.execute("SELECT rowid, min_duration_s, max_duration_s FROM root_rules").fetchall()
    for row, shortest, longest in rows:
        try:
            Rules((), shortest, longest)
        except ValueError as error:
            bounds = f"UPDATE root_rules SET min_duration_s = NULL, max_duration_s = NULL WHERE rowid = {row}"
            yield Problem(f"root_rules, row {row}: {error}", _statement(library, bounds))


def _check_other_runs(library: Library) -> Iterator[Problem]:
    query = "SELECT count(*) FROM vectors WHERE run_id NOT IN (SELECT run_id FROM spaces)"
    if n_waiting := library.value(query):
        yield Problem(f"{n_waiting:,} vectors of another encoder wait for the rest of their run", "cli embed-audio")


def _check_space(library: Library, space: str) -> Iterator[Problem]:
    again = _REMAKE.get(space, "cli import-listens --again")
    dims = library.column("SELECT DISTINCT dim FROM current_vectors WHERE space = ?", [space])
    if len(dims) > 1:
        yield Problem(f"vectors of mixed dimensions {sorted(dims)} under one run", again)
        return
    try:
        yield from _check_vectors(*read_vectors(library, space, with_copies=True), again)
        ids, vectors = read_vectors(library, space)
    except LibraryError as error:
        yield Problem(_first_sentence(error), again)
        return
    yield from _check_index(library, space, ids, vectors)
    yield from _check_neighbours(library, space, ids, vectors)


def _check_vectors(ids: IdMap, vectors: np.ndarray, again: str) -> Iterator[Problem]:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    broken = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3))  # also catches NaN
    for row in broken[:10]:
        yield Problem(f"the vector of track {ids.ids(row)} is damaged (length {lengths[row]:.4g})", again)


def _check_index(library: Library, space: str, ids: IdMap, vectors: np.ndarray) -> Iterator[Problem]:
    stale = list(stale_index(library, space))
    yield from stale
    state = index_state(library, space)
    if stale or state is None or not len(ids):
        return
    index, reason = open_index(library, space)
    if index is None or index.ntotal != len(ids):
        held = "nothing" if index is None else f"{index.ntotal:,} vectors"
        yield Problem(f"index: holds {held} for {len(ids):,} ({reason or 'a wrong count'})", "cli build-index")
        return
    queries = vectors[_sample(len(ids))]
    nearest = index.search(queries, 10 if state.type == "ivf-pq" else 1)[1]  # product codes confuse close ones
    best = rank(queries, vectors, ids.find(nearest))[0][:, 0]  # a vector should find itself or an equal one
    n_lost = int((best < 0.999).sum())
    if n_lost > len(queries) // 20:  # an approximate index may miss one
        yield Problem(f"index: {n_lost} of {len(queries)} sampled vectors are not found in it", "cli build-index")


def _check_neighbours(library: Library, space: str, ids: IdMap, vectors: np.ndarray) -> Iterator[Problem]:
    stale = list(stale_neighbours(library, space))
    yield from stale
    if stale or not len(ids):
        return
    query = (
        "SELECT count(*) FROM neighbours AS n JOIN tracks AS t ON t.id = n.neighbour_id"
        " WHERE n.space = ? AND t.status NOT IN ('embedded', 'catalog')"
    )
    if n_hidden := library.value(query, [space]):
        yield Problem(f"{n_hidden:,} neighbours are no longer searchable", "cli build-index")
    all_ids = ids.all_ids
    counts = dict(library.db.execute("SELECT track_id, count(*) FROM neighbours WHERE space = ? GROUP BY 1", [space]))
    short = sum(counts.get(track_id, 0) < min(PER_TRACK, len(ids) - 1) for track_id in all_ids.tolist())
    if short:
        yield Problem(f"{short:,} tracks have too few neighbours", "cli build-index")
    sample = json.dumps(all_ids[_sample(len(ids))].tolist())
    rows = library.db.execute(
        "SELECT track_id, neighbour_id, score FROM neighbours"
        " WHERE space = ? AND track_id IN (SELECT value FROM json_each(?))",
        [space, sample],
    ).fetchall()
    pairs = np.array([pair for *pair, _ in rows], dtype=np.int64).reshape(-1, 2)
    known = np.isin(pairs, all_ids).all(axis=1)
    one, other = vectors[ids.rows(pairs[known, 0])], vectors[ids.rows(pairs[known, 1])]
    scores = np.array([score for *_, score in rows])[known]
    wrong = int((np.abs((one * other).sum(axis=1) - scores) > 1e-3).sum())
    if wrong:
        yield Problem(f"{wrong:,} of {len(rows):,} sampled neighbours have a wrong score", "cli build-index")


def _sample(n_rows: int) -> np.ndarray:
    """Rows at equal distances."""
    return np.linspace(0, n_rows - 1, min(_MAX_SAMPLE, n_rows)).astype(int)


def _dangling(library: Library, table: str, key: int, n_rows: int) -> Problem:
    """The problem of rows with a dangling foreign key; the fix deletes them, or clears the key."""
    quoted = sql_name(table)  # a foreign table may have any name
    keys = {row[0]: row[2:5] for row in library.db.execute(f"PRAGMA foreign_key_list({quoted})")}
    parent, column, target = keys[key]
    required = {row[1]: row[3] for row in library.db.execute(f"PRAGMA table_info({quoted})")}[column]
    verb = f"DELETE FROM {quoted}" if required else f"UPDATE {quoted} SET {sql_name(column)} = NULL"
    parent_key = sql_name(target) if target else "id"  # unquoted: a missing column in quotes would be a string
    sql = f"{verb} WHERE {sql_name(column)} NOT IN (SELECT {parent_key} FROM {sql_name(parent)})"
    return Problem(f"{table}: {n_rows:,} rows point to missing {parent}", _statement(library, sql))


def _first_sentence(error: LibraryError) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _statement(library: Library, sql: str) -> str:
    return shell_statement(library.folder / DATABASE, sql)
