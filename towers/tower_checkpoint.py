"""Trained towers in a file that carries all it takes to serve them, and the state of a training that goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.data.files.torch_files import load_torch_file, save_torch_file
from earshot.data.files.training_state import training_key
from earshot.data.ids import IdMap
from earshot.data.settings import stored
from earshot.towers.config import TowerConfig
from earshot.towers.models import Towers, make_towers

FORMAT = "earshot-towers-1"


class CheckpointError(ValueError):
    """A file that holds no towers; the message says why."""


@dataclass(frozen=True)
class SavedTowers:
    """Towers, and whose ids their rows are."""

    towers: Towers
    tracks: IdMap
    users: IdMap
    artists: IdMap
    albums: IdMap


@dataclass(frozen=True)
class TowerFile:
    """What a file of towers holds; its arrays lie on the disk until somebody looks at them."""

    config: TowerConfig
    weights: dict[str, Tensor]
    facts: dict[str, Any]  # arrays that tell of the tracks, as `Catalog` has them
    tracks: IdMap
    users: IdMap
    artists: IdMap
    albums: IdMap

    @property
    def uses_audio(self) -> bool:
        """Whether the towers learned from the sound of tracks: only such depend on an encoder."""
        return "audio.weight" in self.weights


def save_towers(saved: SavedTowers, path: Path) -> None:
    """Write towers, whole or not at all."""
    catalog = saved.towers.catalog
    weights = {name: weight.cpu() for name, weight in saved.towers.state_dict().items() if "squares" not in name}
    maps = {name: getattr(saved, name) for name in ("tracks", "users", "artists", "albums")}
    facts = {f"{name}_ids": torch.from_numpy(ids.all_ids) for name, ids in maps.items()}
    facts |= {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in _arrays(catalog).items()}
    content = {"format": FORMAT, "config": stored(saved.towers.config), "weights": weights, "facts": facts}
    save_torch_file(path, content)


def read_towers(path: Path, device: str = "cpu") -> TowerFile:
    """What a file of towers holds. Nothing in it is executed, and on a CPU nothing is read before it is needed.

    Raises
    ------
    CheckpointError
        It is damaged, no towers, or of a newer version.
    OSError
        It cannot be read.
    """
    try:
        kept = load_torch_file(path)
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {error}") from None
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        found = kept.get("format") if isinstance(kept, dict) else type(kept).__name__
        raise CheckpointError(f"{path} is of the format {found!r}; this version reads {FORMAT!r}")
    known = {field.name for field in fields(TowerConfig)}
    try:
        config = TowerConfig(**{name: value for name, value in kept["config"].items() if name in known})
        facts = {name: _array(name, value) for name, value in kept["facts"].items()}
        maps = {name: IdMap(_ids(name, facts)) for name in ("tracks", "users", "artists", "albums")}
        weights = {name: _weight(name, value).to(device) for name, value in kept["weights"].items()}
        _check_rows(weights, {name: len(ids) for name, ids in maps.items()})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} holds no towers that this version understands: {str(error)[:300]}") from None
    return TowerFile(config, weights, facts, **maps)


def load_towers(path: Path, device: str = "cpu") -> SavedTowers:
    """Towers as they were saved; errors as of `read_towers`."""
    kept = read_towers(path, device)
    try:
        catalog = Catalog(**kept.facts, n_artists=len(kept.artists), n_albums=len(kept.albums))
        is_seen, is_known_user = (kept.weights[name].cpu().numpy() for name in ("is_seen", "is_known_user"))
        towers = make_towers(kept.config, catalog, is_seen, is_known_user)
        _check_finite(kept.weights)
        towers.load_state_dict(kept.weights, strict=False)  # without the state of the optimiser
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} holds other weights than its settings promise: {str(error)[:300]}") from None
    towers.to(device).eval()
    return SavedTowers(towers, kept.tracks, kept.users, kept.artists, kept.albums)


def remap_towers(
    kept: TowerFile, catalog: Catalog, *, tracks: IdMap, users: IdMap, artists: IdMap, albums: IdMap
) -> SavedTowers:
    """Trained towers for other tracks, listeners, artists and albums: those of now, or only those that are asked about.

    What training knew keeps its vector, whatever its row is here. A new track has none of its own, and is known by its
    sound, artist and album; by no sound where training heard none, though the library may have some by now.

    Parameters
    ----------
    catalog : what is known of `tracks`, with rows of `artists` and `albums`

    Raises
    ------
    CheckpointError
        The towers hear tracks, and by vectors of another length than those of now, or there are none.
    """
    nobody, nothing = np.zeros(len(users), dtype=bool), np.zeros(len(tracks), dtype=bool)
    config = kept.config if kept.uses_audio else replace(kept.config, use_audio=False)
    towers = make_towers(config, catalog, nothing, nobody)
    weights = {name: weight for name, weight in kept.weights.items() if not name.startswith("tables")}
    parts = {"is_seen": (kept.tracks, tracks), "is_known_user": (kept.users, users)}
    now = {"tracks": tracks, "users": users, "artists": artists, "albums": albums}
    parts |= {f"tables.{name}.weight": (getattr(kept, name), now[name]) for name in towers.tables}
    state = towers.state_dict()
    for name, (was, here) in parts.items():
        old_rows = torch.from_numpy(was.find(here.all_ids))
        moved, weight = torch.zeros_like(state[name]), kept.weights.get(name)
        if weight is None or weight.dtype != moved.dtype or weight.shape[1:] != moved.shape[1:]:
            raise CheckpointError(f"these towers hold other weights than their settings promise, in {name}")
        moved[old_rows >= 0] = weight[old_rows[old_rows >= 0]].to(moved.device)
        weights[name] = moved
    _check_finite(weights)
    try:
        missing = towers.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        what = "hear tracks by other vectors of sound than the library's present ones"
        if "audio" not in str(error):
            what = "hold other weights than their settings promise"
        raise CheckpointError(f"these towers {what}") from None
    if missing.unexpected_keys:
        is_deaf = catalog.audio is None and all("audio" in name for name in missing.unexpected_keys)
        what = "hear tracks, and the library has no audio vectors any more"
        raise CheckpointError(f"these towers {what if is_deaf else 'hold other weights than their settings promise'}")
    towers.eval()
    return SavedTowers(towers, tracks, users, artists, albums)


def tower_training_key(settings: Mapping[str, Any], events: Interactions, catalog: Catalog) -> str:
    """Key of a training with these settings, events and facts about tracks. Hexadecimal."""
    columns = (events.user_rows, events.track_rows, events.times, events.weights, events.kinds, events.splits)
    arrays = [array for array in (*columns, *_arrays(catalog).values()) if array is not None]
    return training_key(settings, (content for array in arrays for content in (repr(array.shape), array)))


def _weight(name: str, value: Any) -> Tensor:
    """A tensor whose numbers are all in the file: one that repeats a few of them has any size that it likes."""
    is_saved = isinstance(name, str) and isinstance(value, Tensor)
    if not is_saved or value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise ValueError(f"{str(name)[:60]} is no tensor that was saved")
    return value.detach()  # a parameter is a tensor too


def _array(name: str, value: Any) -> np.ndarray:
    return _weight(name, value).numpy(force=True)  # also where a bit says that it is negated or conjugated


def _ids(name: str, facts: dict[str, np.ndarray]) -> np.ndarray:
    ids = facts.pop(f"{name}_ids")
    if ids.ndim != 1 or ids.dtype != np.int64:
        raise ValueError(f"{name}_ids are no ids")
    return ids


def _check_rows(weights: dict[str, Tensor], n_ids: dict[str, int]) -> None:
    """Each table has a row for each id."""
    expected = {f"tables.{name}.weight": n for name, n in n_ids.items() if f"tables.{name}.weight" in weights}
    for name, n in (expected | {"is_seen": n_ids["tracks"], "is_known_user": n_ids["users"]}).items():
        if len(weights[name]) != n or weights[name].ndim != (2 if name in expected else 1):
            raise ValueError(f"{name} has the shape {tuple(weights[name].shape)} for {n:,} ids")


def _check_finite(weights: Mapping[str, Tensor]) -> None:
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise CheckpointError(f"these towers hold weights that are no numbers, in {name}")


def _arrays(catalog: Catalog) -> dict[str, np.ndarray]:
    names = ("artist_rows", "album_rows", "seconds") + (() if catalog.audio is None else ("audio",))
    return {name: getattr(catalog, name) for name in names}
