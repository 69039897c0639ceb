"""Exact search in blocks finds what it finds at once; unit vectors by hand."""

import numpy as np
import pytest
import torch

from earshot.data.catalog import Catalog
from earshot.towers.config import TowerConfig
from earshot.towers.models import make_towers
from earshot.towers.retrieval.best_tracks import recommend, unit_vectors
from earshot.towers.retrieval.query_vectors import item_vectors
from tower_world import listening


def test_a_bias_is_no_direction_of_taste():
    items = torch.tensor([[3.0, 4.0, 9.0]])
    np.testing.assert_allclose(unit_vectors(items, with_bias=False), [[0.6, 0.8]])
    np.testing.assert_allclose(unit_vectors(torch.tensor([[3.0, 4.0]])), [[0.6, 0.8]])


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
def test_a_search_in_blocks_is_a_search(model, monkeypatch, rng):
    towers = make_towers(
        TowerConfig(model=model, dim=8, hidden=8, history=4, use_user=True),
        Catalog.unknown(40),
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
    for name in ("_SCORES_AT_ONCE", "_NEUMF_SCORES_AT_ONCE"):
        monkeypatch.setattr(f"earshot.towers.retrieval.best_tracks.{name}", 80)
    blocks = list(recommend(towers, events, np.arange(9), 38, excluded=excluded, n_at_once=4))
    assert len(whole) == 1 and len(blocks) == 3
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), whole[0][0])
    np.testing.assert_allclose(np.concatenate([scores for _, scores in blocks]), whole[0][1], rtol=1e-4)
    rows = whole[0][0]
    assert all(not set(row) & set(tracks) for row, tracks in zip(rows.tolist(), excluded, strict=True))
    assert (rows[:, 35:] == -1).all() and (rows[:, :35] >= 0).all()  # 40 tracks, 5 of them excluded
    np.testing.assert_allclose(np.linalg.norm(unit_vectors(item_vectors(towers)), axis=1), 1, rtol=1e-5)
