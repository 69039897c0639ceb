"""Artist, album and duration of tracks: of a recording those of its best file that names an artist."""

import json
from collections.abc import Sequence

import numpy as np

from earshot.index.library import Library

_KINDS = np.dtype([("id", "i8"), ("artist", "i8"), ("album", "i8"), ("seconds", "f4")])
_FACTS = "coalesce(t.artist_id, -1), coalesce(t.album_id, -1), t.duration_s"


def read_facts(library: Library, track_ids: Sequence[int] | None = None) -> np.ndarray:
    """Read the facts of some tracks, or of all, by rising id; an artist or album that is not known is -1.

    Returns
    -------
    np.ndarray, shape (n_tracks,)
        With the fields id, artist, album and seconds, NaN where these are not known; ids that no track has are skipped.
    """
    among, values = "", []
    if track_ids is not None:
        among, values = " AND {} IN (SELECT value FROM json_each(?))", [json.dumps(list(track_ids))]
    of_tracks = f"SELECT t.id, {_FACTS} FROM tracks AS t WHERE true{among.format('t.id')} ORDER BY t.id"
    of_recordings = (
        f"SELECT r.recording_id, {_FACTS}, min(2 * (t.artist_id IS NULL) + NOT r.is_best)"
        " FROM recordings AS r JOIN tracks AS t ON t.id = r.track_id"
        " WHERE r.recording_id IN (SELECT recording_id FROM recordings WHERE recording_id <> track_id)"
        f"{among.format('r.recording_id')} GROUP BY r.recording_id"
    )
    facts = np.fromiter(library.db.execute(of_tracks, values), dtype=_KINDS)
    named = np.fromiter((row[:-1] for row in library.db.execute(of_recordings, values)), dtype=_KINDS)
    facts[np.searchsorted(facts["id"], named["id"])] = named
    return facts
