"""Read what was played in Mixxx: ``mixxxdb.sqlite``."""

from collections.abc import Sequence

from earshot.data.exports.players.player_database import PlayerSchema, database_reader, opinion, seconds_of
from earshot.data.tables.sqlite_files import Tables

_HISTORY = 2  # hidden playlists, one for each session


def _queries(tables: Tables) -> Sequence[str]:
    """Single plays of its histories; the others of each track, at the time of the last; stars."""
    places = "LEFT JOIN track_locations AS l ON l.id = t.location"
    names = (
        "NULL AS user, coalesce(nullif(t.artist, ''), nullif(t.album_artist, '')) AS artist,"
        " nullif(t.title, '') AS title, nullif(t.album, '') AS album, l.location AS path"
    )
    plays = f"FROM PlaylistTracks AS p JOIN Playlists AS h ON h.id = p.playlist_id AND h.hidden = {_HISTORY}"
    of_tracks = f"FROM library AS t {places}"
    counted = f"SELECT p.track_id, count(*) AS n {plays} GROUP BY 1"
    last = seconds_of("t.last_played_at") if "last_played_at" in tables["library"] else "NULL"
    kind = opinion("t.rating")
    return [
        f"SELECT {names}, {seconds_of('p.pl_datetime_added')} AS time {plays}"
        f" JOIN library AS t ON t.id = p.track_id {places}",
        f"SELECT {names}, t.timesplayed - coalesce(c.n, 0) AS plays, CASE WHEN c.n IS NULL THEN {last} END AS time"
        f" {of_tracks} LEFT JOIN ({counted}) AS c ON c.track_id = t.id WHERE t.timesplayed > coalesce(c.n, 0)",
        f"SELECT {names}, {kind} AS kind {of_tracks} WHERE {kind} NOT NULL",
    ]


MIXXX = database_reader(
    "mixxx",
    PlayerSchema(
        "Mixxx",
        {
            "library": ("id", "artist", "title", "album", "album_artist", "location", "timesplayed", "rating"),
            "track_locations": ("id", "location"),
            "Playlists": ("id", "hidden"),
            "PlaylistTracks": ("playlist_id", "track_id", "pl_datetime_added"),
        },
        "SELECT value FROM settings WHERE name = 'mixxx.schema.version'",
        _queries,
    ),
)
