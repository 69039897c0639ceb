"""Read the play counts and ratings of Kodi: ``MyMusic82.db`` and other numbers."""

from collections.abc import Sequence

from earshot.data.exports.players.player_database import PlayerSchema, database_reader, opinion
from earshot.data.tables.sqlite_files import Tables


def _queries(tables: Tables) -> Sequence[str]:
    """Counts of plays at the time of the last one, which is local; a user's rating is of ten."""
    mbid = "nullif(s.strMusicBrainzTrackID, '')" if "strMusicBrainzTrackID" in tables["song"] else "NULL"
    names = (
        "NULL AS user, nullif(s.strArtistDisp, '') AS artist, nullif(s.strTitle, '') AS title, b.strAlbum AS album,"
        f" {mbid} AS mbid, p.strPath || s.strFileName AS path"
    )
    songs = "FROM song AS s LEFT JOIN album AS b ON b.idAlbum = s.idAlbum LEFT JOIN path AS p ON p.idPath = s.idPath"
    kind = opinion("round(s.userrating / 2.0)")
    return [
        f"SELECT {names}, s.iTimesPlayed AS plays, CAST(strftime('%s', s.lastplayed, 'utc') AS INTEGER) AS time {songs}"
        " WHERE s.iTimesPlayed > 0",
        f"SELECT {names}, {kind} AS kind {songs} WHERE s.userrating > 0 AND {kind} NOT NULL",
    ]


KODI = database_reader(
    "kodi",
    PlayerSchema(
        "Kodi",
        {
            "song": (
                *("idAlbum", "idPath", "strArtistDisp", "strTitle", "strFileName", "iTimesPlayed", "lastplayed"),
                "userrating",
            ),
            "album": ("idAlbum", "strAlbum"),
            "path": ("idPath", "strPath"),
            "version": ("idVersion",),
        },
        "SELECT idVersion FROM version",
        _queries,
    ),
)
