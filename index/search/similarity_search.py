"""Similarity search: candidates by cosine, less a hub penalty if asked for; filters, caps, a recording once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from earshot.data.fingerprint import Fingerprint
from earshot.data.ids import IdMap
from earshot.data.name_matching import album_key, artist_key, artist_keys, title_key
from earshot.index.library import Library
from earshot.index.recordings.find_copies import Sound, agreement_if_same, read_sounds
from earshot.index.recordings.never_list import never_recordings
from earshot.index.recordings.recordings import recordings_of, tracks_to_show
from earshot.index.search.excerpts import ExcerptVectors, read_excerpts
from earshot.index.search.filters import ListCaps, SearchFilters, fitting_recordings, fitting_track
from earshot.index.tracks.track_lookup import TrackRow
from earshot.index.vectors.ann import n_candidates, nearest_ids
from earshot.index.vectors.faiss_file import open_index
from earshot.index.vectors.neighbour_table import mean_neighbour_score
from earshot.index.vectors.spaces import read_some_vectors, read_vectors

_ROWS_PER_QUERY = 2_000  # candidates whose facts are read at a time
_HUB_POOL = 1_000  # candidates that are ranked with the hub penalty, at least
_UNLIKE_WEIGHT = 0.5  # Rocchio's gamma: an unwanted track pushes half as hard as a wanted one pulls


@dataclass(frozen=True)
class Seed:
    """A track to search from; `id` is None for a file outside the library."""

    name: str
    vector: np.ndarray  # (dim,) unit length
    excerpts: ExcerptVectors
    duration: float | None  # seconds; None for a catalog item
    artist: str | None = None
    title: str | None = None
    content_hash: str | None = None
    id: int | None = None
    album: str | None = None
    fingerprint: Fingerprint | None = None  # of a file outside the library
    weight: float = 1.0  # in the mean of all seeds: 1/n for each of n tracks of one artist


@dataclass(frozen=True)
class Moment:
    """The excerpts in which two tracks sound most alike."""

    seed_start: float  # seconds
    match_start: float  # seconds
    score: float  # cosine
    seed_id: int | None = None  # the track of the seed; None for a file outside the library


@dataclass(frozen=True)
class Match:
    """One track of an answer."""

    rank: int
    score: float  # cosine similarity to the query, in [-1, 1]; with fewer hubs twice that, less the track's nearness
    track: TrackRow
    moment: Moment | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)  # after rank fusion: the rank in the list of each space


@dataclass(frozen=True)
class Matches:
    """An answer, and how it was found."""

    matches: list[Match]
    exhaustive: str | None = None  # why the index was not used
    copies: list[TrackRow] = field(default_factory=list)  # copies of the seeds, hidden
    spaces: tuple[str, ...] = ()  # that were fused


def query_vector(seeds: Sequence[Seed], unlike: Sequence[Seed] = ()) -> np.ndarray:
    """Unit query vector, shape (dim,), for tracks like `seeds` and unlike `unlike` (Rocchio, 1971)."""
    query = _weighted_mean(seeds)
    if unlike:
        query = query - _UNLIKE_WEIGHT * _weighted_mean(unlike)
    return (query / max(float(np.linalg.norm(query)), 1e-12)).astype(np.float32)


def _weighted_mean(seeds: Sequence[Seed]) -> np.ndarray:
    return np.average([seed.vector for seed in seeds], axis=0, weights=[seed.weight for seed in seeds])


def similar(
    library: Library,
    space: str,
    seeds: Sequence[Seed],
    unlike: Sequence[Seed],
    filters: SearchFilters,
    why: bool = False,
    excluded: Collection[int] = (),
) -> Matches:
    """Find the tracks most similar to the seeds, without the seeds, their copies and what no list may hold.

    With `why` also find the excerpts of each match and a seed that sound most alike. Recordings that are `excluded`
    are left out, too.
    """
    query = query_vector(seeds, unlike)
    index, exhaustive = open_index(library, space)
    named = dict.fromkeys(seed.id for seed in (*seeds, *unlike) if seed.id is not None)
    recordings = dict.fromkeys(recordings_of(library, named))
    left_out = {*recordings, *never_recordings(library), *excluded}
    albums = {album_key(seed.album) for seed in seeds} - {""}
    artists = {key for seed in seeds for key in artist_keys(seed.artist)}
    names, outside = {_name_keys(seed) for seed in seeds}, [seed for seed in seeds if seed.id is None]
    caps = ListCaps(filters)
    matches: list[Match] = []
    copies = [row for rows in tracks_to_show(library, recordings).values() for row in rows if row.id not in named]
    for recording, tracks, score in _candidates(library, space, index, query, filters, artists, albums):
        track = fitting_track(tracks, filters, artists)
        if recording in left_out or track is None or not caps.has_room(track):
            continue
        is_its_name = track.path is None and all(key := _name_keys(track)) and key in names
        if is_its_name or any(is_recording_of(library, track, seed) for seed in outside):
            copies.append(track)
            continue
        caps.take(track)
        moment = best_moment(seeds, read_excerpts(library, track.id)) if why else None
        matches.append(Match(len(matches) + 1, score, track, moment))
        if len(matches) == filters.k:
            break  # here, not above: the next candidate may be expensive
    return Matches(matches, exhaustive, copies)


def best_moment(seeds: Sequence[Seed], match: ExcerptVectors) -> Moment | None:
    """The pair of excerpts, one of a seed and one of the match, that sound most alike."""
    best: Moment | None = None
    for seed in seeds:
        one, other = seed.excerpts.vectors, match.vectors
        if not len(one) or not len(other) or one.shape[1] != other.shape[1]:
            continue
        cosines = one @ other.T  # (n_seed_excerpts, n_match_excerpts)
        row, column = np.unravel_index(int(cosines.argmax()), cosines.shape)
        if best is None or cosines[row, column] > best.score:
            best = Moment(seed.excerpts.starts[row], match.starts[column], float(cosines[row, column]), seed.id)
    return best


def _candidates(
    library: Library,
    space: str,
    index: Any,
    query: np.ndarray,
    filters: SearchFilters,
    artists: set[str],
    albums: set[str],
) -> Iterator[tuple[int, list[TrackRow], float]]:
    """Yield recordings by falling similarity, with their tracks: few at first, more while filters reject them."""
    yielded: set[int] = set()
    n_first = n_candidates(filters.k)
    if filters.fewer_hubs:
        n_first = max(n_first, _HUB_POOL)
    for ids, vectors in _pools(library, space, index, query, n_first, filters, artists):
        if not len(ids):
            continue  # no track fits, and no vectors have no dimensions
        scores = vectors @ query  # (n_pool,); the index's own scores may be of shortened vectors
        if filters.fewer_hubs:  # CSLS (data.cosine.mean_top_k_cosine); the term of the query is the same for all
            scores = 2 * scores - mean_neighbour_score(library, space, ids)
        order = np.argsort(-scores, kind="stable")
        ranking = list(zip(ids.ids(order).tolist(), scores[order].tolist(), strict=True))
        fresh = [(track_id, score) for track_id, score in ranking if track_id not in yielded]
        for start in range(0, len(fresh), _ROWS_PER_QUERY):
            part = fresh[start : start + _ROWS_PER_QUERY]
            tracks = tracks_to_show(library, [recording for recording, _ in part], albums)
            yield from ((recording, tracks[recording], score) for recording, score in part if recording in tracks)
        yielded.update(ids.ids(order).tolist())


def _pools(
    library: Library, space: str, index: Any, query: np.ndarray, n_first: int, filters: SearchFilters, artists: set[str]
) -> Iterator[tuple[IdMap, np.ndarray]]:
    """Yield ids and vectors of ever larger pools of nearest tracks, finally of all tracks that fit the filters.

    Without a usable index the only pool is that of all tracks: slower, and equally exact.
    """
    n = n_first
    if index is not None and n < index.ntotal // 4:
        yield read_some_vectors(library, space, nearest_ids(index, query, n).tolist())
    # The first candidates were too few, so select the tracks that fit before reading vectors.
    fitting = fitting_recordings(library, filters, artists)
    while index is not None and (n := 8 * n) < (index.ntotal if fitting is None else len(fitting)) // 4:
        nearest = nearest_ids(index, query, n)
        pool = nearest if fitting is None else np.intersect1d(nearest, fitting)
        yield read_some_vectors(library, space, pool.tolist())
    yield read_vectors(library, space) if fitting is None else read_some_vectors(library, space, fitting.tolist())


def _name_keys(track: TrackRow | Seed) -> tuple[str, str]:
    return artist_key(track.artist or ""), title_key(track.title or "")


def is_recording_of(library: Library, track: TrackRow, seed: Seed) -> bool:
    """Tell whether a track is the recording of a file outside the library."""
    if seed.content_hash is not None and seed.content_hash == track.content_hash:
        return True
    if seed.fingerprint is None:
        return False
    sounds = read_sounds(library, [track.id])
    seed_sound = Sound(seed.fingerprint, seed.duration or 0.0, seed.artist, seed.title)
    return track.id in sounds and agreement_if_same(seed_sound, sounds[track.id]) is not None
