"""Mining takes the right places of the right lists, and no track that its user plays."""

import numpy as np
import torch

from earshot.towers.config import TowerConfig
from earshot.towers.models import make_towers
from earshot.towers.training.known_pairs import KnownPairs
from earshot.towers.training.negative_mining import mine_negatives
from tower_world import catalog, listening


def ranked():
    """Dot product towers in which track 0 is best for every user, then 1, 2, ...; 9 was never played."""
    events = listening([(0, 1, 0), (0, 3, 0), (1, 0, 0), (2, 8, 0)], 4, 10)
    is_seen = np.arange(10) < 9
    towers = make_towers(TowerConfig(model="dot", dim=2), catalog(10, seconds=np.nan), is_seen, np.ones(4, bool))
    towers.tables["tracks"].weight[:] = 0
    towers.tables["tracks"].weight[:, -1] = torch.tensor([-1.0, -2, -3, -4, -5, -6, -7, -8, -9, 0])
    known = KnownPairs(events.user_rows, events.track_rows, 4, 10)
    return towers, events, known


def test_places_are_counted_among_tracks_that_were_not_played():
    towers, events, known = ranked()
    hard = mine_negatives(towers, events, known, first=2, last=5, seed=0)
    lists = {user: set(hard.track_rows[hard.place_of[user]].tolist()) for user in (0, 1, 2)}
    # 9 is on top but was never played: it takes a place and is no negative. User 0: 9 0 [2 4 5], the others alike.
    assert lists == {0: {2, 4, 5}, 1: {2, 3, 4}, 2: {1, 2, 3}}
    assert hard.place_of[3] == -1 and repr(hard) == "<HardNegatives of 3 users>"  # without events
    assert hard.has(np.array([3, 0])).tolist() == [False, True]


def test_a_list_may_be_shorter_than_its_places():
    towers, events, known = ranked()
    hard = mine_negatives(towers, events, known, first=7, last=50, seed=0)
    assert sorted(hard.track_rows[hard.place_of[0]].tolist())[-1:] == [8]
    none = mine_negatives(towers, events, known, first=20, last=50, seed=0)
    assert not none.has(np.arange(4)).any()
    assert none.draw(np.array([0, 3]), np.random.default_rng(0)).tolist() == [-1, -1]
