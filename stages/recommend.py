"""Recommend tracks by the towers of a library: to one user, to a new one, or to all at once."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from time import monotonic
from typing import Any

import numpy as np

from earshot.data.cosine import unit_rows
from earshot.data.events.interactions import active_mask, disliked_pairs, dislikes, without_dislikes
from earshot.data.ids import IdMap
from earshot.data.recommend_request import RecommendRequest
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import (
    StoredInteractions,
    find_user,
    read_history,
    read_interactions,
)
from earshot.index.recommending.candidate_store import candidate_pools, play_counts, read_candidates
from earshot.index.recommending.recommendation_table import ResumableLists, store_recommendations
from earshot.index.recommending.tower_runs import tower_run
from earshot.index.recordings.never_list import never_pairs
from earshot.index.recordings.recordings import recordings_of, tracks_to_show
from earshot.index.runs import RECOMMEND_STAGE, finish_run, start_run
from earshot.index.search.filters import TrackFilters, fitting_track, unfitting_recordings
from earshot.index.tracks.track_lookup import TrackRow
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space, read_some_vectors
from earshot.stages.shared.chosen_tracks import with_known_folders
from earshot.stages.shared.current_towers import open_towers, towers_for
from earshot.stages.shared.environment import versions
from earshot.stages.shared.recommend_requests import read_request
from earshot.stages.shared.reports import InputError, Note, Progress, as_stage_error
from earshot.towers.retrieval.query_vectors import request_query_vector
from earshot.towers.retrieval.recommend_lists import (
    Recommender,
    RecommendOptions,
    prepare,
    recommend_all,
    recommend_one,
    user_batches,
)

_N_PLAYED = 1_000  # tracks of a history that are looked at for reasons, the latest


@dataclass(frozen=True)
class Recommendation:
    """A place in a list of recommendations."""

    rank: int  # from 1
    score: float
    track: TrackRow


@dataclass(frozen=True)
class Reason:
    """A track that a listener played, and how near it is to one that is recommended."""

    track: TrackRow
    score: float  # cosine similarity, by the item tower if there is one


class Recommendations(list[Recommendation]):
    """One list, the best first, and whom and what it was understood to be for."""

    def __init__(self, places: Iterable[Recommendation], asked: str, strangers: Sequence[str]) -> None:
        super().__init__(places)
        self.asked = asked
        self.strangers = strangers  # entries of a history that are no tracks of the library


@dataclass(frozen=True)
class RecommendAllReport:
    """The outcome of recommending to all users; the lists are in the table `recommendations`."""

    n_users: int
    n_recommendations: int
    seconds: float


def recommend_tracks(
    library: Library,
    user: str | None = None,
    *,
    history: Sequence[str | int] = (),
    liked: Sequence[str | int] = (),
    seed_track: str | int | None = None,
    k: int = 10,
    novel: bool = True,
    max_per_artist: int = 3,
    popularity: float | None = None,
    filters: TrackFilters | None = None,
) -> Recommendations:
    """Recommend tracks to a user of the library, or to a new one by what they played or like.

    Tracks are ids, paths, addresses, names or words; several of them may be meant by one (an artist, an album, a
    genre, a folder, a playlist): see `index.search.track_selection`. The other arguments are those of `cli recommend`.

    Parameters
    ----------
    user : a name in the imported listens
    history : tracks that a new user played, the latest last; what the library does not know is left out
    liked : tracks that a new user likes, in no order
    popularity : weight of the log of a track's share of all plays; None for what suited validation best
    filters : on the tracks of the list, but for `same_artist`, which is for seeds

    Raises
    ------
    InputError
        More than one of `user`, `history` and `liked` is given, or nothing at all; or several tracks play now; or the
        filters ask for artists of seeds.
    LibraryError, StageError
        There are no towers, no such user or track; or the towers cannot serve this request.
    AmbiguousError
        Several answer to a text.
    """
    options = _options(library, popularity, k=k, novel=novel, max_per_artist=max_per_artist)
    asked = read_request(library, user, history, liked, seed_track)
    filters = with_known_folders(library, filters or TrackFilters())
    if filters.same_artist is not None:
        raise InputError("Recommendations have no seeds whose artists could be meant.")
    excluded = np.concatenate([asked.request.excluded_ids(novel=False), unfitting_recordings(library, filters)])
    with as_stage_error():  # towers and requests that do not fit, such as a seed that they cannot read
        best = _recommend(library, replace(asked.request, disliked=excluded), options)
    tracks = tracks_to_show(library, [track_id for track_id, _ in best])
    places = []
    for rank, (track_id, score) in enumerate(best, start=1):
        track = fitting_track(tracks[track_id], filters, set()) or tracks[track_id][0]
        places.append(Recommendation(rank, score, track))
    return Recommendations(places, asked.asked, asked.strangers)


def recommend_to_all(
    library: Library,
    *,
    k: int = 10,
    novel: bool = True,
    max_per_artist: int = 3,
    popularity: float | None = None,
) -> Generator[Progress | Note | RecommendAllReport, None, None]:
    """Recommend to every user, into the table `recommendations`; the last report is the `RecommendAllReport`.

    All lists take the place of the earlier ones at once. Killed, the same call goes on from the lists that are made.

    Arguments are as of `recommend_tracks`. The library is open to write.

    Raises
    ------
    LibraryError, StageError
        There are no towers, or nothing that can be recommended.
    """
    began = monotonic()
    run = tower_run(library)
    options = _options(library, popularity, k=k, novel=novel, max_per_artist=max_per_artist)
    listens = read_interactions(library)
    never_users, never_ids = never_pairs(library, listens.users)
    tracks = np.concatenate([listens.items.all_ids, np.setdiff1d(never_ids, listens.items.all_ids)])
    recommender = _prepare(library, listens, options, tracks, listens.users)
    events = without_dislikes(listens.interactions)
    disliked = _merged(dislikes(listens.interactions), never_users, recommender.saved.tracks.rows(never_ids))
    user_rows = np.unique(events.user_rows)
    settings = asdict(options) | {"towers": run.id, "listens": listens.key, "tracks": recommender.candidates.digest()}
    settings |= {"never": [never_users.tolist(), never_ids.tolist()]} if len(never_ids) else {}
    run_id, _ = start_run(library, RECOMMEND_STAGE, settings, versions=versions())
    lists = ResumableLists(library.folder, settings)
    batches = user_batches(recommender, user_rows)
    if n_done := len(lists):
        yield Note(f"Going on after {n_done:,} of {len(batches):,} batches of listeners.")
    n_users = 0
    for number, batch in enumerate(batches):
        if not lists.has(number):
            made = recommend_all(recommender, events, batch, options, disliked)
            lists.keep(number, listens.users.ids(batch), *made)
        n_users += len(batch)
        yield Progress("recommending", n_users, len(user_rows), "listener")
    n_rows = store_recommendations(library, run_id, lists)
    report = RecommendAllReport(len(user_rows), n_rows, round(monotonic() - began, 1))
    metrics = {"listeners": report.n_users, "recommendations": n_rows, "seconds": report.seconds}
    finish_run(library, run_id, metrics)
    lists.discard()
    yield report


def _options(library: Library, popularity: float | None, **others: Any) -> RecommendOptions:
    """Options with the weight of popularity that was given, else the one that suited the towers best."""
    run = tower_run(library)
    return RecommendOptions(**others, popularity=run.popularity if popularity is None else popularity)


def _merged(
    disliked: tuple[np.ndarray, np.ndarray] | None, users: np.ndarray, tracks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of users, rising, and tracks, (n,) each, from those that are disliked and others."""
    if disliked is not None:
        users, tracks = np.concatenate([disliked[0], users]), np.concatenate([disliked[1], tracks])
    order = np.argsort(users, kind="stable")
    return users[order], tracks[order]


def _recommend(library: Library, request: RecommendRequest, options: RecommendOptions) -> list[tuple[int, float]]:
    """One list, from the tracks that the index finds near the query where these are enough, else from all of them."""
    track_ids, users = np.unique(request.track_ids()), IdMap([request.user_id])
    with open_towers(library) as (file, run):
        if file.config.model == "two-tower" and not options.popularity:  # of which the index knows nothing
            saved = towers_for(library, file, run.sound, track_ids, users)
            query = request_query_vector(saved, request).numpy()[0]
            n_excluded = len(request.excluded_ids(novel=True))
            for candidates in candidate_pools(library, query, options.k, n_excluded=n_excluded):
                best = recommend_one(prepare(saved, candidates), request, options)
                if len(best) == options.k:
                    return best
    listens = read_interactions(library, may_lag=True) if options.popularity else None
    return recommend_one(_prepare(library, listens, options, track_ids, users), request, options)


def _prepare(
    library: Library,
    listens: StoredInteractions | None,
    options: RecommendOptions,
    track_ids: np.ndarray,
    users: IdMap,
) -> Recommender:
    """Load the towers with no more than some tracks and users, and all candidates; a popularity needs the listens."""
    with open_towers(library) as (file, run):
        candidates = read_candidates(library, run.id, with_vectors=file.config.model == "two-tower")
        tracks = np.concatenate([track_ids, np.setdiff1d(candidates.new_ids, track_ids)])
        saved = towers_for(library, file, run.sound, tracks, users)
    plays = candidates.plays(*play_counts(listens)) if listens is not None and options.popularity else None
    with as_stage_error():
        return prepare(saved, candidates, plays)


def reasons_for(library: Library, listener: str, track_ids: Sequence[int]) -> dict[int, Reason]:
    """Find for each track the one that a listener played, and did not dislike, that is nearest to it.

    Near by the vectors of the item tower, else by sound. Tracks without a vector have no reason; nor has any where the
    listener played nothing that has one.

    Raises
    ------
    LibraryError
        There is no such listener, or no listens.
    """
    space = TOWER if current_space(library, TOWER) is not None else AUDIO
    events = read_history(library, find_user(library, listener))
    played = _played(events)
    recordings = recordings_of(library, track_ids)
    ids, vectors = read_some_vectors(library, space, sorted({*played, *recordings}))
    row_of = {track_id: row for row, track_id in enumerate(ids.all_ids.tolist())}
    played = [track_id for track_id in played if track_id in row_of]
    wanted = [(track, recording) for track, recording in zip(track_ids, recordings, strict=True) if recording in row_of]
    if not played or not wanted:
        return {}
    units = unit_rows(vectors)
    of_played, of_wanted = (units[[row_of[one] for one in some]] for some in (played, [one for _, one in wanted]))
    cosines = of_wanted @ of_played.T  # (n_wanted, n_played)
    same = np.array([one for _, one in wanted])[:, None] == np.array(played)
    cosines[same] = -np.inf  # a track is no reason for itself
    best = cosines.argmax(axis=1)
    shown = tracks_to_show(library, [played[place] for place in np.unique(best)])
    return {
        track: Reason(shown[played[place]][0], float(score))
        for (track, _), place, score in zip(wanted, best, cosines.max(axis=1), strict=True)
        if np.isfinite(score) and played[place] in shown
    }


def _played(events: dict[str, np.ndarray]) -> list[int]:
    """The recordings that one user played or likes, and does not dislike, the latest first."""
    items, kinds = events["item_ids"], events["kinds"]
    one_user = np.zeros(len(items), dtype=np.int64)
    ids, rows = np.unique(items, return_inverse=True)
    disliked = ids[disliked_pairs(one_user, rows, kinds)[1]]
    kept = items[active_mask(one_user, rows, kinds) & ~np.isin(items, disliked)]
    return list(dict.fromkeys(kept[::-1].tolist()))[:_N_PLAYED]
