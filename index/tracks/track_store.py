"""Store the result of one file in the library: embedded, a copy of known content, failed or excluded."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from earshot.data.files.cue_sheets import sheet_path
from earshot.data.files.path_encoding import path_columns, path_from_columns
from earshot.data.files.skip_rules import duration_exclusion
from earshot.data.path_names import file_title, lacking_names
from earshot.index.library import Library
from earshot.index.tracks.artist_store import album_id, artist_id
from earshot.index.tracks.folder_names import FIELDS as PATH_FIELDS
from earshot.index.tracks.folder_names import folder_names, follow_path
from earshot.index.tracks.tag_readings import is_older_reading
from earshot.index.vectors.spaces import AUDIO, vector_blob

_TAGS = "title, artist, album, genre, year, album_artist"
UNREAD = "status = 'failed' AND mtime_ns IS NULL"  # files that could not be read, see `store_unread`
_NOTE = "CASE WHEN status = 'embedded' THEN reason END"  # for other statuses the reason is why there is no vector


@dataclass(frozen=True)
class PendingFile:
    """A file without a vector of the current encoder, or perhaps with another content than that of its vector."""

    path: str
    size: int  # bytes
    mtime_ns: int
    ctime_ns: int | None = None
    bounds: tuple[float | None, float | None] = (None, None)  # shortest and longest duration to embed, seconds
    was_unread: bool = False  # by an earlier run


@dataclass(frozen=True)
class NewTrack:
    """A file that was decoded and encoded."""

    file: PendingFile
    content_hash: str
    duration: float  # seconds
    sample_rate: int  # Hz
    channels: int
    codec: str
    title: str | None
    artist: str | None
    album: str | None
    genre: str | None
    year: int | None
    track_number: int | None
    note: str | None
    vector: np.ndarray  # (dim,) float32
    excerpt_vectors: np.ndarray  # (n_excerpts, dim) float32
    starts: Sequence[float]  # seconds, one per excerpt
    fingerprint: bytes = b""  # as `data.fingerprint` writes it; empty: it can never be compared
    mbid: str | None = None
    isrc: str | None = None
    album_artist: str | None = None
    names_from: str | None = "tags"  # see the column of `tracks`


def reuse_vectors(library: Library, file: PendingFile, content_hash: str, head_run: int) -> str | None:
    """Give a file the vector of a known track with the same content; return the path that this had, if there is one.

    The file's own track comes first. A track whose own file is gone was moved: it keeps its id. Otherwise the file is a
    copy and gets a track of its own. Nothing is reused if the duration is out of the bounds of the file.
    """
    twin = library.db.execute(
        # CROSS JOIN: otherwise SQLite would scan all vectors of the run and look up the track of each.
        "SELECT t.id, t.path, t.path_bytes, t.title, t.duration_s FROM tracks AS t CROSS JOIN vectors AS v"
        " ON v.track_id = t.id AND v.space = ? AND v.run_id = ? JOIN fingerprints AS f ON f.track_id = t.id"
        " WHERE t.content_hash = ?"
        " ORDER BY t.path = ? DESC, t.status = 'missing' DESC, t.id LIMIT 1",
        [AUDIO, head_run, content_hash, path_columns(file.path)[0]],
    ).fetchone()
    if twin is None or duration_exclusion(twin[-1], *file.bounds):
        return None
    track_id, old_text, old_bytes, title, _ = twin
    old_path = path_from_columns(old_text, old_bytes)
    text, raw = path_columns(file.path)
    if old_path != file.path and os.path.lexists(sheet_path(old_path)):
        follow_path(library, _copy_track(library, track_id, file, title), old_path, file.path)
        return old_path
    # A row of the new path, from earlier content, is overwritten.
    library.db.execute("DELETE FROM tracks WHERE path = ? AND id <> ?", [text, track_id])
    library.db.execute(
        "UPDATE tracks SET path = ?, path_bytes = ?, size = ?, mtime_ns = ?, ctime_ns = ?, title = ?,"
        f" status = 'embedded', reason = {_NOTE} WHERE id = ?",
        [text, raw, file.size, file.mtime_ns, file.ctime_ns, title, track_id],
    )
    follow_path(library, track_id, old_path, file.path)
    return old_path


def store_track(library: Library, track: NewTrack, head_run: int) -> None:
    """Store a track with its vectors; the caller holds the transaction."""
    db, file = library.db, track.file
    old = db.execute(
        f"SELECT content_hash, names_from, {_TAGS} FROM tracks WHERE path = ?", [path_columns(file.path)[0]]
    ).fetchone()
    if old and old[0] == track.content_hash:
        track = _with_known_tags(track, old[1], old[2:])
    if track.names_from == "tags":
        tags = {name: getattr(track, name) for name in PATH_FIELDS}
        if found := lacking_names(tags, folder_names(library, file.path)):
            track = replace(track, **found, names_from="path")
    artist = artist_id(library, track.artist)
    album = album_id(library, track.album, track.artist, track.album_artist)
    track_id = set_status(library, file.path, file.size, file.mtime_ns, "embedded", track.note, file.ctime_ns)
    title = track.title or file_title(file.path)
    db.execute(
        "UPDATE tracks SET content_hash = :content_hash, duration_s = :duration, sample_rate = :sample_rate,"
        " channels = :channels, codec = :codec, title = :title, artist = :artist, album = :album, genre = :genre,"
        " year = :year, track_number = :track_number, artist_id = :artist_id, album_id = :album_id,"
        " album_artist = :album_artist, names_from = :names_from,"
        " mbid = coalesce(:mbid, iif(content_hash IS :content_hash, mbid, NULL)),"  # an import may have known it
        " isrc = coalesce(:isrc, iif(content_hash IS :content_hash, isrc, NULL)) WHERE id = :id",
        vars(track) | {"title": title, "artist_id": artist, "album_id": album, "id": track_id},
    )
    if old and old[0] != track.content_hash:  # other music under the old path: earlier vectors do not fit
        _forget_vectors(library, track_id)
    db.execute(
        "INSERT INTO vectors (track_id, space, run_id, dim, vector) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET dim = excluded.dim, vector = excluded.vector",
        [track_id, AUDIO, head_run, len(track.vector), vector_blob(track.vector)],
    )
    db.execute(
        "INSERT INTO fingerprints (track_id, fingerprint) VALUES (?, ?) ON CONFLICT DO UPDATE SET is_compared ="
        " is_compared AND fingerprint = excluded.fingerprint, fingerprint = excluded.fingerprint",
        [track_id, track.fingerprint],
    )
    db.execute("DELETE FROM excerpts WHERE track_id = ? AND run_id = ?", [track_id, head_run])
    excerpts = [
        (track_id, head_run, position, start, len(vector), vector_blob(vector))
        for position, (start, vector) in enumerate(zip(track.starts, track.excerpt_vectors, strict=True))
    ]
    library.insert("excerpts", "track_id, run_id, position, start_s, dim, vector", excerpts)


def _with_known_tags(track: NewTrack, names_from: str | None, known: Sequence[Any]) -> NewTrack:
    """Keep the imported tags of an unchanged file, and fill missing ones from the file.

    Of a track of an earlier version it is not known what was imported: what the file's own tags explain was not.
    """
    tags = {name: value for name, value in zip(_TAGS.split(", "), known, strict=True) if value is not None}
    if tags.get("title") == file_title(track.file.path):
        del tags["title"]
    if names_from is None:
        tags = {name: old for name, old in tags.items() if not is_older_reading(old, getattr(track, name))}
    elif names_from != "table":
        return track
    return replace(track, **tags, names_from=names_from or track.names_from)


def store_rejection(
    library: Library, file: PendingFile, status: str, reason: str, duration: float | None = None
) -> None:
    """Record why a readable file has no vector, "failed" or "excluded"; drop the vectors of its earlier content."""
    track_id = set_status(library, file.path, file.size, file.mtime_ns, status, reason, file.ctime_ns)
    _forget_vectors(library, track_id)
    library.db.execute("UPDATE tracks SET content_hash = NULL, duration_s = ? WHERE id = ?", [duration, track_id])


def store_unread(library: Library, path: str, reason: str) -> None:
    """Record that a file could not be read, which says nothing about its content.

    Embedded and excluded tracks stay as they are. Any other row, also that of a missing file, becomes a failure without
    size and time, so that the next scan finds the file changed and tries it again.
    """
    text, raw = path_columns(path)
    library.db.execute(
        "INSERT INTO tracks (path, path_bytes, status, reason) VALUES (?, ?, 'failed', ?) ON CONFLICT (path) DO UPDATE"
        " SET size = NULL, mtime_ns = NULL, status = 'failed', reason = excluded.reason"
        " WHERE status NOT IN ('embedded', 'excluded')",
        [text, raw, reason],
    )


def forget_stamps(library: Library, paths: Iterable[str]) -> None:
    """Let the next scan find files changed, and embed them after those that no run failed to read."""
    texts = [path_columns(path)[:1] for path in paths]
    library.db.conn.executemany("UPDATE tracks SET mtime_ns = NULL WHERE path = ?", texts)


def set_status(
    library: Library,
    path: str,
    size: int,
    mtime_ns: int,
    status: str,
    reason: str | None,
    ctime_ns: int | None = None,
) -> int:
    """Insert or update the row of a file; return its id."""
    text, raw = path_columns(path)
    return library.value(
        "INSERT INTO tracks (path, path_bytes, size, mtime_ns, ctime_ns, status, reason) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,"
        " ctime_ns = excluded.ctime_ns, status = excluded.status, reason = excluded.reason RETURNING id",
        [text, raw, size, mtime_ns, ctime_ns, status, reason],
    )


def _copy_track(library: Library, track_id: int, file: PendingFile, title: str) -> int:
    """Store a second track with the content of a known one; return its id."""
    copy_id = set_status(library, file.path, file.size, file.mtime_ns, "embedded", None, file.ctime_ns)
    _forget_vectors(library, copy_id)
    columns = (
        "content_hash, duration_s, sample_rate, channels, codec, artist, album, genre, year, track_number,"
        " artist_id, album_id, mbid, isrc, album_artist, names_from"
    )
    library.db.execute(
        f"UPDATE tracks SET title = ?, ({columns}, reason) = (SELECT {columns}, {_NOTE} FROM tracks WHERE id = ?)"
        " WHERE id = ?",
        [title, track_id, copy_id],
    )
    library.db.execute(
        "INSERT INTO vectors (track_id, space, run_id, dim, vector)"
        " SELECT ?, space, run_id, dim, vector FROM vectors WHERE track_id = ? AND space = ?",
        [copy_id, track_id, AUDIO],
    )
    library.db.execute(
        "INSERT INTO excerpts (track_id, run_id, position, start_s, dim, vector)"
        " SELECT ?, run_id, position, start_s, dim, vector FROM excerpts WHERE track_id = ?",
        [copy_id, track_id],
    )
    library.db.execute(  # compared: with equal content, they are one recording anyway
        "INSERT INTO fingerprints (track_id, is_compared, fingerprint)"
        " SELECT ?, 1, fingerprint FROM fingerprints WHERE track_id = ?",
        [copy_id, track_id],
    )
    return copy_id


def _forget_vectors(library: Library, track_id: int) -> None:
    for table in ("vectors", "excerpts", "fingerprints"):
        library.db.execute(f"DELETE FROM {table} WHERE track_id = ?", [track_id])
    library.db.execute("DELETE FROM same_recording WHERE ? IN (track_id, other_id)", [track_id])


def failed_files(library: Library, *, excluded: bool = False) -> list[dict[str, Any]]:
    """Files that could not be embedded, and if asked for those that a rule excluded, each with its reason."""
    statuses = "('failed', 'excluded')" if excluded else "('failed')"
    columns = f"status, iif({UNREAD}, 'tried again', NULL) AS next_run, reason, path"
    query = f"SELECT {columns} FROM tracks WHERE status IN {statuses} ORDER BY status, reason, path"
    return list(library.db.query(query))
