"""Opinions and plays of one listener, as players show them beside songs, albums and artists."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from earshot.index.library import Library
from earshot.index.listens.favourites import ALBUM, ARTIST, Favourite, favourites

if TYPE_CHECKING:
    from earshot.stages.playing.feedback import PlayCount

_STATE = """
    SELECT (SELECT count(*) FROM listens), (SELECT sum(n_events) FROM listens), (SELECT max(imported) FROM listens),
           (SELECT max(id) FROM listens), (SELECT count(*) FROM ratings), (SELECT max(rated) FROM ratings),
           (SELECT total(stars) FROM ratings), (SELECT sum(revision) FROM spaces), (SELECT count(*) FROM users)
"""


@dataclass(frozen=True)
class ListenerFacts:
    """Likes, ratings and plays of a listener; tracks by their recordings where nothing else is said."""

    starred: dict[int, int]  # since when, in seconds since 1970; the latest first
    stars: dict[int, int]  # by track
    plays: "dict[int, PlayCount]"
    albums: dict[int, Favourite]
    artists: dict[int, Favourite]


def read_facts(library: Library, listener: str) -> ListenerFacts:
    """Read what is known of a listener; nothing of one who is new."""
    # Polars, for which the server's start does not wait.
    from earshot.index.listens.stored_interactions import known_user
    from earshot.stages.playing.feedback import opinions, play_counts_of, ratings

    user_id = known_user(library, listener)
    if user_id is None:
        return ListenerFacts({}, {}, {}, {}, {})
    return ListenerFacts(
        {one.track_id: one.since_s for one in opinions(library, listener) if one.is_like},
        ratings(library, listener),
        play_counts_of(library, listener),
        favourites(library, user_id, ALBUM),
        favourites(library, user_id, ARTIST),
    )


def state_of_facts(library: Library) -> tuple[object, ...]:
    """A value that changes whenever somebody plays, likes or rates something."""
    marks = library.db.execute("SELECT user_id, level, node_id, starred, stars FROM favourites").fetchall()
    return (*library.db.execute(_STATE).fetchone(), hash(tuple(marks)))


def as_date(seconds: float | None) -> str | None:
    """A time in seconds since 1970 as ISO 8601; None of an unknown one.

    >>> as_date(1_679_910_287)
    '2023-03-27T09:44:47.000Z'
    """
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
