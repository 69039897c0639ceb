"""Item neighbours beside dense algebra, and as anybody would expect them."""

import numpy as np
import pytest

from earshot.evaluation.baselines import item_knn
from earshot.evaluation.baselines.item_knn import FOREVER, ItemNeighbours
from earshot.evaluation.full_ranking import ranked
from earshot.evaluation.queries import Histories
from tower_world import checkerboard, listening

DAY = 86_400


def histories(known):
    starts = known.user_offsets()
    return Histories(known, starts[:-1], starts[1:])


def crowd(rng):
    events = [(u, int(t), i * DAY) for u in range(30) for i, t in enumerate(rng.choice(20, 2 + u % 7, replace=False))]
    return listening(events, 30, 20)


@pytest.mark.parametrize(
    ("breadth", "popularity", "half_life_days"), [(0, 0.5, FOREVER), (1, 0.3, FOREVER), (0.5, 0.5, 2.0)]
)
def test_they_are_dense_algebra(rng, breadth, popularity, half_life_days):
    known = crowd(rng)
    plays, fresh = np.zeros((30, 20)), np.zeros((30, 20))
    latest = np.array([known.times[known.user_rows == user].max() for user in range(30)])
    plays[known.user_rows, known.track_rows] = 1
    fresh[known.user_rows, known.track_rows] = 0.5 ** ((latest[known.user_rows] - known.times) / DAY / half_life_days)
    n_listeners = plays.sum(0).clip(1)
    paths = (plays.T / plays.sum(1) ** breadth) @ plays / np.outer(n_listeners**0.5, n_listeners**popularity)
    found = np.empty((14, 20), dtype=np.float32)
    ask = ItemNeighbours(known).scores
    ask(histories(known), breadth=breadth, popularity=popularity, half_life_days=half_life_days)(3, 17, found)
    np.testing.assert_allclose(np.where(np.isneginf(found), 0, found), (fresh @ paths)[3:17], rtol=1e-5, atol=1e-6)


def test_no_number_of_threads_and_no_block_changes_a_bit(rng, monkeypatch):
    known, found = crowd(rng), []
    for n_threads, tile, at_once in (("1", 20, 256), ("3", 3, 256), ("2", 7, 4)):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        monkeypatch.setattr(item_knn, "TILE", tile)
        monkeypatch.setattr(item_knn, "_MAX_QUERIES", at_once)
        found.append(np.empty((30, 20), dtype=np.float32))
        ItemNeighbours(known).scores(histories(known), half_life_days=2.0)(0, 30, found[-1])
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_a_listener_of_everything_says_less_than_one_who_chooses():
    """Track 0 is played by somebody who plays all, and by somebody who else plays only track 1."""
    known = listening([(0, track, 0) for track in range(6)] + [(1, 0, 0), (1, 1, 0), (2, 2, 0), (3, 2, 0)], 5, 6)
    asked = Histories(listening([(4, 0, 5)], 5, 6), np.array([0]), np.array([1]))
    found = np.empty((1, 6), dtype=np.float32)
    ready = ItemNeighbours(known)
    ready.scores(asked, breadth=0, popularity=0)(0, 1, found)
    plainly = found[0, 1] / found[0, 3]
    ready.scores(asked, breadth=1, popularity=0)(0, 1, found)
    assert plainly == pytest.approx(2) and found[0, 1] / found[0, 3] == pytest.approx(4)  # (1/6 + 1/2) / (1/6)
    assert str(ready) == "<ItemNeighbours of 6 tracks by 5 users>"


def test_a_past_that_nobody_learned_from():
    """Two tracks with the same listeners are each other's neighbours, whoever asks."""
    known = listening([(user, track, 0) for user in range(3) for track in (1, 4)] + [(3, 2, 0)], 5, 6)
    asked = Histories(listening([(4, 1, 5)], 5, 6), np.array([0]), np.array([1]))
    lists, _ = ranked(ItemNeighbours(known).scores(asked), 1, 6, 3, excluded=[np.array([1])])
    assert lists.tolist() == [[4, -1, -1]]


def test_they_find_the_missing_square():
    known = checkerboard(12)
    excluded = [known.track_rows[known.user_rows == user] for user in range(12)]
    lists, _ = ranked(ItemNeighbours(known).scores(histories(known)), 12, 12, 2, excluded=excluded)
    assert lists.tolist() == [[user, -1] for user in range(12)]
