"""Vectors that begin at what a linear model would say."""

import numpy as np
import torch

from earshot.towers.config import TowerConfig
from earshot.towers.models import towers_for
from earshot.towers.networks.spectral_init import spectral_vectors
from tower_world import catalog, checkerboard, listening


def test_singular_vectors_by_numpy(rng):
    pairs = {(int(user), int(track)) for user, track in rng.integers(0, (12, 9), size=(60, 2))}
    events = listening([(user, track, 0) for user, track in pairs] * 2, 12, 10)  # a track played twice counts once
    plays = np.zeros((12, 10))
    plays[tuple(np.array(sorted(pairs)).T)] = 1
    degrees = [np.maximum(plays.sum(axis=axis), 1) for axis in (1, 0)]
    _, strengths, directions = np.linalg.svd(plays / np.sqrt(degrees[0][:, None] * degrees[1]))
    expected = directions[:4].T * np.sqrt(strengths[:4])
    expected /= np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-9)
    found = spectral_vectors(events, 4, 0).numpy()
    # Each direction is one or its opposite; cosines between tracks know nothing of that.
    np.testing.assert_allclose((found @ found.T)[:9, :9], (expected @ expected.T)[:9, :9], atol=1e-4)
    assert not found[9].any()  # it has no plays


def test_tracks_of_like_listeners_begin_alike():
    events = checkerboard(12)
    towers = towers_for(TowerConfig(dim=8, start="spectral"), catalog(12), events)
    own = torch.nn.functional.normalize(towers.tables["tracks"].weight, dim=1)
    is_even = np.arange(12) % 2 == 0
    cosines = (own @ own.T).numpy()
    assert cosines[is_even][:, is_even].mean() > 0.5 > 0.1 > abs(cosines[is_even][:, ~is_even]).mean()


def test_of_a_track_that_is_known_otherwise_the_own_vector_begins_at_nothing():
    config = TowerConfig(dim=8, start="spectral")
    own = towers_for(config, catalog(12, artists=[0, 1] * 5 + [-1, -1]), checkerboard(12)).tables["tracks"].weight
    assert not own[:10].any() and own[10:].any(dim=1).all()


def test_more_dimensions_than_there_are_listeners_or_tracks():
    assert spectral_vectors(checkerboard(4), 32, 0).shape == (4, 32)
