"""What trained towers recommend: every track is scored, in blocks, and the best are kept."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from earshot.data.events.interactions import Interactions
from earshot.data.top_k import top_k_columns
from earshot.towers.models import Towers
from earshot.towers.query_inputs import QueryInputs, inputs_for_new_users, inputs_now
from earshot.towers.retrieval.artist_caps import first_kept, within_caps

_TRACKS_AT_ONCE = 65_536
_SCORES_AT_ONCE = 2**24  # 64 MiB
_PAIRS_AT_ONCE = 2**18  # of a network that looks at each pair
_UNORDERED_HISTORY = 4  # times as many events are read at serving where their order means nothing


@torch.no_grad()
def item_vectors(towers: Towers, track_rows: np.ndarray | None = None) -> Tensor:
    """Of some tracks, or of every track of the catalog, (n_tracks, dim)."""
    towers.eval()
    asked = np.arange(len(towers.catalog)) if track_rows is None else track_rows
    nobody, parts = np.full(1, -1), []
    for start in range(0, max(len(asked), 1), _TRACKS_AT_ONCE):
        rows = asked[start : start + _TRACKS_AT_ONCE]
        parts.append(towers.items(towers.features(towers.blocks(rows, nobody), rows)))
    return torch.cat(parts)


def history_length(towers: Towers, *, ordered: bool) -> int:
    """How many events a query looks back on."""
    return max(towers.config.history, 1) * (1 if ordered else _UNORDERED_HISTORY)


@torch.no_grad()
def query_vectors(towers: Towers, asked: QueryInputs, track_rows: np.ndarray) -> Tensor:
    """Of queries whose places are positions in `track_rows`: (n_queries, dim)."""
    towers.eval()
    blocks = towers.blocks(track_rows, asked.user_rows)
    return towers.queries(towers.features(blocks, track_rows), blocks, asked)


def queries_of(
    towers: Towers,
    events: Interactions,
    user_rows: np.ndarray,
    known_rows: Sequence[int] | np.ndarray | None = None,
    *,
    ordered: bool | None = None,
) -> Tensor:
    """What listeners want after all of `events`, (n_users, dim).

    Parameters
    ----------
    user_rows : (n_users,), of `events`
    known_rows : (n_users,)
        The same listeners as the towers number them, -1 for a stranger; without, as the events do.
    ordered : whether the order of events means anything; without, it does where there are times
    """
    is_ordered = bool(events.times.any()) if ordered is None else ordered
    length = history_length(towers, ordered=is_ordered)
    if len(events):
        asked, track_rows = inputs_now(events, user_rows, length, np.zeros(events.n_users, dtype=bool))
    else:
        asked, track_rows = inputs_for_new_users([np.empty(0)] * len(user_rows), length)
    rows = np.asarray(user_rows if known_rows is None else known_rows)
    is_known = towers.is_known_user.cpu().numpy()
    known = (rows >= 0) & (is_known[rows] if len(is_known) else False)
    return query_vectors(towers, replace(asked, user_rows=np.where(known, rows, -1)), track_rows)


def uses_history(towers: Towers, user_row: int, *, ordered: bool = True) -> bool:
    """Whether what somebody played makes a difference to what is recommended.

    Parameters
    ----------
    user_row : -1 for a stranger
    ordered : whether one of their tracks is known to be the latest, and could be the seed
    """
    if towers.config.model == "two-tower":
        return bool(towers.config.history or (towers.config.use_seed and ordered))
    return user_row < 0 or not towers.is_known_user[user_row]


@torch.no_grad()
def best_tracks(
    towers: Towers,
    queries: Tensor,
    items: Tensor,
    k: int,
    *,
    excluded: Sequence[np.ndarray] | None = None,
    offsets: np.ndarray | None = None,
    track_ids: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k best tracks of each query, by exact search.

    Parameters
    ----------
    excluded : for each query the track rows that its list may not hold
    offsets : (n_tracks,) float32, added to the score of each track in every list
    track_ids : (n_tracks,), the order of ties, as in `data.top_k`; without, rows count

    Returns
    -------
    rows, shape (n_queries, k) int64, the best first, -1 where tracks run out; and their scores, float32
    """
    n = len(items)
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    is_product = towers.config.model != "neumf"
    n_block = max(1, (_SCORES_AT_ONCE if is_product else _PAIRS_AT_ONCE) // max(n, 1))
    for start in range(0, len(queries), n_block):
        block = towers.scores(queries[start : start + n_block], items)
        if offsets is not None:
            block += torch.from_numpy(offsets).to(block.device)
        if excluded is not None:
            lists = excluded[start : start + n_block]
            places = np.repeat(np.arange(len(lists)), [len(tracks) for tracks in lists])
            tracks = np.concatenate(lists).astype(np.int64)
            block[torch.from_numpy(places).to(block.device), torch.from_numpy(tracks).to(block.device)] = -torch.inf
        filled = slice(start, start + len(block)), slice(0, min(k, n))
        rows[filled], scores[filled] = _top_k(block, min(k, n), track_ids)
    return rows, scores


def _top_k(scores: Tensor, k: int, track_ids: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the k greatest scores of each row, and these: `data.top_k.top_k_columns` at the speed of `topk`.

    `topk` leaves the order of equal scores open, so rows with any among their k + 1 best are sorted again.
    """
    best, found = (array.cpu().numpy() for array in scores.topk(min(k + 1, scores.shape[1]), dim=1))
    is_tied = ((best[:, 1:] == best[:, :-1]) & ~np.isneginf(best[:, 1:])).any(axis=1)
    columns, values = np.where(np.isneginf(best), -1, found)[:, :k], best[:, :k]
    if is_tied.any():
        tied = scores[torch.from_numpy(is_tied).to(scores.device)].cpu().numpy()
        columns[is_tied] = top_k_columns(tied, k, track_ids)
    return columns, values


def best_of_artists(
    towers: Towers,
    queries: Tensor,
    items: Tensor,
    k: int,
    *,
    artists: np.ndarray,
    max_per_artist: int,
    excluded: Sequence[np.ndarray] | None = None,
    offsets: np.ndarray | None = None,
    track_ids: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """As `best_tracks`, but no artist has more than some places of a list.

    Each query looks at more tracks than it needs, and those whose list comes out short at eight times as many.

    Parameters
    ----------
    artists : (n_tracks,) int, -1 for a track of which nobody knows the artist: it takes no artist's place
    """
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    waiting, width = np.arange(len(queries)), k if max_per_artist >= k else 4 * k
    while len(waiting):
        width, still = min(width, len(items)), []
        n_block = max(1, _SCORES_AT_ONCE // max(width, 1))
        for start in range(0, len(waiting), n_block):
            block = waiting[start : start + n_block]
            left_out = None if excluded is None else [excluded[place] for place in block]
            found, values = best_tracks(
                towers, queries[block], items, width, excluded=left_out, offsets=offsets, track_ids=track_ids
            )
            kept = (found >= 0) & within_caps(np.where(found < 0, -1, artists[found]), max_per_artist)
            rows[block], scores[block] = first_kept(found, values, kept, k)
            could_be_more = (rows[block, -1] < 0) & (found[:, -1] >= 0) if width else np.zeros(len(block), dtype=bool)
            still.append(block[could_be_more & (width < len(items))])
        waiting, width = np.concatenate(still), 8 * width
    return rows, scores


def recommend(
    towers: Towers,
    events: Interactions,
    user_rows: np.ndarray,
    k: int,
    *,
    excluded: list[np.ndarray] | None = None,
    offsets: np.ndarray | None = None,
    n_at_once: int = 1_024,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Recommend to listeners after all of `events`, some of them at a time: rows and scores as `best_tracks`."""
    items = item_vectors(towers)
    for start in range(0, len(user_rows), n_at_once):
        queries = queries_of(towers, events, user_rows[start : start + n_at_once])
        left_out = None if excluded is None else excluded[start : start + n_at_once]
        yield best_tracks(towers, queries, items, k, excluded=left_out, offsets=offsets)


def popularity_offsets(counts: np.ndarray, popularity_weight: float) -> np.ndarray | None:
    r"""What a popularity dial adds to the score of each track, (n_tracks,) float32; None for a dial at 0.

    .. math:: dial \cdot \log p_t, \quad p_t = \frac{n_t + 1}{\sum_s (n_s + 1)}

    with the plays n of each track; one more for everybody, so that a single play is no verdict. How popular a track
    without any play will be nobody knows: it counts as an ordinary one, with the mean logarithm of those that have
    some. Popularity is adjusted when recommending, as [1]_ does with a power of it (they multiply by ``p **
    popularity_weight``, and we rank by logarithms) and [2]_ with logits; the towers need not learn again.

    References
    ----------
    .. [1] Zhang et al. Causal Intervention for Leveraging Popularity Bias in Recommendation. SIGIR 2021, section 3.4.
       https://arxiv.org/abs/2105.06067
    .. [2] Menon et al. Long-tail Learning via Logit Adjustment. ICLR 2021. https://arxiv.org/abs/2007.07314
    """
    if not popularity_weight:
        return None
    plays = counts + 1.0
    log_shares = np.log(plays / plays.sum())
    is_played = counts > 0
    if is_played.any():
        log_shares[~is_played] = log_shares[is_played].mean()
    return (popularity_weight * log_shares).astype(np.float32)


def unit_vectors(items: Tensor, *, with_bias: bool = True) -> np.ndarray:
    """Item vectors to be compared with each other by cosine, float32.

    Parameters
    ----------
    with_bias : False to leave out their last number, which in a factorisation says how popular a track is
    """
    return F.normalize(items if with_bias else items[:, :-1], dim=-1).cpu().numpy()


def fold_offsets(items: Tensor, queries: Tensor, offsets: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Items and queries whose inner products are scores with the offsets, (n_tracks,): each with one number more."""
    if offsets is None:
        return items.numpy(), queries.numpy()
    one = np.ones((len(queries), 1), dtype=np.float32)
    return np.hstack([items.numpy(), offsets[:, None]]), np.hstack([queries.numpy(), one])
