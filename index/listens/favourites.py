"""Albums and artists that a listener starred or rated.

They are kept for players to show. Opinions on tracks are events among the listens, from which Earshot learns.
"""

from dataclasses import dataclass

from earshot.index.library import Library, now

ALBUM, ARTIST = "album", "artist"


@dataclass(frozen=True)
class Favourite:
    """The star and the rating that a listener gave an album or artist."""

    starred: str | None  # since when, ISO 8601, UTC
    stars: int | None  # 1 to 5


def favourites(library: Library, user_id: int, level: str) -> dict[int, Favourite]:
    """All albums or artists of which a listener says something, by id, those that were starred last first."""
    query = "SELECT node_id, starred, stars FROM favourites WHERE user_id = ? AND level = ? ORDER BY starred DESC"
    return {node: Favourite(starred, stars) for node, starred, stars in library.db.execute(query, [user_id, level])}


def star_node(library: Library, user_id: int, level: str, node_id: int, *, is_starred: bool) -> None:
    """Star an album or artist, or take that back; who starred it before did so then. The caller holds the transaction.

    Raises
    ------
    ValueError
        There is no such album or artist.
    """
    earlier = _earlier(library, user_id, level, node_id)
    _store(library, user_id, level, node_id, (earlier.starred or now()) if is_starred else None, earlier.stars)


def rate_node(library: Library, user_id: int, level: str, node_id: int, stars: int) -> None:
    """Rate an album or artist with 1 to 5 stars, or take its rating back with 0. As `star_node` otherwise."""
    if stars not in range(6):
        raise ValueError(f"{stars} is no rating")
    earlier = _earlier(library, user_id, level, node_id)
    _store(library, user_id, level, node_id, earlier.starred, stars or None)


def _earlier(library: Library, user_id: int, level: str, node_id: int) -> Favourite:
    if library.value(f"SELECT 1 FROM {'albums' if level == ALBUM else 'artists'} WHERE id = ?", [node_id]) is None:
        raise ValueError(f"no {level} {node_id}")
    query = "SELECT starred, stars FROM favourites WHERE user_id = ? AND level = ? AND node_id = ?"
    row = library.db.execute(query, [user_id, level, node_id]).fetchone()
    return Favourite(*row) if row else Favourite(None, None)


def _store(library: Library, user_id: int, level: str, node_id: int, starred: str | None, stars: int | None) -> None:
    if starred is None and stars is None:
        library.db.execute(
            "DELETE FROM favourites WHERE user_id = ? AND level = ? AND node_id = ?", [user_id, level, node_id]
        )
        return
    row = (user_id, level, node_id, starred, stars)
    library.insert("favourites", "user_id, level, node_id, starred, stars", [row], replace=True)
