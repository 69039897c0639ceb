"""The three models by name, untrained."""

import numpy as np

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.towers.config import TowerConfig
from earshot.towers.networks.factorization import DotProduct, NeuralFactorization
from earshot.towers.networks.spectral_init import spectral_vectors
from earshot.towers.networks.two_tower import TwoTower

Towers = TwoTower | DotProduct | NeuralFactorization
_MODELS: dict[str, type[Towers]] = {"two-tower": TwoTower, "dot": DotProduct, "neumf": NeuralFactorization}


def make_towers(config: TowerConfig, catalog: Catalog, is_seen: np.ndarray, is_known_user: np.ndarray) -> Towers:
    """Untrained towers.

    Parameters
    ----------
    is_seen : (n_tracks,) bool
        The tracks with events in training; only they get a vector of their own.
    is_known_user : (n_users,) bool
        The users with events in training, likewise.
    """
    return _MODELS[config.model](config, catalog, is_seen, is_known_user)


def towers_for(config: TowerConfig, catalog: Catalog, events: Interactions) -> Towers:
    """Untrained towers for the tracks and users of some events."""
    is_seen = np.bincount(events.track_rows, minlength=len(catalog)) > 0
    is_known_user = np.bincount(events.user_rows, minlength=events.n_users) > 0
    towers = make_towers(config, catalog, is_seen, is_known_user)
    if isinstance(towers, TwoTower) and config.start == "spectral":
        towers.start_from(spectral_vectors(events, config.dim, config.seed))
    return towers
