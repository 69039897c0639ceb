"""Trained towers in a file that carries all it takes to serve them, and the state of a training that goes on."""

import hashlib
import json
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data.catalog import Catalog
from data.ids import IdMap
from data.listening import Listening, blocks
from towers.config import TowerConfig
from towers.designs import Towers, make_towers

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


def save_towers(saved: SavedTowers, path: Path) -> None:
    """Write towers, whole or not at all."""
    catalog = saved.towers.catalog
    weights = {name: weight.cpu() for name, weight in saved.towers.state_dict().items() if "squares" not in name}
    maps = {name: getattr(saved, name) for name in ("tracks", "users", "artists", "albums")}
    facts = {f"{name}_ids": torch.from_numpy(ids.ids(np.arange(len(ids)))) for name, ids in maps.items()}
    facts |= {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in _arrays(catalog).items()}
    _write(path, {"format": FORMAT, "config": asdict(saved.towers.config), "weights": weights, "facts": facts})


def load_towers(path: Path, device: str = "cpu") -> SavedTowers:
    """Read towers. Nothing in the file is executed.

    Raises
    ------
    CheckpointError
        It is damaged, no towers, or of a newer version.
    OSError
        It cannot be read.
    """
    try:
        kept = torch.load(path, weights_only=True, map_location=device)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {str(error).splitlines()[0]}") from None
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        found = kept.get("format") if isinstance(kept, dict) else type(kept).__name__
        raise CheckpointError(f"{path} is of the format {found!r}; this version reads {FORMAT!r}")
    known = {field.name for field in fields(TowerConfig)}
    config = TowerConfig(**{name: value for name, value in kept["config"].items() if name in known})
    facts = {name: value.cpu().numpy() for name, value in kept["facts"].items()}
    maps = {name: IdMap(facts.pop(f"{name}_ids")) for name in ("tracks", "users", "artists", "albums")}
    catalog = Catalog(**{"audio": None, **facts}, n_artists=len(maps["artists"]), n_albums=len(maps["albums"]))
    weights = kept["weights"]
    towers = make_towers(config, catalog, weights["is_seen"].cpu().numpy(), weights["is_known_user"].cpu().numpy())
    towers.load_state_dict(weights, strict=False)  # without the state of the optimiser
    towers.to(device).eval()
    return SavedTowers(towers, **maps)


def fitted(saved: SavedTowers, current: SavedTowers) -> SavedTowers:
    """Trained towers for the tracks, listeners, artists and albums that are there now; `current` are untrained ones.

    What training knew keeps its vector, whatever its row is now. A new track has none of its own, and is known by its
    sound, artist and album.

    Raises
    ------
    CheckpointError
        The towers hear tracks, and by vectors of another length than those of now, or there are none.
    """
    old, new = saved.towers, current.towers
    weights = {name: weight for name, weight in old.state_dict().items() if not name.startswith("tables")}
    parts = {"is_seen": "tracks", "is_known_user": "users"}
    parts |= {f"tables.{name}.weight": name for name in new.tables}
    state = new.state_dict()
    for name, of in parts.items():
        was, now = (getattr(one, of) for one in (saved, current))
        _, old_rows, new_rows = np.intersect1d(
            was.ids(np.arange(len(was))), now.ids(np.arange(len(now))), assume_unique=True, return_indices=True
        )
        moved = torch.zeros_like(state[name])
        moved[torch.from_numpy(new_rows)] = old.state_dict()[name][torch.from_numpy(old_rows)].to(moved.device)
        weights[name] = moved
    try:
        missing = new.load_state_dict(weights, strict=False)
    except RuntimeError:
        raise CheckpointError("these towers hear tracks by vectors of another encoder than the library's") from None
    if missing.unexpected_keys:
        raise CheckpointError("these towers hear tracks, and the library has no audio vectors any more")
    new.eval()
    return current


def training_key(settings: Mapping[str, Any], events: Listening) -> str:
    """What a state may be gone on with: the same settings and events. Hexadecimal."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in (events.user_rows, events.track_rows, events.times, events.weights):
        for start, stop in blocks(len(events)):
            digest.update(np.ascontiguousarray(array[start:stop]).data)
    return digest.hexdigest()


def write_training(path: Path, key: str, state: dict[str, Any]) -> None:
    """Keep the state of a training, whole or not at all."""
    _write(path, {"key": key, "state": state})


def read_training(path: Path, key: str) -> dict[str, Any] | None:
    """The state that was kept for this very training, or None: there is none, or it is of another or damaged."""
    try:
        kept = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError):
        return None
    return kept["state"] if isinstance(kept, dict) and kept.get("key") == key else None


def _arrays(catalog: Catalog) -> dict[str, np.ndarray]:
    names = ("artist_rows", "album_rows", "seconds") + (() if catalog.audio is None else ("audio",))
    return {name: getattr(catalog, name) for name in names}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    try:
        torch.save(content, unfinished)
        unfinished.replace(path)
    except BaseException:  # a full disk, Ctrl-C
        unfinished.unlink(missing_ok=True)
        raise
