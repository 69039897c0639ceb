"""The `recordings` table: which tracks are one recording, and which of their files is the best.

Pairs come from equal content, equal codes (MBID, ISRC), links of catalog tracks, and the table `same_recording` of
pairs found by sound or by name. Tracks that are connected by pairs are one recording. No track is removed or changed:
a recording that was grouped wrongly falls apart as soon as the pair is gone.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from earshot.data.name_matching import album_key
from earshot.index.library import Library
from earshot.index.tracks.artist_store import same_artists
from earshot.index.tracks.track_lookup import TrackRow, track_rows

MAX_LENGTH_RATIO = 1.25  # an edit that lasts a quarter longer is another recording, whatever its codes say
_LOSSLESS = ("flac", "alac", "wavpack", "ape", "tta", "tak", "pcm", "dsd", "mlp", "truehd")
_NEXT_OF_CODE = f"""
    SELECT id, iif(coalesce(length < {MAX_LENGTH_RATIO} * shorter, 1), other, NULL) FROM (
        SELECT id, lag(id) OVER lengths AS other, duration_s AS length, lag(duration_s) OVER lengths AS shorter
        FROM tracks WHERE {{code}} IS NOT NULL
        -- Of catalog tracks and files, links decide: a person may take one back.
        WINDOW lengths AS (PARTITION BY {{code}}, status = 'catalog' ORDER BY duration_s))
"""
# Each track with the next one alone: all pairs of a thousand files with one wrong code would be half a million.
_PAIRS = f"""
    SELECT track_id, other_id FROM same_recording
    UNION ALL SELECT id, linked_id FROM tracks WHERE linked_id IS NOT NULL
    UNION ALL SELECT id, lag(id) OVER (PARTITION BY content_hash) FROM tracks WHERE content_hash IS NOT NULL
    UNION ALL {_NEXT_OF_CODE.format(code="mbid")}
    UNION ALL {_NEXT_OF_CODE.format(code="isrc")}
"""
_OF_SAME_NAMES = """
    SELECT id, first FROM (
        SELECT id, min(id) OVER (PARTITION BY artist_id, lower(title)) AS first FROM tracks
        WHERE title IS NOT NULL AND artist_id IN (SELECT artist_id FROM tracks WHERE status NOT IN ('catalog')))
    WHERE id <> first
"""


def recording_ids(library: Library, level: str = "track") -> dict[int, int]:
    """The recording of every track that counts under the id of another track; of artists, the other spellings."""
    if level == "artist":
        return same_artists(library)
    query = "SELECT track_id, recording_id FROM recordings WHERE recording_id <> track_id"
    return dict(library.db.execute(query).fetchall())


def same_names(library: Library, level: str = "track") -> dict[int, int]:
    """Recordings that bear the artist and title of another, as files of two albums may, and that other one.

    Those of artists with files: a catalog track is found again by its names. None while one import holds all listens.
    """
    query = "SELECT count(*) FROM listens WHERE level = ? AND listener_id IS NULL"
    n_imports: int = library.value(query, [level]) or 0
    if level != "track" or n_imports < 2:
        return {}
    linked = recording_ids(library, level)
    pairs = library.db.execute(_OF_SAME_NAMES)
    groups = connected_groups((linked.get(one, one), linked.get(other, other)) for one, other in pairs)
    return {other: group[0] for group in groups for other in group[1:]}


def as_recordings(library: Library, track_ids: np.ndarray) -> np.ndarray:
    """The recording of each track, (n,) int64; of an id that no track has, the id itself."""
    recordings = recording_ids(library)
    if not recordings:
        return track_ids
    tracks, target = np.array(sorted(recordings.items()), dtype=np.int64).T
    places = np.minimum(np.searchsorted(tracks, track_ids), len(tracks) - 1)
    return np.where(tracks[places] == track_ids, target[places], track_ids)


def recordings_of(library: Library, track_ids: Collection[int]) -> list[int]:
    """The recording of each of some tracks; of an id that no track has, the id itself."""
    query = "SELECT track_id, recording_id FROM recordings WHERE track_id IN (SELECT value FROM json_each(?))"
    known = dict(library.db.execute(query, [json.dumps([int(track_id) for track_id in track_ids])]).fetchall())
    return [known.get(track_id, track_id) for track_id in track_ids]


def tracks_of(library: Library, recordings: Iterable[int]) -> dict[int, list[int]]:
    """The tracks of each recording that has several, the best file first."""
    query = (
        "SELECT recording_id, track_id FROM recordings WHERE recording_id IN (SELECT recording_id FROM recordings"
        " WHERE recording_id <> track_id AND recording_id IN (SELECT value FROM json_each(?)))"
        " ORDER BY recording_id, is_best DESC, track_id"
    )
    tracks: dict[int, list[int]] = defaultdict(list)
    wanted = {int(recording) for recording in recordings}
    for recording, track_id in library.db.execute(query, [json.dumps(list(wanted))]):
        tracks[recording].append(track_id)
    return dict(tracks)


def tracks_to_show(
    library: Library, recordings: Collection[int], albums: Container[str] = ()
) -> dict[int, list[TrackRow]]:
    """The tracks of each recording in the order in which a list prefers them; recordings without any are skipped.

    First one on one of the `albums`, given by key, then the best file, then the other files, then items of the catalog.
    Those without an artist bear the names of the first that has one.
    """
    several = tracks_of(library, recordings)
    ids = [*recordings, *(track_id for tracks in several.values() for track_id in tracks)]
    rows = track_rows(library, list(dict.fromkeys(ids)))
    shown = {}
    for recording in recordings:
        tracks = [rows[track_id] for track_id in several.get(recording, [recording]) if track_id in rows]
        tracks = _all_named(tracks)
        if tracks:
            shown[recording] = sorted(tracks, key=lambda row: (row.path is None, album_key(row.album) not in albums))
    return shown


def _all_named(tracks: list[TrackRow]) -> list[TrackRow]:
    named = next((track for track in tracks if track.artist), None)
    if named is None:
        return tracks
    names = {name: getattr(named, name) for name in ("title", "artist", "album", "album_artist", "genre", "year")}
    return [track if track.artist else replace(track, **names) for track in tracks]


def store_same(library: Library, pairs: Iterable[tuple[int, int, str, float | None]]) -> None:
    """Store pairs of tracks that are one recording, with the reason and the agreement of their sound.

    The caller holds the transaction, and calls `group_recordings` when it is done.
    """
    rows = ((min(one, other), max(one, other), why, agreement) for one, other, why, agreement in pairs)
    library.insert("same_recording", "track_id, other_id, why, agreement", rows, replace=True)


def group_recordings(library: Library) -> int:
    """Bring the table up to date with all pairs; return the number of tracks whose recording or rank changed.

    Lists of neighbours that mention a track whose recording changed are dropped, and every index is stale then.
    The caller holds the transaction.
    """
    groups = connected_groups(pair for pair in library.db.execute(_PAIRS) if None not in pair)
    facts = _facts(library, [track_id for group in groups for track_id in group])
    wanted: dict[int, tuple[int, int]] = {}
    for group in groups:
        members = [track_id for track_id in group if track_id in facts]
        if not members:
            continue
        recording = min(members, key=lambda track_id: (facts[track_id]["presence"], track_id))
        best = min(members, key=lambda track_id: _rank(facts[track_id]))
        wanted |= {track_id: (recording, int(track_id == best)) for track_id in members}
    query = "SELECT track_id, recording_id, is_best FROM recordings WHERE recording_id <> track_id OR NOT is_best"
    query += " OR track_id IN (SELECT value FROM json_each(?))"
    stored = {track: row for track, *row in library.db.execute(query, [json.dumps(list(wanted))])}
    changes = {
        track_id: wanted.get(track_id, (track_id, 1))
        for track_id, row in stored.items()
        if tuple(row) != wanted.get(track_id, (track_id, 1))
    }
    regrouped = [(track_id,) for track_id, (recording, _) in changes.items() if stored[track_id][0] != recording]
    library.db.conn.executemany(
        "UPDATE recordings SET recording_id = ?, is_best = ? WHERE track_id = ?",
        ((*row, track_id) for track_id, row in changes.items()),
    )
    library.db.conn.executemany("DELETE FROM neighbours WHERE track_id = ?", regrouped)
    library.db.conn.executemany("DELETE FROM neighbours WHERE neighbour_id = ?", regrouped)
    if regrouped:
        library.db.execute("UPDATE spaces SET revision = revision + 1")
    return len(changes)


def connected_groups(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Ids that are connected by pairs, group by group.

    >>> connected_groups([(1, 2), (5, 6), (2, 3)])
    [[1, 2, 3], [5, 6]]
    """
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            parent[node] = node = parent[parent[node]]
        return node

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    groups: dict[int, list[int]] = defaultdict(list)
    for node in sorted(parent):
        groups[root(node)].append(node)
    return list(groups.values())


def _facts(library: Library, track_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Facts that decide which track stands for a recording, by id."""
    query = (
        "SELECT id, CASE status WHEN 'embedded' THEN 0 WHEN 'catalog' THEN 1 ELSE 2 END AS presence, codec,"
        " coalesce(8 * size / nullif(duration_s, 0), 0) AS bit_rate, sample_rate,"
        " (title IS NOT NULL) + (artist IS NOT NULL) + (album IS NOT NULL) + (year IS NOT NULL) + (genre IS NOT NULL)"
        " AS n_tags FROM tracks WHERE id IN (SELECT value FROM json_each(?))"
    )
    return {row["id"]: row for row in library.db.query(query, [json.dumps(list(track_ids))])}


def _rank(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort key of the files of one recording: present, lossless, a high bit rate, many tags, known for long."""
    is_lossless = str(facts["codec"] or "").startswith(_LOSSLESS)
    return facts["presence"], not is_lossless, -round(facts["bit_rate"], -4), -facts["n_tags"], facts["id"]
