"""Variety of playlists: a share of the tracks sits out by lot, so that another seed has another answer.

The same seed has the same answer for the same library. Without variety nothing is drawn.
"""

from secrets import randbelow

import numpy as np

MAX_VARIETY = 0.95  # beyond, an answer is a random one
_SEEDS = 1_000_000  # so many that one is short enough to be typed again


def new_seed() -> int:
    """Draw a seed that is another one each time."""
    return randbelow(_SEEDS)


def taking_part(rows: np.ndarray, n_least: int, variety: float, seed: int) -> np.ndarray:
    """Leave out about a share `variety` of some rising rows, but keep `n_least` of them; rising.

    >>> rows = taking_part(np.arange(1_000), 10, 0.3, seed=1)
    >>> 650 < len(rows) < 750, len(taking_part(np.arange(1_000), 999, 0.3, seed=1))
    (True, 999)
    """
    if variety == 0:
        return rows
    draws = np.random.default_rng(seed).random(len(rows))
    kept = draws >= variety
    if np.count_nonzero(kept) < n_least:
        kept[np.argsort(-draws, kind="stable")[:n_least]] = True
    return rows[kept]


def chosen_place(variety: float, seed: int, turn: int) -> int:
    """The place, from 0, in a list from which each track in turn sits out with probability `variety`."""
    if variety == 0:
        return 0
    return int(np.random.default_rng([seed, turn]).geometric(1 - variety)) - 1
