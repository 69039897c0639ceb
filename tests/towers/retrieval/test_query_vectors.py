"""Vectors of users that training knows, and of users and histories that it never saw."""

import numpy as np
import pytest
import torch

from earshot.data.ids import IdMap
from earshot.data.recommend_request import RecommendRequest
from earshot.towers.config import TowerConfig
from earshot.towers.models import towers_for
from earshot.towers.retrieval.query_vectors import (
    current_query_vectors,
    item_vectors,
    request_query_vector,
    uses_history,
)
from earshot.towers.tower_checkpoint import SavedTowers
from tower_world import catalog, listening

EVENTS = listening([(0, 1, 1), (0, 4, 2), (1, 2, 1), (1, 3, 9)], 3, 6)


def towers(**settings):
    made = towers_for(TowerConfig(**{"dim": 4, "hidden": 6, "history": 4, **settings}), catalog(6), EVENTS)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in made.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return made


def test_items_by_row_are_rows_of_all_items():
    made = towers()
    torch.testing.assert_close(item_vectors(made, np.array([4, 1])), item_vectors(made)[[4, 1]])


@pytest.mark.parametrize("user", [0, 1])
def test_a_request_with_a_known_history_is_that_user(user):
    """Towers without a vector for each user know them by their history alone."""
    made = towers(use_user=0)
    saved = SavedTowers(made, IdMap(np.arange(6)), IdMap([]), IdMap([]), IdMap([]))
    played = EVENTS.track_rows[EVENTS.user_rows == user]
    stranger = request_query_vector(saved, RecommendRequest.for_new_user(played, ordered=True))
    known = current_query_vectors(made, EVENTS, np.array([user]))
    torch.testing.assert_close(stranger, known)


def test_histories_count_where_the_model_reads_them():
    assert uses_history(towers(), user_row=0) and not uses_history(towers(history=0, use_seed=0, use_user=1), 0)
    assert uses_history(towers(history=0), user_row=0) and not uses_history(towers(history=0), 0, ordered=False)
    factorization = towers(model="dot", hidden=0)
    assert uses_history(factorization, user_row=-1) and not uses_history(factorization, user_row=0)
