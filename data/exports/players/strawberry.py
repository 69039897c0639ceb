"""Read the play counts of Strawberry and Clementine: ``strawberry.db``, ``clementine.db``."""

from collections.abc import Sequence

from earshot.data.exports.players.player_database import PlayerSchema, database_reader, opinion
from earshot.data.tables.sqlite_files import Tables


def _queries(tables: Tables) -> Sequence[str]:
    """Counts of plays at the time of the last one; stars, which it keeps as a share of five."""
    mbid = "nullif(musicbrainz_recording_id, '')" if "musicbrainz_recording_id" in tables["songs"] else "NULL"
    artist = "coalesce(nullif(artist, ''), nullif(albumartist, ''))"
    place = next((f"CAST({name} AS TEXT)" for name in ("url", "filename") if name in tables["songs"]), "NULL")
    path = f"CASE WHEN coalesce(cue_path, '') = '' THEN {place} END" if "cue_path" in tables["songs"] else place
    names = f"NULL AS user, {artist} AS artist, nullif(title, '') AS title, album, {mbid} AS mbid, {path} AS path"
    kind = opinion("round(rating * 5)")
    return [
        f"SELECT {names}, playcount AS plays, CASE WHEN lastplayed > 0 THEN lastplayed END AS time"
        " FROM songs WHERE playcount > 0",
        f"SELECT {names}, {kind} AS kind FROM songs WHERE {kind} NOT NULL",
    ]


STRAWBERRY = database_reader(
    "strawberry",
    PlayerSchema(
        "Strawberry or Clementine",
        {
            "songs": ("title", "artist", "album", "albumartist", "playcount", "lastplayed", "rating"),
            "schema_version": ("version",),
        },
        "SELECT version FROM schema_version",
        _queries,
    ),
)
