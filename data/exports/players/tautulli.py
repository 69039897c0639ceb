"""Read who played which music on a Plex server, as Tautulli watches it: ``tautulli.db``."""

from collections.abc import Sequence

from earshot.data.exports.players.player_database import PlayerSchema, database_reader
from earshot.data.tables.sqlite_files import Tables


def _queries(tables: Tables) -> Sequence[str]:
    """Plays of tracks, and for how long each was heard; one that was stopped and went on has rows of one reference."""
    original = "m.original_title" if "original_title" in tables["session_history_metadata"] else "NULL"
    return [
        f"SELECT h.user, coalesce(nullif({original}, ''), m.grandparent_title) AS artist, m.title,"
        " m.parent_title AS album, min(h.started) AS time,"
        " 1000 * sum(max(h.stopped - h.started - coalesce(h.paused_counter, 0), 0)) AS played_ms"
        " FROM session_history AS h JOIN session_history_metadata AS m ON m.id = h.id"
        " WHERE h.media_type = 'track' GROUP BY coalesce(h.reference_id, h.id)"
    ]


TAUTULLI = database_reader(
    "tautulli",
    PlayerSchema(
        "Tautulli",
        {
            "session_history": (*("id", "reference_id", "user", "started", "stopped", "paused_counter", "media_type"),),
            "session_history_metadata": ("id", "title", "parent_title", "grandparent_title"),
        },
        "SELECT 'unknown'",
        _queries,
    ),
)
