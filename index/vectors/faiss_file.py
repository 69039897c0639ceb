"""One FAISS file per space: a cache of library.db that can be deleted and rebuilt at any time."""

import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import faiss
import xxhash

from earshot.data.files.atomic import atomic_path, remove
from earshot.data.files.regular_files import IrregularFileError
from earshot.index.database_checks import read_json
from earshot.index.library import Library, LibraryError, now
from earshot.index.manifest import file_hash
from earshot.index.vectors.ann import TARGET_RECALL, TYPES, build
from earshot.index.vectors.faiss_layout import LayoutError, check_layout
from earshot.index.vectors.spaces import current_space, read_vectors

_COLUMNS = "name, hash, type, asked_type, target_recall, run_id, revision, n_vectors, recall_at_10, settings, built"


@dataclass(frozen=True)
class IndexState:
    """The record of the index file of a space, compared with the space and the file."""

    path: Path
    type: str
    asked_type: str  # type of the next rebuild, or auto
    target_recall: float
    n_vectors: int
    recall_at_10: float
    settings: dict[str, Any]
    built: str
    problem: str | None  # why it cannot be used, or None


# Replaces a row that no version of ours writes; the next rebuild uses the defaults.
_DAMAGED = IndexState(Path("unknown"), "unknown", "auto", TARGET_RECALL, 0, 0.0, {}, "", "its row is damaged")


def build_index(library: Library, space: str, type: str = "auto", target: float = TARGET_RECALL) -> IndexState | None:
    """Build and store the index of a space; None if there is nothing to index.

    The file is named by its content, then the row in `index_files` points to it, then older files are removed: a kill
    in between leaves an extra file, never a wrong one.
    """
    current = current_space(library, space)
    ids, vectors = read_vectors(library, space)
    if current is None or not len(ids):
        library.db.execute("DELETE FROM index_files WHERE space = ?", [space])
        _remove_files(library, space)
        return None
    built = build(vectors, ids.all_ids, type, target)
    data = faiss.serialize_index(built.index).data  # a view of the bytes
    digest = xxhash.xxh3_128_hexdigest(data)
    path = library.file(f"{space}-{digest[:12]}.faiss")
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    facts = path.name, digest, built.type, type, target, current.run_id, current.revision, len(ids)
    row = space, *facts, built.recall_at_10, json.dumps(built.settings), now()
    library.insert("index_files", f"space, {_COLUMNS}", [row], replace=True)
    _remove_files(library, space, but=path)
    return index_state(library, space)


def _remove_files(library: Library, space: str, but: Path | None = None) -> None:
    """Remove the index files of a space, also unfinished ones."""
    pattern = re.compile(rf"{re.escape(space)}-[0-9a-f]{{12}}\.faiss.*")  # not those of a space `audio-x`
    for path in library.folder.glob("*.faiss*"):
        if path != but and pattern.fullmatch(path.name):
            remove(path)


def index_state(library: Library, space: str, verify: bool = False) -> IndexState | None:
    """The state of the index file of a space; None if there is none.

    With `verify` the hash of the file is compared, otherwise only its presence and age.
    """
    row = library.db.execute(f"SELECT {_COLUMNS} FROM index_files WHERE space = ?", [space]).fetchone()
    if row is None:
        return None
    name, digest, type, asked_type, target, run_id, revision, n_vectors, recall, settings, built = row
    try:
        path, build_settings = library.file(name), read_json(settings)
    except LibraryError:
        return _DAMAGED
    if type not in TYPES or asked_type not in ("auto", *TYPES) or recall is None:
        return _DAMAGED
    current, problem = current_space(library, space), None
    if current is None or (run_id, revision) != (current.run_id, current.revision):
        problem = "the library has changed since it was built"
    elif not path.is_file():
        problem = "its file is gone"
    elif verify:
        try:
            problem = None if _hash_while_unchanged(path, _stamp(path)) == digest else "its file is damaged"
        except (OSError, IrregularFileError) as error:  # perhaps replaced just now
            problem = f"its file cannot be read: {getattr(error, 'strerror', error)}"
    return IndexState(path, type, asked_type, target, n_vectors, recall, build_settings, built, problem)


def open_index(library: Library, space: str) -> tuple[Any, str | None]:
    """A verified FAISS index, or None with the reason why search cannot use it.

    The hash detects accidents. A foreign library may hold the hash of a malicious file, so the layout is checked before
    FAISS reads it. A process does both once, for as long as nobody touches the file.
    """
    state = index_state(library, space)
    if state is None:
        return None, "there is no index yet"
    if state.problem:
        return None, state.problem
    dim = library.value("SELECT dim FROM current_vectors WHERE space = ?", [space]) or 0
    digest = library.value("SELECT hash FROM index_files WHERE space = ?", [space])
    try:
        return _read_whole_index(state.path, _stamp(state.path), digest, state.type, dim, state.n_vectors), None
    except _DamagedError:
        return None, "its file is damaged"
    except LayoutError as error:
        return None, f"its file is not one of this library's ({error})"
    except (OSError, IrregularFileError) as error:  # perhaps replaced just now
        return None, f"its file cannot be read: {getattr(error, 'strerror', error)}"
    except RuntimeError as error:  # the hash fits, but another version of FAISS wrote the file
        return None, f"this version of FAISS cannot read it ({str(error)[:80]})"


class _DamagedError(Exception):
    """An index file without the content that its row says."""


def _stamp(path: Path) -> tuple[int, ...]:
    """Marks that change whenever somebody touches a file; nobody can set the last one back."""
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@lru_cache(maxsize=8)
def _hash_while_unchanged(path: Path, _: tuple[int, ...]) -> str:
    """The hash of a file by its stamp."""
    return file_hash(path)


@lru_cache(maxsize=4)
def _read_whole_index(path: Path, stamp: tuple[int, ...], digest: str, type: str, dim: int, n_vectors: int) -> Any:
    """Verify and open an index file of this stamp, which is mapped, not read."""
    if _hash_while_unchanged(path, stamp) != digest:
        raise _DamagedError
    check_layout(path, type, dim, n_vectors)
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
