"""An order in which the tracks of a playlist flow: the travelling salesman's problem without the way back."""

import numpy as np

from earshot.index.playlists.path_search import angles

MAX_TRACKS = 3_000  # all angles between them are kept: 36 MiB
_LONGEST_MOVED = 3  # tracks that Or-opt moves at once
_LEAST_GAIN = 1e-6  # below, rounding could turn an order round for ever


def flow_order(vectors: np.ndarray, recordings: np.ndarray) -> np.ndarray:
    r"""Order tracks so that neighbours are near, the first one where it is.

    From the order in which each is followed by the nearest that is left, the sum of the angles between neighbours is
    made small by 2-opt [1]_, which turns a part round, and Or-opt [2]_, which moves one to three tracks elsewhere,
    until neither helps. Should the given order be better, it stays.

    Parameters
    ----------
    vectors : shape (n, dim), of unit length
    recordings : shape (n,); two tracks of one recording are kept apart as if they were opposites

    Returns
    -------
    np.ndarray, shape (n,), int64
        The rows in their new order; 0 is the first.

    References
    ----------
    .. [1] Croes. A Method for Solving Traveling-Salesman Problems. Operations Research 6, 1958.
    .. [2] Or. Traveling Salesman-Type Combinatorial Problems. Northwestern University, 1976.
    """
    given = np.arange(len(vectors))
    if len(vectors) < 3:
        return given
    lengths = angles(vectors @ vectors.T)  # (n, n)
    lengths[recordings[:, None] == recordings] = np.pi
    return min(given, _improved(lengths, _nearest_next(lengths)), key=lambda order: _sum(lengths, order))


def _sum(lengths: np.ndarray, order: np.ndarray) -> float:
    return float(lengths[order[:-1], order[1:]].sum(dtype=np.float64))


def _nearest_next(lengths: np.ndarray) -> np.ndarray:
    """The order from row 0 in which each is followed by the nearest that is left."""
    order, is_left = [0], np.ones(len(lengths), dtype=bool)
    is_left[0] = False
    while len(order) < len(lengths):
        order.append(int(np.where(is_left, lengths[order[-1]], np.inf).argmin()))
        is_left[order[-1]] = False
    return np.array(order)


def _improved(lengths: np.ndarray, order: np.ndarray) -> np.ndarray:
    """An order that no turn and no move of a few tracks makes shorter."""
    order = order.copy()
    is_better = True
    while is_better:
        is_better = False
        for start in range(1, len(order)):
            is_better |= _turn(lengths, order, start)
            for n_moved in range(1, min(_LONGEST_MOVED, len(order) - start) + 1):
                is_better |= _move(lengths, order, start, n_moved)
    return order


def _turn(lengths: np.ndarray, order: np.ndarray, start: int) -> bool:
    """Turn round the part from `start` to where that gains most, in place; tell whether it gains."""
    before, first = order[start - 1], order[start]
    stops, after = order[start + 1 :], order[start + 2 :]  # the last track of the part, and the one behind it
    gains = lengths[before, first] - lengths[before, stops]
    gains[:-1] += lengths[stops[:-1], after] - lengths[first, after]
    if not len(gains) or gains[best := int(gains.argmax())] < _LEAST_GAIN:
        return False
    order[start : start + best + 2] = order[start : start + best + 2][::-1].copy()
    return True


def _move(lengths: np.ndarray, order: np.ndarray, start: int, n_moved: int) -> bool:
    """Move some tracks from `start` on to where that gains most, either way round, in place; tell whether it gains."""
    part, rest = order[start : start + n_moved], np.delete(order, slice(start, start + n_moved))
    first, last, before = part[0], part[-1], rest[start - 1]
    gain = lengths[before, first]
    if start < len(rest):
        gain = gain + lengths[last, rest[start]] - lengths[before, rest[start]]
    # Between each track of the rest and the next one, or behind the last: as it is, and turned round.
    behind, ahead = lengths[first, rest], lengths[last, rest]
    costs, turned = behind.copy(), ahead.copy()
    between = lengths[rest[:-1], rest[1:]]
    costs[:-1] += ahead[1:] - between
    turned[:-1] += behind[1:] - between
    place, place_turned = int(costs.argmin()), int(turned.argmin())
    if turned[place_turned] < costs[place]:
        part, costs, place = part[::-1], turned, place_turned
    if gain - costs[place] < _LEAST_GAIN:
        return False
    order[:] = np.insert(rest, place + 1, part)
    return True
