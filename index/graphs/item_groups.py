"""Groups of items for graphs: listeners, playlists, albums, artists and genres."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from earshot.data.arrays import pair_keys, split_keys
from earshot.data.events.event_log import session_plays, session_rows, total_plays
from earshot.data.events.external_sort import EVENTS_AT_ONCE, user_ranges
from earshot.data.events.interactions import Interactions, without_dislikes
from earshot.data.events.splits import default_protocol, split_listens
from earshot.data.name_matching import artist_key, artist_names, split_labels
from earshot.index.library import Library
from earshot.index.listens.listen_store import explain_log_errors, import_digests, listen_files, read_whole
from earshot.index.listens.stored_interactions import listening_key, read_interactions
from earshot.index.recordings.recordings import as_recordings, recording_ids, same_names

_TAGGED = "FROM tracks WHERE status IN ('embedded', 'catalog')"
_PAIRS = {  # group and item, by source
    "playlists": "SELECT DISTINCT playlist_id, track_id FROM playlist_tracks ORDER BY 1, 2",
    "artist": f"SELECT artist_id, id {_TAGGED} AND artist_id IS NOT NULL ORDER BY id",
    "album": f"SELECT album_id, id {_TAGGED} AND album_id IS NOT NULL ORDER BY id",
}


@dataclass(frozen=True)
class Groups:
    """Items in groups, one membership a row."""

    level: str  # of the items: track or artist
    group_rows: np.ndarray  # (n_memberships,) int64
    item_ids: np.ndarray  # (n_memberships,) int64
    counts: np.ndarray | None = None  # (n_memberships,) plays
    settings: dict[str, Any] = field(default_factory=dict)  # for groups of listens: imports and split

    @property
    def n_groups(self) -> int:
        return len(np.unique(self.group_rows))

    @property
    def n_items(self) -> int:
        return len(np.unique(self.item_ids))


def present_sources(library: Library) -> list[str]:
    """Default sources of a graph: listens and playlists, else artists and albums."""
    queries = {"listens": "SELECT 1 FROM listens"} | _PAIRS
    present = [source for source, query in queries.items() if library.value(f"{query} LIMIT 1") is not None]
    return [source for source in present if source in ("listens", "playlists")] or present


def read_groups(library: Library, source: str, split: Mapping[str, Any] | None = None) -> dict[str, Groups]:
    """Read the groups of a source, by the name of the graph to build; empty for a source without groups.

    Groups of listens are listeners; where there is but one, they are the sessions of that one. Listens to tracks and to
    artists make two graphs; the one of artists is named ``listens-artist``.

    Parameters
    ----------
    source : listens, playlists, album, artist or genre
    split : arguments of `data.events.splits.split_listens`, where the protocol may be "auto"
        If given, only the training part of listens to tracks is read.
    """
    if source == "listens":
        tracks, artists = _listeners(library, "track", split), _listeners(library, "artist", None)
        name_of_artists = "listens-artist" if len(tracks.item_ids) else "listens"
        named = {"listens": tracks} | {name_of_artists: artists}
        return {name: groups for name, groups in named.items() if len(groups.item_ids)}
    groups = _labelled(library, source) if source in ("artist", "genre") else _pairs(library, _PAIRS[source])
    return {source: groups} if len(groups.item_ids) else {}


def _listeners(library: Library, level: str, split: Mapping[str, Any] | None) -> Groups:
    if split is not None and listen_files(library, level):
        return _training_listeners(library, split)

    def read() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        with explain_log_errors():
            log = (listen_files(library, level), level, recording_ids(library, level), same_names(library, level))
            return session_plays(*log) or total_plays(*log)

    groups, item_ids, plays = read_whole(library, read)
    key, imports = listening_key(library, level), import_digests(library, level)
    settings = {"split": None, "listens": None, "imports": imports, "listening": key}
    return Groups(level, np.unique(groups, return_inverse=True)[1], item_ids, plays, settings)


def _training_listeners(library: Library, split: Mapping[str, Any]) -> Groups:
    """Listeners to tracks in the training part of a split."""
    read = read_interactions(library)
    if split["protocol"] == "auto":
        listens = without_dislikes(read.interactions)
        settings_of_split = {name: value for name, value in split.items() if name != "protocol"}
        split = {**split, "protocol": default_protocol(listens, **settings_of_split)[0]}
    train = split_listens(read.interactions, **split).train
    if len(read.users) == 1 and train.times.any():  # the sessions of one listener are the groups
        sessions = session_rows(train.times).astype(train.user_rows.dtype)
        train_of_groups = replace(train, user_rows=sessions, n_users=int(sessions[-1]) + 1)
    else:
        train_of_groups = train
    users, items, plays = zip(*_plays_by_user(train_of_groups), strict=True)
    imports = import_digests(library, "track")
    settings = {"split": dict(split), "listens": train.digest(), "imports": imports, "listening": read.key}
    return Groups(
        "track", np.concatenate(users), read.items.ids(np.concatenate(items)), np.concatenate(plays), settings
    )


def _plays_by_user(listens: Interactions) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield users, tracks and play counts in blocks of users: no array is as long as the log."""
    for first, stop in user_ranges(np.diff(listens.user_offsets()), EVENTS_AT_ONCE):
        low, high = np.searchsorted(listens.user_rows, np.array([first, stop], dtype=np.int32))
        keys = pair_keys(listens.user_rows[low:high], listens.track_rows[low:high])
        pairs, rows = np.unique(keys, return_inverse=True)
        # A skip counts as a play, as without a split; weights hold plays and shares of plays alike.
        yield *split_keys(pairs), np.bincount(rows, np.maximum(listens.weights[low:high], 1), len(pairs))


def _labelled(library: Library, column: str) -> Groups:
    """Tracks by genre, or by the keys of their artists; a tag may name several."""
    rows: dict[str, int] = {}
    label_rows, item_ids = [], []
    for track, text in library.db.execute(f"SELECT id, {column} {_TAGGED} AND {column} IS NOT NULL ORDER BY id"):
        for label in sorted(split_labels(text)) if column == "genre" else map(artist_key, artist_names(text)):
            label_rows.append(rows.setdefault(label, len(rows)))
            item_ids.append(track)
    return _groups(library, np.array(label_rows, dtype=np.int64), np.array(item_ids, dtype=np.int64))


def _pairs(library: Library, query: str) -> Groups:
    pairs = np.fromiter(library.db.execute(query), dtype=[("group", "i8"), ("item", "i8")])
    return _groups(library, pairs["group"], pairs["item"])


def _groups(library: Library, groups: np.ndarray, track_ids: np.ndarray) -> Groups:
    """Groups of recordings from memberships of tracks, each membership once."""
    memberships = np.stack([groups, as_recordings(library, track_ids)], axis=1).reshape(-1, 2)
    memberships = memberships[np.sort(np.unique(memberships, axis=0, return_index=True)[1])]
    return Groups("track", np.unique(memberships[:, 0], return_inverse=True)[1], memberships[:, 1])
