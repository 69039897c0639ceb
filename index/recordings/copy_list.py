"""List the files of recordings that the library has more than once, the best first."""

from collections.abc import Iterator, Sequence
from typing import Any

from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of, tracks_of
from earshot.index.tracks.track_lookup import TrackRow, track_rows


def copied_files(library: Library) -> Iterator[dict[str, Any]]:
    """Yield the files of every recording that several hold: the best one first, with what tells them apart."""
    query = """
        SELECT r.recording_id AS recording, r.track_id AS id, r.is_best, t.artist, t.title, t.album, t.codec,
               CAST(round(8 * t.size / nullif(t.duration_s, 0) / 1000) AS INTEGER) AS kbit_s, t.duration_s, t.path
        FROM recordings AS r JOIN tracks AS t ON t.id = r.track_id
        WHERE t.status = 'embedded' AND r.recording_id IN (
            SELECT recording_id FROM recordings JOIN tracks ON id = track_id
            WHERE status = 'embedded' GROUP BY recording_id HAVING count(*) > 1)
        ORDER BY r.recording_id, r.is_best DESC, r.track_id
    """
    yield from library.db.query(query)


def other_files(library: Library, track_ids: Sequence[int]) -> dict[int, list[TrackRow]]:
    """The other tracks of the recording of each track that has any, the best first."""
    recordings = dict(zip(track_ids, recordings_of(library, track_ids), strict=True))
    tracks = tracks_of(library, recordings.values())
    rows = track_rows(library, sorted({track_id for several in tracks.values() for track_id in several}))
    others = {
        track_id: [rows[other] for other in tracks.get(recording, ()) if other != track_id and other in rows]
        for track_id, recording in recordings.items()
    }
    return {track_id: rows_of for track_id, rows_of in others.items() if rows_of}
