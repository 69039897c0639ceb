"""A path of tracks from one to another, in even steps."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earshot.data.files.path_encoding import escaped, shown_path
from earshot.data.name_matching import artist_keys
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import known_user
from earshot.index.playlists.path_search import angles, find_path
from earshot.index.playlists.track_pool import TrackPool, current_pool, rows_to_show
from earshot.index.playlists.variety import MAX_VARIETY, new_seed
from earshot.index.recordings.recordings import recordings_of
from earshot.index.search.filters import TrackFilters
from earshot.index.search.places import local_path, why_no_tracks
from earshot.index.search.selected import Selected
from earshot.index.tracks.track_lookup import TrackRow
from earshot.index.vectors.spaces import AUDIO
from earshot.stages.shared.chosen_tracks import argument_text, chosen_tracks, why_nothing, with_known_folders
from earshot.stages.shared.reports import InputError, StageError

MAX_TRACKS = 500  # of a path: each is looked for among 40 times as many
_PAIRS_AT_ONCE = 2**22  # of two ends that are many tracks; 16 MiB of cosines


@dataclass(frozen=True)
class PathTrack:
    """A track of a path."""

    rank: int  # from 1
    track: TrackRow
    angle: float | None  # radians from the track before; None for the first


@dataclass(frozen=True)
class PathReport:
    """A path, and what it is made of."""

    tracks: list[PathTrack]
    first: str  # what the ends were found by, as an answer repeats it: an artist is "Air (artist, 12 tracks)"
    last: str
    seed: int  # of the draws of `variety`
    notes: Sequence[str]  # sentences on what could not be had as it was asked for


def path_tracks(
    library: Library,
    first: str | int | Path,
    last: str | int | Path,
    k: int = 10,
    filters: TrackFilters | None = None,
    *,
    space: str = AUDIO,
    artist_gap: int = 3,
    variety: float = 0.0,
    seed: int | None = None,
    pool: TrackPool | None = None,
    listener: str | None = None,
) -> PathReport:
    """Find k tracks that lead from one to another, so that each sounds like the next.

    Parameters
    ----------
    first, last : the ends, as the seeds of `stages.similar.similar_tracks`, but tracks of the library
        Of an artist, album, genre, folder or playlist the track that is nearest to the other end.
    k : tracks, with both ends
    filters : on the tracks between the ends
    artist_gap : tracks between two of one artist, at least; less where there is no such path
    variety : in [0, 0.95], the share of tracks that sits out by lot, so that another `seed` has another answer
    seed : of these lots; None draws one
    pool : one that was read before, to read it once for many paths; a stale one is read anew
    listener : whose dislikes and exclusions are heeded beside those of everybody, but for the ends

    Raises
    ------
    InputError
        A number is out of its range; that of `k` is 2 to `MAX_TRACKS`.
    AmbiguousError, StageError, LibraryError
        As of `similar_tracks`; or the ends are one recording, or an end lies outside the library.
    """
    if not 2 <= k <= MAX_TRACKS or artist_gap < 0 or not 0 <= variety <= MAX_VARIETY or (seed or 0) < 0:
        raise InputError(
            f"A path has 2 to {MAX_TRACKS} tracks, an artist gap and a seed of 0 or more and a variety from 0 to"
            f" {MAX_VARIETY}; these are {k}, {artist_gap}, {seed} and {variety:g}."
        )
    pool = current_pool(library, space, pool)
    filters = with_known_folders(library, filters or TrackFilters())
    ends = [_end(library, argument_text(end)) for end in (first, last)]
    pair = _nearest_pair(pool.vectors, *(_rows(library, pool, end) for end in ends))
    if pair is None:
        raise StageError(
            f"{escaped(ends[0].name)} and {escaped(ends[1].name)} are one recording.\n\nGive two ends of a path."
        )
    first_row, last_row = pair
    names = set().union(*(artist_keys(track.artist) for end in ends for track in end.tracks))
    lot = new_seed() if seed is None else seed
    found = find_path(
        pool.vectors, first_row, last_row, k,
        candidates=pool.fitting(library, filters, names, known_user(library, listener)), artists=pool.artists,
        spacing=artist_gap, variety=variety, seed=lot,
    )  # fmt: skip
    recordings = pool.recordings.ids(found.rows).tolist()
    shown = rows_to_show(library, recordings[1:-1], filters, names)
    shown |= {recordings[at]: _named_track(library, recordings[at], end) for at, end in zip((0, -1), ends, strict=True)}
    if not shown.keys() >= {*recordings}:
        raise StageError("The library changed while the path was looked for.\n\nAsk again.")
    points = pool.vectors[found.rows]
    steps: list[float | None] = [None, *angles(np.sum(points[1:] * points[:-1], axis=1)).tolist()]
    tracks = [
        PathTrack(rank, shown[recording], step)
        for rank, (recording, step) in enumerate(zip(recordings, steps, strict=True), start=1)
    ]
    notes = []
    if len(tracks) < k:
        notes.append(f"Only {len(tracks) - 2:,} other tracks pass the filters, so the path has {len(tracks):,} tracks.")
    if found.spacing < artist_gap:
        notes.append(f"With {artist_gap} tracks between two of one artist there is no path; here are {found.spacing}.")
    return PathReport(tracks, ends[0].name, ends[1].name, lot, notes)


def _end(library: Library, text: str) -> Selected:
    selected = chosen_tracks(library, text, catalog=False)
    if selected is None and "\0" not in text and why_no_tracks(text) is None and os.path.isfile(local_path(text)):
        raise StageError(f"{shown_path(local_path(text))} is not in the library.\n\nRun `cli embed-audio` on it first.")
    if selected is None:
        raise StageError(why_nothing(library, text))
    return selected


def _rows(library: Library, pool: TrackPool, end: Selected) -> np.ndarray:
    """The rows of an end's tracks that have a vector, rising."""
    rows = pool.recordings.find(recordings_of(library, end.ids))
    if not (rows >= 0).any():
        raise StageError(
            f"{escaped(end.name)} has no vector by {pool.space.name}.\n\n"
            "Ask by another space, or run `cli embed-audio` on it."
        )
    return np.unique(rows[rows >= 0])


def _nearest_pair(vectors: np.ndarray, first_rows: np.ndarray, last_rows: np.ndarray) -> tuple[int, int] | None:
    """Two different rows, one of each end, that are nearest to each other; None if both ends are one row."""
    best, pair = -np.inf, None
    n_block = max(1, _PAIRS_AT_ONCE // len(last_rows))
    for start in range(0, len(first_rows), n_block):
        block = first_rows[start : start + n_block]
        cosines = vectors[block] @ vectors[last_rows].T
        cosines[block[:, None] == last_rows] = -np.inf
        row, column = np.unravel_index(int(cosines.argmax()), cosines.shape)
        if cosines[row, column] > best:
            best, pair = float(cosines[row, column]), (int(block[row]), int(last_rows[column]))
    return pair


def _named_track(library: Library, recording: int, end: Selected) -> TrackRow:
    """The track of an end that was meant: of several files of a recording the one that was named."""
    named = zip(end.tracks, recordings_of(library, end.ids), strict=True)
    return next(track for track, its_recording in named if its_recording == recording)
