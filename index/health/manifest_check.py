"""Is everything there that cannot be made again, and does it hold what it held? And what did a killed command leave?"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from earshot.data.files.atomic import leftovers
from earshot.data.files.content_hash import content_hash
from earshot.data.files.path_encoding import path_from_columns, shell_word, shown_path
from earshot.data.files.regular_files import IrregularFileError
from earshot.data.files.time_limits import in_time
from earshot.index.health.problem import Problem
from earshot.index.health.staleness import damaged_files
from earshot.index.library import Library
from earshot.index.manifest import file_hash, file_problem, is_recorded, kept_files, same_listens
from earshot.index.writer import another_writes

_HASH_SECONDS = 60.0  # for at most 16 MiB of a track


def check_presence(library: Library) -> Iterator[Problem]:
    """Listens, checkpoints and playlists that are missing or cut short, and what a killed command left."""
    for part in damaged_files(library):
        yield Problem(f"{part.why} (or restore it from a backup)", part.command)
    for path, n_tracks, _ in _playlists(library):
        # Where the folder is not there either, a disk may be away, which says nothing of the playlist.
        if not os.path.isfile(path) and os.path.isdir(os.path.dirname(path)):
            yield Problem(
                f"the playlist {shown_path(path)} is missing; the library still holds its {n_tracks:,} tracks",
                f"cli import-playlists --forget {shell_word(path)}",
            )
    if not another_writes(library.folder):  # else they are its own
        yield from _check_leftovers(library)


def check_contents(library: Library) -> Iterator[Problem | None]:
    """Read listens, checkpoints, playlists and every embedded track again; None for each that is as it was."""
    for file in kept_files(library):
        if file_problem(library, file.name, read=False) is None:
            problem = file_problem(library, file.name, read=True)
            yield Problem(f"{file.name} {problem}; {file.purpose}", " && ".join(file.cures)) if problem else None
    for path, _, digest in _playlists(library):
        if digest is not None and os.path.isfile(path):
            yield _changed_playlist(path, digest)
    query = f"SELECT id, path, path_bytes, content_hash {_TRACKS} ORDER BY path"
    for track_id, text, raw, digest in library.db.execute(query).fetchall():
        yield _changed_track(track_id, path_from_columns(text, raw), digest)


def n_contents(library: Library) -> int:
    """The number of files that `check_contents` will read."""
    (n_tracks,) = library.db.execute(f"SELECT count(*) {_TRACKS}").fetchone()
    return int(n_tracks) + len(list(kept_files(library))) + len(list(_playlists(library)))


def n_unrecorded(library: Library) -> int:
    """The number of kept files, made by an older version, whose content nobody knows."""
    return sum(not is_recorded(library, file.name) for file in kept_files(library))


_TRACKS = "FROM tracks WHERE status = 'embedded' AND path IS NOT NULL"


def hear_again(library: Library, track_ids: Iterable[int]) -> None:
    """Let the next scan hear tracks again, whatever size and time their files have."""
    with library.transaction():
        library.db.conn.executemany("UPDATE tracks SET mtime_ns = NULL WHERE id = ?", ([one] for one in track_ids))


def _changed_track(track_id: int, path: str, digest: str) -> Problem | None:
    try:
        is_same = in_time(lambda: content_hash(path), path, _HASH_SECONDS) == digest
    except (OSError, IrregularFileError) as error:
        return Problem(f"{shown_path(path)}: {getattr(error, 'strerror', error)}", "cli embed-audio")
    # By size and time the file may look as it did: a plain scan would pass it by.
    again = f"cli embed-audio --again {shell_word(path)}"
    return None if is_same else Problem(f"{shown_path(path)} has changed since it was heard", again, track_id)


def _changed_playlist(path: str, digest: str) -> Problem | None:
    cure = f"cli import-playlists {shell_word(path)}"
    try:
        is_same = file_hash(Path(path)) == digest
    except (OSError, IrregularFileError) as error:
        return Problem(f"the playlist {shown_path(path)}: {getattr(error, 'strerror', error)}", cure)
    return None if is_same else Problem(f"the playlist {shown_path(path)} has changed since it was imported", cure)


def _playlists(library: Library) -> Iterator[tuple[str, int, str | None]]:
    query = (
        "SELECT path, path_bytes, content_hash, (SELECT count(*) FROM playlist_tracks WHERE playlist_id = id)"
        " FROM playlists ORDER BY path"
    )
    for text, raw, digest, n_tracks in library.db.execute(query).fetchall():
        yield path_from_columns(text, raw), n_tracks, digest


def _check_leftovers(library: Library) -> Iterator[Problem]:
    for left in leftovers(library.folder):
        name = left.relative_to(library.folder)
        yield Problem(
            f"{name} was left by a killed command; the next one that writes removes it",
            f"rm -r {shell_word(str(left))}",
        )
    named = [name for (name,) in library.db.execute("SELECT file FROM listens")]
    recorded = {name for (name,) in library.db.execute("SELECT name FROM kept_files")}
    told = {library.folder / "listens" / name for name in named} | {same_listens(library, name) for name in named}
    for path in sorted((library.folder / "listens").glob("*.parquet")):
        # What is recorded and named no more, the next command that writes removes.
        if path not in told and f"listens/{path.name}" not in recorded:
            yield Problem(
                f"listens/{path.name} belongs to no import: one was killed, or library.db is older than it, and"
                " then this may be the only copy",
                f"mv {shell_word(str(path))} {shell_word(str(library.folder))}",  # where nothing looks for it
            )
