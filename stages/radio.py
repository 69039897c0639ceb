"""Radio: an endless list near some seeds, which listens to skips and likes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from earshot.data.name_matching import artist_keys
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import known_user, read_history
from earshot.index.playlists.continuation import MAX_TASTE, Radio, RadioSettings, RadioState
from earshot.index.playlists.listener_taste import affinities, favourites, taste_vector
from earshot.index.playlists.track_pool import TrackPool, current_pool, rows_to_show
from earshot.index.playlists.variety import MAX_VARIETY, new_seed
from earshot.index.recordings.recordings import recordings_of, tracks_to_show
from earshot.index.search.filters import TrackFilters
from earshot.index.search.similarity_search import Seed, is_recording_of, query_vector
from earshot.index.tracks.track_lookup import TrackRow
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space
from earshot.stages.shared.chosen_tracks import argument_text, chosen_tracks, why_nothing, with_known_folders
from earshot.stages.shared.reports import InputError, StageError
from earshot.stages.shared.search_seeds import find_seeds

_DESCRIBING = ("artist", "genre", "folder")  # seeds that are a kind of music rather than a list of it
_DIGITS = 6  # of the numbers of an anchor: it is kept as JSON
_NEAREST = 20  # tracks among which a copy of a file outside the library must be


@dataclass(frozen=True)
class RadioTrack:
    """A song of a radio, as a list shows it."""

    rank: int  # in the session, from 1
    recording: int  # to tell the radio what happened to it
    track: TrackRow
    from_last: float  # radians from the song before that was not turned down, or from the seeds
    from_seeds: float  # radians


def start_radio(
    library: Library,
    seeds: Sequence[str | int | Path],
    filters: TrackFilters | None = None,
    *,
    unlike: Sequence[str | int | Path] = (),
    space: str = AUDIO,
    variety: float = 0.25,
    seed: int | None = None,
    artist_gap: int = 4,
    with_seeds: bool | None = None,
    pool: TrackPool | None = None,
    listener: str | None = None,
    novel: bool = False,
    taste: float = 0.5,
    towers: TrackPool | None = None,
) -> Radio:
    """Begin a session near the seeds; `next_songs` has its songs, and its `state` is all that is to be kept of it.

    Parameters
    ----------
    seeds, unlike : tracks to stay near to, and away from, as of `stages.similar.similar_tracks`
    filters : on all songs
    variety : in [0, 0.95], the probability that the best next song sits out; 0 for always the same list
    seed : of these lots; None draws one
    artist_gap : songs between two of one artist, at least, while there are such
    with_seeds : let the seeds be played too; None for those of an artist, genre or folder, which say what one likes
        to hear, and not for tracks, albums and playlists, which one has
    pool : one that was read before, to read it once for many sessions; a stale one is read anew
    listener : whose dislikes and exclusions are heeded beside those of everybody; one that is new has none
    novel : leave out what the listener has played, too
    taste : in [0, 5], the weight of the listener's taste beside the sound, where the library has towers; 0 for none
    towers : the pool of the space of towers, if it was read before

    Raises
    ------
    InputError
        A number is out of its range, there is no seed, or it should be novel to nobody.
    AmbiguousError, StageError, LibraryError
        As of `similar_tracks`.
    """
    if not 0 <= taste <= MAX_TASTE:
        raise InputError(f"The weight of a taste is from 0 to {MAX_TASTE:g}; this is {taste:g}.")
    if not seeds or artist_gap < 0 or not 0 <= variety <= MAX_VARIETY or (seed or 0) < 0:
        raise InputError(
            f"A radio has a track to begin with, an artist gap and a seed of 0 or more and a variety from 0 to"
            f" {MAX_VARIETY}; these are {len(seeds)} tracks, {artist_gap}, {seed} and {variety:g}."
        )
    if novel and listener is None:
        raise InputError("Songs can be new to a listener alone: name one.")
    pool = current_pool(library, space, pool)
    filters = with_known_folders(library, filters or TrackFilters())
    wanted, unwanted = (
        [find_seeds(library, argument_text(track), (space,)) for track in tracks] for tracks in (seeds, unlike)
    )
    near, away = ([seed for one in part for seed in one.in_space(space)] for part in (wanted, unwanted))
    anchor = np.round(query_vector(near, away).astype(np.float64), _DIGITS).tolist()
    known = [one for one in wanted if not (one.kind in _DESCRIBING if with_seeds is None else with_seeds)]
    left_out = _recordings_of_seeds(library, pool, [*away, *(seed for one in known for seed in one.in_space(space))])
    settings = RadioSettings(
        run_id=pool.space.run_id,
        space=space,
        anchor=tuple(anchor),
        left_out=tuple(left_out),
        seed=new_seed() if seed is None else seed,
        variety=variety,
        artist_gap=artist_gap,
        filters=filters,
        artists=tuple(sorted({key for one in near for key in artist_keys(one.artist)})),
        names=tuple(one.name for one in wanted),
        listener=listener,
        is_novel=novel,
        taste_weight=taste,
    )
    return resume_radio(library, RadioState(settings).to_json(), pool, towers=towers)


def resume_radio(
    library: Library,
    state: Any,
    pool: TrackPool | None = None,
    listener: str | None = None,
    *,
    towers: TrackPool | None = None,
) -> Radio:
    """Go on with a session by its state, `radio.state.to_json()`, for the listener whom it began for, or another.

    Once other towers are trained, or for another listener, the taste is taken anew from what was played until now.

    Raises
    ------
    StageError
        The state is none, or began with vectors that were replaced since.
    LibraryError
        The library has no such space any more.
    """
    try:
        read = RadioState.from_json(state)
        pool = current_pool(library, read.settings.space, pool)
        name = read.settings.listener if listener is None else listener
        user_id = known_user(library, name)
        fitting = pool.fitting(library, read.settings.filters, set(read.settings.artists), user_id)
        if read.settings.is_novel and user_id is not None:
            fitting[pool.rows(read_history(library, user_id)["item_ids"])] = False
        return Radio(pool, read, fitting, _affinity(library, pool, read, name, towers))
    except ValueError as error:
        raise StageError(f"This radio cannot go on: {error}.\n\nBegin a new one: `cli radio SEED`.") from None


def _affinity(
    library: Library, pool: TrackPool, state: RadioState, listener: str | None, towers: TrackPool | None
) -> np.ndarray | None:
    """The affinity of a listener to each row of a pool; None if nobody knows. The state keeps the taste."""
    settings, space, user_id = state.settings, current_space(library, TOWER), known_user(library, listener)
    if user_id is None or space is None or not settings.taste_weight:
        return None
    towers = current_pool(library, TOWER, towers)
    if (settings.listener, settings.towers_run_id) != (listener, space.run_id):
        taste = np.round(taste_vector(towers, favourites(library, user_id)).astype(np.float64), _DIGITS)
        known = tuple(taste.tolist()) if taste.any() else ()
        state.settings = settings = replace(settings, listener=listener, towers_run_id=space.run_id, taste=known)
    if len(settings.taste) != towers.vectors.shape[1]:
        return None
    return affinities(towers, np.array(settings.taste, dtype=np.float32), pool.recordings)


def next_songs(library: Library, radio: Radio, n: int = 1, *, peek: bool = False) -> list[RadioTrack]:
    """The next songs of a session, which count as played unless one only peeks; fewer where no more are left."""
    n_before = radio.n_played
    songs = radio.upcoming(n) if peek else radio.play(n)
    settings = radio.state.settings
    shown = rows_to_show(library, [song.recording for song in songs], settings.filters, set(settings.artists))
    return [
        RadioTrack(rank, song.recording, shown[song.recording], song.from_last, song.from_anchor)
        for rank, song in enumerate(songs, start=n_before + 1)
        if song.recording in shown  # else it was removed while the session went on
    ]


def tell_radio(library: Library, radio: Radio, what: str, track: str | int | Path) -> None:
    """Tell a session what became of a track, or of all tracks of an artist and the like: the next song heeds it.

    Parameters
    ----------
    what : "skip", "like", "dislike" or "never"; who has recordings at hand calls these methods of the radio itself
    track : as a seed of `start_radio`, but a track of the library

    Raises
    ------
    AmbiguousError, StageError
        As of `similar_tracks`.
    """
    act = {"skip": radio.skip, "like": radio.like, "dislike": radio.dislike, "never": radio.never}[what]
    text = argument_text(track)
    selected = chosen_tracks(library, text, catalog=False)
    if selected is None:
        raise StageError(why_nothing(library, text))
    for recording in dict.fromkeys(recordings_of(library, selected.ids)):
        act(recording)


def _recordings_of_seeds(library: Library, pool: TrackPool, seeds: Sequence[Seed]) -> list[int]:
    """The recordings of seeds, rising; of a file outside the library those that are a copy of it."""
    recordings = {*recordings_of(library, [seed.id for seed in seeds if seed.id is not None])}
    for seed in (seed for seed in seeds if seed.id is None):
        cosines = pool.vectors @ seed.vector
        nearest = np.argsort(-cosines, kind="stable")[:_NEAREST]
        shown = tracks_to_show(library, pool.recordings.ids(nearest).tolist())
        recordings |= {
            recording
            for recording, tracks in shown.items()
            if any(is_recording_of(library, track, seed) for track in tracks)
        }
    return sorted(recordings)
