"""Recommending to one person, known or not, beside recommending to many at once."""

import numpy as np
import pytest
import torch
from tower_world import catalog, listening

from towers.config import TowerConfig
from towers.designs import towers_for
from towers.retrieval import recommend, recommend_one

EVENTS = listening([(0, 1, 1), (0, 4, 2), (0, 1, 3), (1, 2, 1), (1, 3, 9)], 3, 6)


def towers(**settings):
    made = towers_for(
        TowerConfig(**{"dim": 4, "hidden": 6, "history": 4, "use_user": 1, **settings}), catalog(6), EVENTS
    )
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in made.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return made


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
@pytest.mark.parametrize("user", [0, 1])
def test_a_known_listener_gets_what_all_would_get(model, user):
    made = towers(model=model)
    played = EVENTS.track_rows[EVENTS.user_rows == user]
    ((rows, scores),) = recommend(made, EVENTS, np.array([user]), 6)
    found, own_scores = recommend_one(made, user, played, novel=False, ordered=True)
    assert found.tolist() == rows[0].tolist()
    np.testing.assert_allclose(own_scores, scores[0], rtol=1e-5)


def test_what_was_played_is_left_out_on_wish():
    found, scores = recommend_one(towers(), 0, np.array([1, 4, 1]), novel=True, ordered=True)
    assert set(found.tolist()) == {0, 2, 3, 5} and len(scores) == 4
    assert np.isfinite(scores).all()
    found, _ = recommend_one(towers(), -1, np.arange(6), novel=True, ordered=False)
    assert found.tolist() == []  # somebody who has heard everything


def test_a_listener_without_a_vector_is_a_stranger():
    made = towers()
    unknown, stranger = (recommend_one(made, user, np.array([1]), novel=False, ordered=True) for user in (2, -1))
    np.testing.assert_array_equal(unknown[0], stranger[0])  # listener 2 played nothing in training
    known = recommend_one(made, 0, np.array([1]), novel=False, ordered=True)
    assert not np.allclose(known[1], stranger[1])


def test_only_where_there_is_an_order_there_is_a_latest():
    made = towers(encoder="mean")
    played = np.array([1, 4, 2])
    ordered, other = (
        recommend_one(made, -1, tracks, novel=False, ordered=True)[1] for tracks in (played, played[::-1])
    )
    assert not np.allclose(ordered, other)  # the seed is another
    liked, again = (recommend_one(made, -1, tracks, novel=False, ordered=False)[1] for tracks in (played, played[::-1]))
    np.testing.assert_allclose(liked, again, rtol=1e-5)


def test_somebody_of_whom_nothing_is_known_gets_something():
    found, scores = recommend_one(towers(), -1, np.array([], dtype=np.int64), novel=True, ordered=False)
    assert sorted(found.tolist()) == list(range(6)) and np.isfinite(scores).all()
