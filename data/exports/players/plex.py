"""Read who played what in Plex Media Server: ``com.plexapp.plugins.library.db``."""

from collections.abc import Sequence

from earshot.data.exports.players.player_database import PlayerSchema, database_reader, opinion, seconds_of
from earshot.data.tables.sqlite_files import Tables

_TRACK = 10  # a type of items


def _queries(_: Tables) -> Sequence[str]:
    """Single plays, by the names that they had then; what is counted besides, at the time of the last; stars."""
    user = "coalesce(nullif(u.name, ''), 'account ' || v.account_id) AS user"
    accounts = "LEFT JOIN accounts AS u ON u.id = v.account_id"
    # The artist of a track is told by itself only where it is another than the album's. A track may stand twice.
    same = f"FROM metadata_items WHERE guid = v.guid AND metadata_type = {_TRACK}"
    names = f"{user}, coalesce(nullif(t.original_title, ''), r.title) AS artist, t.title, b.title AS album"
    of_tracks = (
        f"FROM metadata_item_settings AS v {accounts}"
        f" JOIN metadata_items AS t ON t.id = (SELECT min(id) {same})"
        " LEFT JOIN metadata_items AS b ON b.id = t.parent_id LEFT JOIN metadata_items AS r ON r.id = b.parent_id"
    )
    counted = "SELECT account_id, guid, count(*) AS n FROM metadata_item_views GROUP BY 1, 2"
    kind = opinion("round(v.rating / 2)")  # of ten
    return [
        f"SELECT {user}, coalesce((SELECT max(nullif(original_title, '')) {same}), v.grandparent_title) AS artist,"
        f" v.title, v.parent_title AS album, {seconds_of('v.viewed_at')} AS time"
        f" FROM metadata_item_views AS v {accounts} WHERE v.metadata_type = {_TRACK}",
        f"SELECT {names}, v.view_count - coalesce(c.n, 0) AS plays,"
        f" CASE WHEN c.n IS NULL THEN {seconds_of('v.last_viewed_at')} END AS time {of_tracks}"
        f" LEFT JOIN ({counted}) AS c ON c.account_id = v.account_id AND c.guid = v.guid"
        " WHERE v.view_count > coalesce(c.n, 0)",
        f"SELECT {names}, {kind} AS kind {of_tracks} WHERE {kind} NOT NULL",
    ]


PLEX = database_reader(
    "plex",
    PlayerSchema(
        "Plex",
        {
            "accounts": ("id", "name"),
            "metadata_items": ("id", "guid", "metadata_type", "parent_id", "title", "original_title"),
            "metadata_item_settings": ("account_id", "guid", "rating", "view_count", "last_viewed_at"),
            "metadata_item_views": (
                *("account_id", "guid", "metadata_type", "grandparent_title", "parent_title", "title", "viewed_at"),
            ),
        },
        "SELECT max(version) FROM schema_migrations",
        _queries,
    ),
)
