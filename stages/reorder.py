"""A playlist in an order in which it flows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earshot.data.files.path_encoding import escaped, shown_path
from earshot.data.playlists.playlist import Entry, ListedTrack
from earshot.data.playlists.playlist_reader import read_playlists
from earshot.index.library import Library
from earshot.index.playlists.flow_order import MAX_TRACKS, flow_order
from earshot.index.playlists.path_search import angles
from earshot.index.recordings.recordings import recordings_of
from earshot.index.tracks.name_resolution import UNKNOWN
from earshot.index.tracks.playlist_entries import match_entries
from earshot.index.tracks.track_lookup import TrackRow, track_rows
from earshot.index.vectors.spaces import AUDIO, read_some_vectors, require_vectors
from earshot.stages.shared.reports import StageError


@dataclass(frozen=True)
class OrderedEntry:
    """An entry of a playlist at its new place."""

    rank: int  # from 1
    before: int  # its place in the playlist, from 1
    entry: Entry
    track: TrackRow | None  # None where the library does not know it
    angle: float | None  # radians from the last entry that has a vector; None if this or none before has one

    @property
    def listed(self) -> ListedTrack:
        """The entry as a playlist lists it: by the file that the library knows, else as it was."""
        if self.track is not None and self.track.path is not None:
            return self.track.listed
        path = self.entry.paths[0] if self.entry.paths else None
        title = self.entry.title or self.entry.text
        return ListedTrack(path, title, self.entry.artist, self.entry.album, mbid=self.entry.mbid)


@dataclass(frozen=True)
class ReorderReport:
    """A playlist in its new order."""

    name: str
    entries: list[OrderedEntry]
    unknown: Sequence[str]  # entries without a vector here, which stayed behind the entry that they followed
    n_elsewhere: int  # entries that are no tracks, such as radio stations: left out
    mean_angles: tuple[float, float] | None  # radians between neighbours with a vector, before and now; None for one


def reorder_playlist(library: Library, path: Path, *, space: str = AUDIO) -> ReorderReport:
    """Order a playlist so that neighbours are near, its first track where it is.

    An entry that the library does not know, or of which it has no vector, stays behind the entry that it followed;
    before the first known one, at the beginning.

    Raises
    ------
    StageError
        It is no playlist, or holds several; or the library has a vector of no entry, or of too many.
    OSError
        It cannot be read.
    LibraryError
        There is no such space.
    """
    require_vectors(library, space)
    shown = shown_path(str(path))
    try:
        playlists = read_playlists(str(path))
    except ValueError as error:
        raise StageError(f"{escaped(str(error))}.") from None
    if len(playlists) != 1:
        names = ", ".join(escaped(playlist.name) for playlist in playlists[:5])
        raise StageError(f"{shown} holds {len(playlists):,} playlists ({names}); give one of its own to each.")
    (playlist,) = playlists
    (nodes,) = match_entries(library, playlists)
    rows = track_rows(library, [node for node in nodes if node != UNKNOWN])
    tracks = [rows.get(node) for node in nodes]
    flow = _flowing(library, nodes, space, str(path))
    vectors, vector_rows = flow.vectors, flow.vector_rows
    entries, last = [], None
    for rank, place in enumerate(flow.places, start=1):
        vector, angle = None if vector_rows[place] < 0 else vectors[vector_rows[place]], None
        if vector is not None:
            angle = None if last is None else float(angles(vector @ last))
            last = vector
        entries.append(OrderedEntry(rank, place + 1, playlist.entries[place], tracks[place], angle))
    return ReorderReport(
        playlist.name,
        entries,
        [playlist.entries[place].text for place in np.flatnonzero(vector_rows < 0)],
        playlist.n_elsewhere,
        _mean_angles(vectors[vector_rows[flow.heads]], flow.order),
    )


def reorder_tracks(library: Library, track_ids: Sequence[int], *, space: str = AUDIO) -> list[int]:
    """Order tracks so that neighbours are near, the first one where it is; one without a vector stays behind the other.

    Raises
    ------
    StageError
        No track has a vector, or too many have.
    LibraryError
        There is no such space.
    """
    require_vectors(library, space)
    return [track_ids[place] for place in _flowing(library, track_ids, space, "the playlist").places]


@dataclass(frozen=True)
class _Flow:
    """An order of entries, and what it is made of."""

    places: list[int]  # from 0, in their new order
    heads: np.ndarray  # (n_heads,) places of entries with a vector
    order: np.ndarray  # (n_heads,) of the heads
    vectors: np.ndarray  # (n, dim)
    vector_rows: np.ndarray  # (n_entries,) rows of `vectors`, -1 for none


def _flowing(library: Library, nodes: Sequence[int], space: str, name: str) -> _Flow:
    recordings = np.array(recordings_of(library, nodes), dtype=np.int64)
    known, vectors = read_some_vectors(library, space, recordings.tolist())
    vector_rows = np.where(recordings == UNKNOWN, -1, known.find(recordings))
    heads = np.flatnonzero(vector_rows >= 0)
    if not len(heads):
        raise StageError(
            f"The library has no vector by {space} of any entry of {name}.\n\n"
            "Run `cli embed-audio` on the folder of its files first."
        )
    if len(heads) > MAX_TRACKS:
        raise StageError(f"{name} has {len(heads):,} tracks; an order is looked for among at most {MAX_TRACKS:,}.")
    order = flow_order(vectors[vector_rows[heads]], recordings[heads])
    # A head takes along what followed it up to the next one; what came before all heads stays at the beginning.
    tails = np.append(heads[1:], len(nodes))
    places = [*range(heads[0]), *(place for head in order for place in range(heads[head], tails[head]))]
    return _Flow(places, heads, order, vectors, vector_rows)


def _mean_angles(vectors: np.ndarray, order: np.ndarray) -> tuple[float, float] | None:
    if len(vectors) < 2:
        return None
    before, now = (
        float(angles(np.sum(points[1:] * points[:-1], axis=1)).mean()) for points in (vectors, vectors[order])
    )
    return before, now
