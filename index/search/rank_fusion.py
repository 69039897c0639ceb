"""Similarity search in several spaces, fused by rank."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from earshot.index.library import Library
from earshot.index.search.excerpts import read_excerpts
from earshot.index.search.filters import ListCaps, SearchFilters
from earshot.index.search.similarity_search import Match, Matches, Seed, best_moment, similar
from earshot.index.vectors.spaces import AUDIO, TOWER

BOTH = "both"
_RANK_CONSTANT = 60  # of the paper: the first rank counts little more than the tenth
_MIN_DEPTH = 100  # ranks of each list that are fused first


def similar_by_both(
    library: Library,
    wanted: Sequence[Mapping[str, Seed]],
    unwanted: Sequence[Mapping[str, Seed]],
    filters: SearchFilters,
    why: bool = False,
    sound: str = AUDIO,
    excluded: Collection[int] = (),
) -> Matches:
    """Find tracks similar by sound and by who plays them, as `similarity_search.similar` does in one space.

    Ranks of two spaces can be compared, cosines cannot. Filters apply to both lists, caps of artists and albums to the
    fused list. A track that is in one list only is treated like one that is far down in the other.

    Parameters
    ----------
    wanted, unwanted : for each track its seed by space; a track without a seed in a space is ignored there
    sound : the space of audio vectors
    excluded : recordings that are in neither list
    """
    depth = max(_MIN_DEPTH, 10 * filters.k)
    while True:
        deep = replace(filters, k=depth, max_per_artist=depth, max_per_album=None)
        answers = {}
        for space in (sound, TOWER):
            seeds, unlike = ([seed[space] for seed in part if space in seed] for part in (wanted, unwanted))
            if seeds:
                answers[space] = similar(library, space, seeds, unlike, deep, excluded=excluded)
        fused = _capped(reciprocal_rank_fusion({space: answer.matches for space, answer in answers.items()}), filters)
        if len(fused) == filters.k or all(len(answer.matches) < depth for answer in answers.values()):
            break
        depth *= 8
    heard = [seed[sound] for seed in wanted if sound in seed]
    if why:
        fused = [replace(match, moment=best_moment(heard, read_excerpts(library, match.track.id))) for match in fused]
    exhaustive = next((answer.exhaustive for answer in answers.values() if answer.exhaustive), None)
    copies = {track.id: track for answer in answers.values() for track in answer.copies}
    return Matches(fused, exhaustive, list(copies.values()), (sound, TOWER))


def reciprocal_rank_fusion(lists: Mapping[str, Sequence[Match]]) -> list[Match]:
    r"""Fuse several lists into one by reciprocal rank fusion [1]_.

    .. math:: s(t) = \sum_{l \ni t} \frac{1}{60 + rank_l(t)}

    Ties go to the track with the better rank, then to that of the earlier list.

    References
    ----------
    .. [1] Cormack, Clarke, Buettcher. Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
       Methods. SIGIR 2009. https://doi.org/10.1145/1571941.1572114
    """
    tracks = {match.track.id: match.track for matches in lists.values() for match in matches}
    ranks: dict[int, dict[str, int]] = {track_id: {} for track_id in tracks}
    for name, matches in lists.items():
        for match in matches:
            ranks[match.track.id][name] = match.rank
    scores = {
        track_id: sum(1 / (_RANK_CONSTANT + rank) for rank in by_list.values()) for track_id, by_list in ranks.items()
    }
    order = sorted(tracks, key=lambda track_id: (-scores[track_id], min(ranks[track_id].values())))
    return [Match(n, scores[best], tracks[best], ranks=ranks[best]) for n, best in enumerate(order, start=1)]


def _capped(matches: Sequence[Match], filters: SearchFilters) -> list[Match]:
    """The first k matches within the caps of artists and albums."""
    caps, fitting = ListCaps(filters), list[Match]()
    for match in matches:
        if len(fitting) == filters.k:
            break
        if caps.has_room(match.track):
            caps.take(match.track)
            fitting.append(replace(match, rank=len(fitting) + 1))
    return fitting
