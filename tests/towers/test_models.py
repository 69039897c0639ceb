"""Models by name, and which tracks and users of some events they know."""

import pytest

from earshot.towers.config import TowerConfig
from earshot.towers.models import towers_for
from earshot.towers.networks.factorization import DotProduct, NeuralFactorization
from earshot.towers.networks.two_tower import TwoTower
from tower_world import catalog, listening

EVENTS = listening([(0, 1, 5), (2, 1, 6), (2, 3, 7)], 4, 5)


@pytest.mark.parametrize(
    ("model", "kind"), [("two-tower", TwoTower), ("dot", DotProduct), ("neumf", NeuralFactorization)]
)
def test_towers_know_the_tracks_and_users_with_events(model, kind):
    towers = towers_for(TowerConfig(model=model, dim=4, hidden=8), catalog(5), EVENTS)
    assert type(towers) is kind
    assert towers.is_seen.tolist() == [False, True, False, True, False]
    assert towers.is_known_user.tolist() == [True, False, True, False]


def test_a_spectral_start_replaces_the_random_vectors():
    norms = {}
    for start in ("random", "spectral"):
        towers = towers_for(TowerConfig(dim=4, start=start), catalog(5), EVENTS)
        norms[start] = towers.tables["tracks"].weight[[1, 3]].norm(dim=1).tolist()
    assert norms["spectral"] == pytest.approx([0.2, 0.2])  # deviation 0.1 in four dimensions
    assert norms["random"] != pytest.approx([0.2, 0.2])
