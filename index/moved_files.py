"""Let a file that was tagged and moved, or encoded anew, keep the id of its track: one vanished, one has its sound."""

from itertools import groupby
from operator import itemgetter

from earshot.index.library import Library
from earshot.index.recordings.never_list import JUDGED_TRACKS
from earshot.index.recordings.recordings import group_recordings

_MOVED = ("vectors", "excerpts", "fingerprints")  # tables whose rows come with the file
_NAMED = f"""
    SELECT track_id FROM playlist_tracks UNION {JUDGED_TRACKS}
    UNION SELECT linked_id FROM tracks WHERE linked_id IS NOT NULL
    UNION SELECT source_id FROM edges JOIN graphs USING (kind) WHERE level = 'track'
    UNION SELECT target_id FROM edges JOIN graphs USING (kind) WHERE level = 'track'
"""


def adopt_moved_files(library: Library) -> int:
    """Give files whose recording has lost an older file the id of that track; return their number.

    Playlists, graphs, listens, ratings, exclusions and links of the older track are then those of the new file. A new
    file that has such of its own keeps its id.
    """
    pairs = _vanished_and_new(library)
    if pairs:
        from earshot.index.listens.stored_interactions import listened_among  # and with it polars, which takes its time

        with_listens = set(listened_among(library, [new for _, new in pairs]))
        pairs = [(old, new) for old, new in pairs if new not in with_listens]
    with library.transaction():
        for old, new in pairs:
            _take_over(library, old, new)
        group_recordings(library)
    return len(pairs)


def _vanished_and_new(library: Library) -> list[tuple[int, int]]:
    """Pairs of a missing track and a newer file of its recording, to which nothing refers."""
    query = f"""
        SELECT r.recording_id, t.id, t.status = 'missing', t.id IN ({_NAMED})
        FROM recordings AS r JOIN tracks AS t ON t.id = r.track_id
        WHERE t.status IN ('missing', 'embedded') AND r.recording_id IN (
            SELECT recording_id FROM recordings JOIN tracks ON id = track_id WHERE status = 'missing')
        ORDER BY r.recording_id, t.id
    """
    pairs = []
    for _, group in groupby(library.db.execute(query), key=itemgetter(0)):
        tracks = list(group)
        missing = [track_id for _, track_id, is_missing, _ in tracks if is_missing]
        unnamed = [track_id for _, track_id, is_missing, is_named in tracks if not (is_missing or is_named)]
        latest = unnamed[-len(missing) :]
        pairs += [(old, new) for old, new in zip(missing, latest, strict=False) if old < new]
    return pairs


def _take_over(library: Library, old: int, new: int) -> None:
    """Put the file of a new track under the id of an old one, and remove the new track."""
    db = library.db
    columns = [column.name for column in db.table("tracks").columns if column.name not in ("id", "linked_id")]
    codes = {name: f"coalesce({name}, (SELECT {name} FROM tracks WHERE id = {old}))" for name in ("mbid", "isrc")}
    chosen = ", ".join(codes.get(name, name) for name in columns)
    values = db.execute(f"SELECT {chosen} FROM tracks WHERE id = ?", [new]).fetchone()
    spaces = "AND space IN (SELECT space FROM vectors WHERE track_id = ?)"
    db.execute(f"DELETE FROM vectors WHERE track_id = ? {spaces}", [old, new])
    for table in _MOVED[1:]:
        db.execute(f"DELETE FROM {table} WHERE track_id = ?", [old])
    for table in _MOVED:
        db.execute(f"UPDATE {table} SET track_id = ? WHERE track_id = ?", [old, new])
    pairs = "SELECT iif(track_id = :new, other_id, track_id), why, agreement FROM same_recording"
    rows = db.execute(f"{pairs} WHERE :new IN (track_id, other_id)", {"new": new}).fetchall()
    db.execute("DELETE FROM same_recording WHERE ? IN (track_id, other_id) OR ? IN (track_id, other_id)", [old, new])
    db.conn.executemany(
        "INSERT OR IGNORE INTO same_recording VALUES (?, ?, ?, ?)",
        [(min(old, other), max(old, other), *reason) for other, *reason in rows if other != old],
    )
    db.execute("DELETE FROM tracks WHERE id = ?", [new])
    db.execute(
        f"UPDATE tracks SET ({', '.join(columns)}) = ({', '.join('?' * len(columns))}) WHERE id = ?", [*values, old]
    )
