"""Exact search in blocks finds what it finds at once; unit vectors by hand; caps in many lists as by a plain loop."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earshot.towers.config import TowerConfig
from earshot.towers.models import make_towers
from earshot.towers.retrieval.best_tracks import first_selected, recommend, unit_vectors, within_caps
from earshot.towers.retrieval.query_vectors import item_vectors
from tower_world import catalog, listening


def test_a_bias_is_no_direction_of_taste():
    items = torch.tensor([[3.0, 4.0, 9.0]])
    np.testing.assert_allclose(unit_vectors(items, with_bias=False), [[0.6, 0.8]])
    np.testing.assert_allclose(unit_vectors(torch.tensor([[3.0, 4.0]])), [[0.6, 0.8]])


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
def test_a_search_in_blocks_is_a_search(model, monkeypatch, rng):
    towers = make_towers(
        TowerConfig(model=model, dim=8, hidden=8, history=4, use_user=True),
        catalog(40, seconds=np.nan),
        np.ones(40, bool),
        np.ones(9, bool),
    )
    events = listening(
        [(user, int(track), 0) for user in range(9) for track in rng.choice(40, 5, replace=False)], 9, 40
    )
    starts = events.user_offsets()
    excluded = [events.track_rows[starts[user] : starts[user + 1]] for user in range(9)]
    whole = list(recommend(towers, events, np.arange(9), 38, excluded=excluded))
    monkeypatch.setattr("earshot.towers.retrieval.query_vectors._TRACKS_AT_ONCE", 7)
    monkeypatch.setattr("earshot.towers.retrieval.best_tracks._USERS_AT_ONCE", 4)
    for name in ("_SCORES_AT_ONCE", "_NEUMF_SCORES_AT_ONCE"):
        monkeypatch.setattr(f"earshot.towers.retrieval.best_tracks.{name}", 80)
    blocks = list(recommend(towers, events, np.arange(9), 38, excluded=excluded))
    assert len(whole) == 1 and len(blocks) == 3
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), whole[0][0])
    np.testing.assert_allclose(np.concatenate([scores for _, scores in blocks]), whole[0][1], rtol=1e-4)
    rows = whole[0][0]
    assert all(not set(row) & set(tracks) for row, tracks in zip(rows.tolist(), excluded, strict=True))
    assert (rows[:, 35:] == -1).all() and (rows[:, :35] >= 0).all()  # 40 tracks, 5 of them excluded
    np.testing.assert_allclose(np.linalg.norm(unit_vectors(item_vectors(towers)), axis=1), 1, rtol=1e-5)


def test_caps_by_hand():
    groups = np.array([[7, 7, 3, 7, -1, -1, -1], [1, 2, 1, 2, 2, 1, 1]])
    expected = [[True, True, True, False, True, True, True], [True, True, True, True, False, False, False]]
    assert within_caps(groups, 2).tolist() == expected


@given(arrays(np.int64, (3, 9), elements=st.integers(-1, 3)), st.integers(1, 4))
def test_caps_are_those_of_a_plain_loop(groups, most):
    expected = np.zeros(groups.shape, dtype=bool)
    for number, line in enumerate(groups.tolist()):
        counts = Counter()
        for place, group in enumerate(line):
            counts[group] += 1
            expected[number, place] = group < 0 or counts[group] <= most
    assert within_caps(groups, most).tolist() == expected.tolist()


def test_the_first_that_are_kept():
    rows, scores = np.array([[5, 6, 7], [8, 9, 4]]), np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    kept = np.array([[True, False, True], [False, False, True]])
    found, values = first_selected(rows, scores, kept, 2)
    assert found.tolist() == [[5, 7], [4, -1]]
    assert values.tolist() == [[3.0, 1.0], [1.0, -np.inf]]
