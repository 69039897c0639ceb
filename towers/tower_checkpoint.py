"""Checkpoints of trained towers: all that recommendations need, in one file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.data.files.array_files import load_torch_file, save_torch_file
from earshot.data.files.training_state import training_key
from earshot.data.ids import IdMap
from earshot.data.settings import stored
from earshot.towers.config import TowerConfig
from earshot.towers.models import Towers, make_towers

FORMAT = "earshot-towers-1"
OTHER_SOUND = "these towers hear tracks by other vectors of sound than the library's present ones"
_OTHER_WEIGHTS = "these towers hold other weights than their settings promise"


class CheckpointError(ValueError):
    """A file that holds no towers, or none that fit; the message says why."""


@dataclass(frozen=True)
class SavedTowers:
    """Towers, and the ids of their rows."""

    towers: Towers
    tracks: IdMap
    users: IdMap
    artists: IdMap
    albums: IdMap


@dataclass(frozen=True)
class TowerFile:
    """Contents of a checkpoint; weights are read from the disk when they are used."""

    config: TowerConfig
    weights: dict[str, Tensor]
    tracks: IdMap
    users: IdMap
    artists: IdMap
    albums: IdMap

    @property
    def uses_audio(self) -> bool:
        """True if the towers were trained with the sound of tracks, and so depend on an encoder."""
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


def read_towers(path: Path) -> TowerFile:
    """Read a checkpoint. Nothing in it is executed, and no weight is read before it is needed.

    Raises
    ------
    CheckpointError
        The file is damaged, no checkpoint of towers, or of a newer version.
    OSError
        The file cannot be read.
    """
    try:
        content = load_torch_file(path)
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        name = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise CheckpointError(f"{path} is of the format {name!r}; this version reads {FORMAT!r}")
    known = {field.name for field in fields(TowerConfig)}
    try:
        config = TowerConfig(**{name: value for name, value in content["config"].items() if name in known})
        facts = {name: _array(name, value) for name, value in content["facts"].items()}
        maps = {name: IdMap(_ids(name, facts)) for name in ("tracks", "users", "artists", "albums")}
        weights = {name: _weight(name, value) for name, value in content["weights"].items()}
        _check_rows(weights, {name: len(ids) for name, ids in maps.items()})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} holds no towers that this version understands: {str(error)[:300]}") from None
    return TowerFile(config, weights, **maps)


def remap_towers(
    file: TowerFile, catalog: Catalog, *, tracks: IdMap, users: IdMap, artists: IdMap, albums: IdMap
) -> SavedTowers:
    """Trained towers with rows for these tracks, users, artists and albums: a library's present ones, or a few of them.

    A track or user of the training keeps its vector, whatever its row is here. A new track has no vector of its own,
    and is represented by its sound, artist and album; not by sound if the towers were trained without.

    Parameters
    ----------
    catalog : of `tracks`, with rows of `artists` and `albums`

    Raises
    ------
    CheckpointError
        The towers were trained with sound, and the catalog has none, or vectors of another length; or their weights
        do not fit their settings.
    """
    config = file.config if file.uses_audio else replace(file.config, use_audio=False)
    towers = make_towers(config, catalog, np.zeros(len(tracks), dtype=bool), np.zeros(len(users), dtype=bool))
    weights = {name: weight for name, weight in file.weights.items() if not name.startswith("tables")}
    new_ids = {"tracks": tracks, "users": users, "artists": artists, "albums": albums}
    ids_of = {"is_seen": (file.tracks, tracks), "is_known_user": (file.users, users)}
    ids_of |= {f"tables.{name}.weight": (getattr(file, name), new_ids[name]) for name in towers.tables}
    state = towers.state_dict()
    for name, (old, new) in ids_of.items():
        old_rows = torch.from_numpy(old.find(new.all_ids))
        moved, weight = torch.zeros_like(state[name]), file.weights.get(name)
        if weight is None or weight.dtype != moved.dtype or weight.shape[1:] != moved.shape[1:]:
            raise CheckpointError(f"{_OTHER_WEIGHTS}, in {name}")
        moved[old_rows >= 0] = weight[old_rows[old_rows >= 0]].to(moved.device)
        weights[name] = moved
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise CheckpointError(f"these towers hold weights that are no numbers, in {name}")
    _load_weights(towers, weights)
    towers.eval()
    return SavedTowers(towers, tracks, users, artists, albums)


def _load_weights(towers: Towers, weights: Mapping[str, Tensor]) -> None:
    try:
        unexpected = towers.load_state_dict(weights, strict=False).unexpected_keys
    except RuntimeError as error:
        if "audio" not in str(error):
            raise CheckpointError(_OTHER_WEIGHTS) from None
        raise CheckpointError(OTHER_SOUND) from None
    if unexpected:
        lacks_audio = towers.catalog.audio is None and all("audio" in name for name in unexpected)
        raise CheckpointError(
            "these towers hear tracks, and the library has no audio vectors any more" if lacks_audio else _OTHER_WEIGHTS
        )


def tower_training_key(settings: Mapping[str, Any], events: Interactions, catalog: Catalog) -> str:
    """Key of a training with these settings, events and facts about tracks. Hexadecimal."""
    columns = (events.user_rows, events.track_rows, events.times, events.weights, events.kinds, events.splits)
    arrays = [array for array in (*columns, *_arrays(catalog).values()) if array is not None]
    return training_key(settings, (content for array in arrays for content in (repr(array.shape), array)))


def _weight(name: str, value: Any) -> Tensor:
    """A tensor whose numbers are all in the file; one that repeats a few of them could claim any size."""
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
    """Refuse a table without a row for each id."""
    expected = {f"tables.{name}.weight": n for name, n in n_ids.items() if f"tables.{name}.weight" in weights}
    for name, n in (expected | {"is_seen": n_ids["tracks"], "is_known_user": n_ids["users"]}).items():
        if len(weights[name]) != n or weights[name].ndim != (2 if name in expected else 1):
            raise ValueError(f"{name} has the shape {tuple(weights[name].shape)} for {n:,} ids")


def _arrays(catalog: Catalog) -> dict[str, np.ndarray]:
    names = ("artist_rows", "album_rows", "seconds") + (() if catalog.audio is None else ("audio",))
    return {name: getattr(catalog, name) for name in names}
