"""Read who played what in MediaMonkey: ``MM5.DB``, ``MM.DB``."""

from collections.abc import Sequence

from earshot.data.exports.players.player_database import PlayerSchema, database_reader, opinion
from earshot.data.tables.sqlite_files import Tables

_DAY_OF_1970 = 25_569  # times are days since the end of 1899


def _queries(_: Tables) -> Sequence[str]:
    """Single plays, whose local times say how far from UTC they are; the others of each track's count; stars of 100.

    Texts have an order that only MediaMonkey knows, and that SQLite asks for unless they are joined to another.
    """
    names = (
        "NULL AS user, CASE WHEN length(s.Artist) THEN s.Artist || '' END AS artist,"
        " CASE WHEN length(s.SongTitle) THEN s.SongTitle || '' END AS title, s.Album || '' AS album,"
        " s.SongPath || '' AS path"
    )
    time = f"CAST(round((p.PlayDate - coalesce(p.UTCOffset, 0) - {_DAY_OF_1970}) * 86400) AS INTEGER)"
    counted = "SELECT IDSong, count(*) AS n FROM Played GROUP BY IDSong"
    kind = opinion("round(s.Rating / 20.0)")
    return [
        f"SELECT {names}, {time} AS time FROM Played AS p JOIN Songs AS s ON s.ID = p.IDSong WHERE p.PlayDate > 0",
        f"SELECT {names}, s.PlayCounter - coalesce(c.n, 0) AS plays, NULL AS time FROM Songs AS s"
        f" LEFT JOIN ({counted}) AS c ON c.IDSong = s.ID WHERE s.PlayCounter > coalesce(c.n, 0)",
        f"SELECT {names}, {kind} AS kind FROM Songs AS s WHERE s.Rating > 0 AND {kind} NOT NULL",
    ]


MEDIAMONKEY = database_reader(
    "mediamonkey",
    PlayerSchema(
        "MediaMonkey",
        {
            "Songs": ("ID", "Artist", "SongTitle", "Album", "SongPath", "Rating", "PlayCounter"),
            "Played": ("IDSong", "PlayDate", "UTCOffset"),
        },
        "SELECT 'unknown'",
        _queries,
    ),
)
