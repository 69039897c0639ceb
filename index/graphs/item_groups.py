"""What the library knows to belong together: playlists, albums, artists, genres; listens are read beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from earshot.data.arrays import pair_keys, split_keys
from earshot.data.events.event_log import total_plays
from earshot.data.events.external_sort import EVENTS_AT_ONCE, user_ranges
from earshot.data.events.interactions import Interactions, without_dislikes
from earshot.data.events.splits import default_protocol, split_listens
from earshot.data.name_matching import split_labels
from earshot.index.library import Library
from earshot.index.listens.listen_store import explain_log_errors, import_digests, listen_files
from earshot.index.listens.stored_interactions import listening_key, read_interactions
from earshot.index.tracks.track_links import links

SOURCES = ("listens", "playlists", "album", "artist", "genre")
_TAGGED = "status IN ('embedded', 'catalog')"


@dataclass(frozen=True)
class Groups:
    """Items in groups, one membership a row."""

    level: str  # of the items
    group_rows: np.ndarray  # (n_memberships,) int64
    item_ids: np.ndarray  # (n_memberships,) int64
    counts: np.ndarray | None = None  # (n_memberships,) plays
    settings: dict[str, Any] = field(default_factory=dict)  # of listens: which, and how they were parted

    @property
    def n_groups(self) -> int:
        return len(np.unique(self.group_rows))

    @property
    def n_items(self) -> int:
        return len(np.unique(self.item_ids))


def present_sources(library: Library) -> list[str]:
    """What a graph can be built from without being told: listens and playlists, else artists and albums."""
    queries = {
        "listens": "SELECT 1 FROM listens LIMIT 1",
        "playlists": "SELECT 1 FROM playlist_tracks LIMIT 1",
        "artist": f"SELECT 1 FROM tracks WHERE artist_id IS NOT NULL AND {_TAGGED} LIMIT 1",
        "album": f"SELECT 1 FROM tracks WHERE album_id IS NOT NULL AND {_TAGGED} LIMIT 1",
    }
    there = [source for source, query in queries.items() if library.db.execute(query).fetchone()]
    return [source for source in there if source in ("listens", "playlists")] or there


def read_groups(library: Library, source: str, split: Mapping[str, Any] | None = None) -> dict[str, Groups]:
    """The groups of one of `SOURCES`, by the name that their graph gets; a source without any gives none.

    Listens to tracks and listens to artists are two graphs, of which the one to artists is called ``listens-artist``.

    Parameters
    ----------
    split : arguments of `data.events.splits.split_listens`, of which the protocol may be "auto"
        Of listens to tracks only the part to learn from.

    Raises
    ------
    ValueError
        The listens cannot be parted so.
    """
    if source == "listens":
        found = {"track": _listeners(library, "track", split), "artist": _listeners(library, "artist", None)}
        found = {level: groups for level, groups in found.items() if len(groups.item_ids)}
        return {"listens" if level == "track" or len(found) == 1 else "listens-artist": g for level, g in found.items()}
    readers = {"playlists": _playlists, "album": _albums, "artist": _artists, "genre": _genres}
    groups = readers[source](library)
    return {source: groups} if len(groups.item_ids) else {}


def _listeners(library: Library, level: str, split: Mapping[str, Any] | None) -> Groups:
    if split is not None and listen_files(library, level):
        return _learners(library, split)
    with explain_log_errors():
        user_ids, item_ids, plays = total_plays(
            listen_files(library, level), level, links(library) if level == "track" else None
        )
    settings: dict[str, Any] = {"split": None, "listens": None, "imports": import_digests(library, level)}
    settings |= {"listening": listening_key(library, level)}
    return Groups(level, np.unique(user_ids, return_inverse=True)[1], item_ids, plays, settings)


def _learners(library: Library, split: Mapping[str, Any]) -> Groups:
    """Listeners to tracks, with nothing but what towers would learn from."""
    read = read_interactions(library)
    listens = without_dislikes(read.listening)
    if split["protocol"] == "auto":
        split = {**split, "protocol": default_protocol(listens)}
    train = split_listens(listens, **split).train
    users, items, plays = zip(*_plays_by_user(train), strict=True)
    settings = {"split": dict(split), "listens": train.digest(), "imports": import_digests(library, "track")}
    settings |= {"listening": read.key}
    return Groups(
        "track", np.concatenate(users), read.items.ids(np.concatenate(items)), np.concatenate(plays), settings
    )


def _plays_by_user(listens: Interactions) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Users, tracks and how often one played the other, some users at a time: no array is as long as the log."""
    for first, stop in user_ranges(np.diff(listens.user_offsets()), EVENTS_AT_ONCE):
        low, high = np.searchsorted(listens.user_rows, np.array([first, stop], dtype=np.int32))
        keys = pair_keys(listens.user_rows[low:high], listens.track_rows[low:high])
        pairs, rows = np.unique(keys, return_inverse=True)
        # A skip is a play too, as where all listens are counted; the weights know plays and shares of them as one.
        yield *split_keys(pairs), np.bincount(rows, np.maximum(listens.weights[low:high], 1), len(pairs))


def _playlists(library: Library) -> Groups:
    return _pairs(library, "SELECT DISTINCT playlist_id, track_id FROM playlist_tracks ORDER BY 1, 2")


def _albums(library: Library) -> Groups:
    return _pairs(library, f"SELECT album_id, id FROM tracks WHERE album_id IS NOT NULL AND {_TAGGED} ORDER BY id")


def _artists(library: Library) -> Groups:
    return _pairs(library, f"SELECT artist_id, id FROM tracks WHERE artist_id IS NOT NULL AND {_TAGGED} ORDER BY id")


def _genres(library: Library) -> Groups:
    """Tracks by genre; a tag may name several."""
    rows: dict[str, int] = {}
    genre_rows, item_ids = [], []
    query = f"SELECT id, genre FROM tracks WHERE genre IS NOT NULL AND {_TAGGED} ORDER BY id"
    for track, text in library.db.execute(query):
        for genre in sorted(split_labels(text)):
            genre_rows.append(rows.setdefault(genre, len(rows)))
            item_ids.append(track)
    return Groups("track", np.array(genre_rows, dtype=np.int64), np.array(item_ids, dtype=np.int64))


def _pairs(library: Library, query: str) -> Groups:
    pairs = np.fromiter(library.db.execute(query), dtype=[("group", "i8"), ("item", "i8")])
    return Groups("track", np.unique(pairs["group"], return_inverse=True)[1], pairs["item"])
