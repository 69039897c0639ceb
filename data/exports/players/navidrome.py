"""Read who played what in Navidrome: ``navidrome.db``."""

from collections.abc import Sequence

from earshot.data.exports.players.player_database import PlayerSchema, database_reader, opinion, seconds_of
from earshot.data.tables.sqlite_files import Tables

_MBIDS = ("mbz_recording_id", "mbz_track_id")  # now, and until 2023


def _queries(tables: Tables) -> Sequence[str]:
    """Single plays, which it keeps since version 0.59; the others of each track, at the time of the last; likes."""
    mbid = next((f"nullif(m.{name}, '')" for name in _MBIDS if name in tables["media_file"]), "NULL")
    in_library = "rtrim((SELECT path FROM library WHERE id = m.library_id), '/') || '/' || m.path"  # since 2025
    path = f"CASE WHEN m.path LIKE '/%' THEN m.path ELSE {in_library} END" if "library" in tables else "m.path"
    names = (
        "u.user_name AS user, nullif(m.artist, '[Unknown Artist]') AS artist, m.title, m.album,"
        f" {mbid} AS mbid, {path} AS path"
    )
    join = "JOIN media_file AS m ON m.id = {item} JOIN user AS u ON u.id = a.user_id"
    of_tracks = f"FROM annotation AS a {join.format(item='a.item_id')}"
    singles, counted = [], "SELECT NULL AS user_id, NULL AS media_file_id, NULL AS n"
    if "scrobbles" in tables:
        plays = f"FROM scrobbles AS a {join.format(item='a.media_file_id')}"
        singles = [f"SELECT {names}, a.submission_time AS time {plays}"]
        counted = "SELECT user_id, media_file_id, count(*) AS n FROM scrobbles GROUP BY 1, 2"
    kind = opinion("a.rating", "a.starred")
    return [
        *singles,
        f"SELECT {names}, a.play_count - coalesce(c.n, 0) AS plays,"
        f" CASE WHEN c.n IS NULL THEN {seconds_of('a.play_date')} END AS time {of_tracks}"
        f" LEFT JOIN ({counted}) AS c ON c.user_id = a.user_id AND c.media_file_id = a.item_id"
        " WHERE a.item_type = 'media_file' AND a.play_count > coalesce(c.n, 0)",
        f"SELECT {names}, {kind} AS kind, {seconds_of('a.starred_at')} AS time {of_tracks}"
        f" WHERE a.item_type = 'media_file' AND {kind} NOT NULL",
    ]


NAVIDROME = database_reader(
    "navidrome",
    PlayerSchema(
        "Navidrome",
        {
            "annotation": (
                *("user_id", "item_id", "item_type", "play_count", "play_date", "rating", "starred", "starred_at"),
            ),
            "media_file": ("id", "path", "title", "artist", "album"),
            "user": ("id", "user_name"),
        },
        "SELECT max(version_id) FROM goose_db_version",
        _queries,
    ),
)
