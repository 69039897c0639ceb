"""Similar tracks: by how they sound, by who plays them, or by both."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earshot.audio.checkpoint import default_checkpoint
from earshot.index.library import Library
from earshot.index.recommending.tower_runs import tower_run
from earshot.index.runs import current_fingerprint
from earshot.index.search.filters import SearchFilters
from earshot.index.search.rank_fusion import BOTH, similar_by_both
from earshot.index.search.similarity_search import Matches, similar
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, require_vectors
from earshot.stages.shared.chosen_tracks import argument_text, with_known_folders
from earshot.stages.shared.current_encoder import find_checkpoint
from earshot.stages.shared.search_seeds import Seeds, find_seeds

# The cosine that one in twenty pairs of tracks by different artists reaches, by the packaged weights: 57,085 pairs of
# pop_clips and cc_music. Four of these 339 tracks have nothing nearer among the others; of the 76 game soundtracks and
# instruments of cc_music, 60 have nothing nearer among the pop clips.
_RANDOM_SCORE = 0.46


@dataclass(frozen=True, kw_only=True)
class SimilarReport(Matches):
    """The tracks that are similar to some seeds, the best first, and how they were found."""

    seeds: Sequence[str]  # names of the tracks that were searched from
    unlike: Sequence[str]  # names of the tracks that were searched away from
    is_far: bool  # even the best match sounds no more alike than two tracks at random may
    warnings: Sequence[str]  # what is out of date or missing, with the command that renews it


def similar_tracks(
    library: Library,
    seeds: Sequence[str | int | Path],
    filters: SearchFilters | None = None,
    *,
    unlike: Sequence[str | int | Path] = (),
    space: str = AUDIO,
    why: bool = False,
    listener: str | None = None,
) -> SimilarReport:
    """Find the tracks most similar to the seeds, without the seeds and their copies.

    Parameters
    ----------
    seeds, unlike : tracks to search from, and away from
        Ids, or what `index.search.track_selection` understands: paths and addresses of tracks, folders and playlists,
        names of titles, artists, albums and genres, or words. A file outside the library is embedded on the spot.
    space : how similarity is measured
        ``audio`` by sound, ``diffused`` by sound that was spread over graphs, ``tower`` by listeners, ``both`` by sound
        and listeners; or a space that an import brought.
    why : find the moments that sound most alike
    listener : whose dislikes and exclusions are heeded beside those of everybody; one that is new has none

    Raises
    ------
    AmbiguousError
        Several answer to a text.
    StageError, LibraryError
        Nothing answers to a text; or there is no such space, or it has no vector of a seed.
    """
    require_vectors(library, TOWER if space == BOTH else space)
    sound = tower_run(library).sound or AUDIO if space == BOTH else space
    spaces = (sound, TOWER) if space == BOTH else (space,)
    wanted, unwanted = (
        [find_seeds(library, argument_text(track), spaces) for track in tracks] for tracks in (seeds, unlike)
    )
    filters = with_known_folders(library, filters or SearchFilters())
    excluded = set() if listener is None else _unwanted(library, listener)
    if space == BOTH:
        likes, dislikes = ([track for one in part for track in one.tracks] for part in (wanted, unwanted))
        answer = similar_by_both(library, likes, dislikes, filters, why, sound, excluded)
    else:
        near, away = ([seed for one in part for seed in one.in_space(space)] for part in (wanted, unwanted))
        answer = similar(library, space, near, away, filters, why, excluded)
    return SimilarReport(
        **vars(answer),
        seeds=[track.name for track in wanted],
        unlike=[track.name for track in unwanted],
        is_far=_is_far(library, space, answer, filters),
        warnings=_warnings(library, space, spaces, [*wanted, *unwanted], answer),
    )


def _unwanted(library: Library, listener: str) -> set[int]:
    """Recordings that a listener dislikes or excluded."""
    from earshot.index.listens.stored_interactions import known_user, unwanted_recordings  # polars: others need it not

    return set(unwanted_recordings(library, known_user(library, listener)).tolist())


def _is_far(library: Library, space: str, answer: Matches, filters: SearchFilters) -> bool:
    """Tell whether nothing sounds like the seeds; scores of other spaces and encoders have other scales."""
    is_packaged = current_fingerprint(library) == default_checkpoint().fingerprint
    is_known_scale = space == AUDIO and not filters.fewer_hubs and is_packaged
    return is_known_scale and bool(answer.matches) and answer.matches[0].score < _RANDOM_SCORE


def _warnings(
    library: Library, space: str, spaces: Sequence[str], tracks: Sequence[Seeds], answer: Matches
) -> list[str]:
    """Sentences about seeds that a space lacks, and about vectors and indexes that are out of date."""
    warnings = [
        f"{track.text!r} has no vector by {name}, and counts by {', '.join(sorted(track.spaces()))} only."
        for track in tracks
        for name in spaces
        if name not in track.spaces()
    ]
    is_by_encoder = any({AUDIO, DIFFUSED} & track.spaces() for track in tracks)
    checkpoint = find_checkpoint(library) if is_by_encoder else None
    if checkpoint is not None and current_fingerprint(library) != checkpoint.fingerprint:
        warnings.append("These vectors belong to an older encoder; `cli embed-audio` brings them up to date.")
    if space == DIFFUSED:
        from earshot.index.health.staleness import stale_diffusion  # reads graphs, which other searches need not

        for stale in stale_diffusion(library):
            warnings.append(f"`{stale.fix}` brings these vectors up to date: {stale.what}.")
    if answer.exhaustive:
        warnings.append(f"Searched without the index ({answer.exhaustive}); `cli build-index` makes it fast.")
    return warnings
