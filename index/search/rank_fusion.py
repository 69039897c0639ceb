"""What is similar by several spaces at once: their lists blended by rank."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from earshot.index.library import Library
from earshot.index.search.filters import ListCaps, SearchFilters
from earshot.index.search.same_recording import read_excerpts
from earshot.index.search.similarity_search import Match, Matches, Seed, best_moment, similar
from earshot.index.vectors.spaces import AUDIO, TOWER

BOTH = "both"
_RANK_CONSTANT = 60  # as the paper has it: the first place is worth little more than the tenth
_DEPTH = 100  # places of each list that are looked at first


def similar_by_both(
    library: Library,
    wanted: Sequence[Mapping[str, Seed]],
    unwanted: Sequence[Mapping[str, Seed]],
    filters: SearchFilters,
    why: bool = False,
    sound: str = AUDIO,
) -> Matches:
    """As `search.similar`, by how tracks sound and by who plays them.

    Cosines of two spaces are not to be compared, and ranks are. Filters hold for both lists, the shares of artists and
    albums for the blend. A track that only one of the lists has is no worse than one that is far down in the other.

    Parameters
    ----------
    wanted, unwanted : of each track its seed by space; one without a seed in a space says nothing there
    sound : the space that tells how tracks sound
    """
    depth = max(_DEPTH, 10 * filters.k)
    while True:
        deep = replace(filters, k=depth, max_per_artist=depth, max_per_album=None)
        answers = {}
        for space in (sound, TOWER):
            seeds, unlike = ([seed[space] for seed in part if space in seed] for part in (wanted, unwanted))
            if seeds:
                answers[space] = similar(library, space, seeds, unlike, deep)
        kept = _with_room(reciprocal_rank_fusion({space: answer.matches for space, answer in answers.items()}), filters)
        if len(kept) == filters.k or all(len(answer.matches) < depth for answer in answers.values()):
            break
        depth *= 8
    heard = [seed[sound] for seed in wanted if sound in seed]
    if why:
        kept = [replace(match, moment=best_moment(heard, read_excerpts(library, match.track.id))) for match in kept]
    exhaustive = next((answer.exhaustive for answer in answers.values() if answer.exhaustive), None)
    copies = {track.id: track for answer in answers.values() for track in answer.copies}
    return Matches(kept, exhaustive, list(copies.values()), (sound, TOWER))


def reciprocal_rank_fusion(lists: Mapping[str, Sequence[Match]]) -> list[Match]:
    r"""One list of several: reciprocal rank fusion [1]_.

    .. math:: s(t) = \sum_{l \ni t} \frac{1}{60 + rank_l(t)}

    Of equal scores the track with the better rank comes first, then that of the earlier list.

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
    scores = {track_id: sum(1 / (_RANK_CONSTANT + rank) for rank in own.values()) for track_id, own in ranks.items()}
    order = sorted(tracks, key=lambda track_id: (-scores[track_id], min(ranks[track_id].values())))
    return [Match(n, scores[best], tracks[best], ranks=ranks[best]) for n, best in enumerate(order, start=1)]


def _with_room(matches: Sequence[Match], filters: SearchFilters) -> list[Match]:
    """The first k matches that their artists and albums have places for."""
    places, kept = ListCaps(filters), list[Match]()
    for match in matches:
        if len(kept) == filters.k:
            break
        if places.has_room(match.track):
            places.take(match.track)
            kept.append(replace(match, rank=len(kept) + 1))
    return kept
