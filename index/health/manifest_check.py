"""Check files that cannot be made again: presence, content, and leftovers of killed commands."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from earshot.data.files.atomic import leftovers
from earshot.data.files.content_hash import content_hash
from earshot.data.files.path_encoding import path_from_columns, shell_word, shown_path
from earshot.data.files.regular_files import IrregularFileError, in_time
from earshot.index.health.problem import Problem
from earshot.index.health.staleness import damaged_files
from earshot.index.library import Library
from earshot.index.manifest import file_hash, file_problem, is_recorded, kept_files, later_state, renamed_listens
from earshot.index.writer_lock import another_writes

_HASH_SECONDS = 60.0  # for at most 16 MiB of a track
_FROM_EMBEDDED_FILES = "FROM tracks WHERE status = 'embedded' AND path IS NOT NULL"


def check_presence(library: Library) -> Iterator[Problem]:
    """Yield listens, checkpoints and playlists that are missing or cut short, and leftovers of killed commands."""
    for file in damaged_files(library):
        yield replace(file, what=f"{file.what} (or restore it from a backup)")
    for path, n_tracks, _ in _playlists(library):
        # Without its folder a disk may be away, which says nothing about the playlist.
        if not os.path.isfile(path) and os.path.isdir(os.path.dirname(path)):
            yield Problem(
                f"the playlist {shown_path(path)} is missing; the library still holds its {n_tracks:,} tracks",
                f"cli import-playlists --forget {shell_word(path)}",
            )
    if not another_writes(library.folder):  # else they may be files that it is writing
        yield from _check_leftovers(library)


def check_contents(library: Library) -> Iterator[Problem | None]:
    """Read listens, checkpoints, playlists and all embedded tracks again; yield None for each unchanged file."""
    for file in kept_files(library):
        if file_problem(library, file.name, read=False) is None:
            problem = file_problem(library, file.name, read=True)
            yield Problem(f"{file.name} {problem}; {file.purpose}", file.fix) if problem else None
    for path, _, digest in _playlists(library):
        if digest is not None and os.path.isfile(path):
            yield _changed_playlist(path, digest)
    query = f"SELECT path, path_bytes, content_hash {_FROM_EMBEDDED_FILES} ORDER BY path"
    for text, raw, digest in library.db.execute(query).fetchall():
        yield _changed_track(path_from_columns(text, raw), digest)


def n_contents(library: Library) -> int:
    """The number of files that `check_contents` will read."""
    n_tracks: int = library.value(f"SELECT count(*) {_FROM_EMBEDDED_FILES}")
    return n_tracks + len(list(kept_files(library))) + len(list(_playlists(library)))


def n_unrecorded(library: Library) -> int:
    """The number of kept files without a recorded hash, made by an older version."""
    return sum(not is_recorded(library, file.name) for file in kept_files(library))


def _changed_track(path: str, digest: str) -> Problem | None:
    try:
        is_same = in_time(lambda: content_hash(path), path, _HASH_SECONDS) == digest
    except (OSError, IrregularFileError, ValueError) as error:  # ValueError: a cue sheet does not name it any more
        return Problem(f"{shown_path(path)}: {getattr(error, 'strerror', error)}", "cli embed-audio")
    # Size and time may be unchanged: a plain scan would skip the file.
    again = f"cli embed-audio --again {shell_word(path)}"
    return None if is_same else Problem(f"{shown_path(path)} has changed since it was embedded", again, path)


def _changed_playlist(path: str, digest: str) -> Problem | None:
    fix = f"cli import-playlists {shell_word(path)}"
    try:
        is_same = file_hash(Path(path)) == digest
    except (OSError, IrregularFileError) as error:
        return Problem(f"the playlist {shown_path(path)}: {getattr(error, 'strerror', error)}", fix)
    return None if is_same else Problem(f"the playlist {shown_path(path)} has changed since it was imported", fix)


def _playlists(library: Library) -> Iterator[tuple[str, int, str | None]]:
    query = (
        "SELECT path, path_bytes, content_hash, (SELECT count(*) FROM playlist_tracks WHERE playlist_id = id)"
        " FROM playlists WHERE changed IS NULL ORDER BY path"  # the others are no files
    )
    for text, raw, digest, n_tracks in library.db.execute(query).fetchall():
        yield path_from_columns(text, raw), n_tracks, digest


def _check_leftovers(library: Library) -> Iterator[Problem]:
    for leftover in leftovers(library.folder):
        name = leftover.relative_to(library.folder)
        yield Problem(
            f"{name} was left by a killed command; the next one that writes removes it",
            f"rm -r {shell_word(str(leftover))}",
        )
    folder = library.folder / "listens"
    named = library.column("SELECT file FROM listens")
    recorded = set(library.column("SELECT name FROM kept_files"))
    named_paths = {path for name in named for path in (folder / name, renamed_listens(library, name))}
    told = library.column("SELECT file FROM listens WHERE listener_id NOT NULL")
    named_paths |= {folder / later_state(name) for name in told}  # of a killed event: the next one overwrites it
    for path in sorted(folder.glob("*.parquet")):
        # Recorded files that are no longer named are removed by the next command that writes.
        if path not in named_paths and f"listens/{path.name}" not in recorded:
            yield Problem(
                f"listens/{path.name} belongs to no import: one was killed, or library.db is older than it, and"
                " then this may be the only copy",
                f"mv {shell_word(str(path))} {shell_word(str(library.folder))}",  # where no command reads it
            )
