"""The training runs of towers: which one recommends, its settings, checkpoint and vectors."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earshot.index.database_checks import read_json
from earshot.index.library import Library, LibraryError
from earshot.index.vectors.spaces import AUDIO, ONE_PER_RECORDING, TOWER, publish, require_space


@dataclass(frozen=True)
class TowerRun:
    """A training run of towers, and its settings as far as the library records them."""

    id: int
    tower: dict[str, Any]  # fields of `TowerConfig`; empty where the library does not say what the towers are made of
    split: dict[str, Any]  # arguments of `split_listens`, `protocol` among them; empty where they are not recorded
    sound: str | None  # the space of vectors that the towers know the sound of tracks by
    encoder: str | None  # the fingerprint of these vectors
    listens_key: str | None  # of the listens and links of the training, as `TowerData.listens_key`
    popularity: float  # the weight of popularity in scores that suited validation best

    @property
    def model(self) -> str:
        return str(self.tower["model"])

    @property
    def uses_audio(self) -> bool:
        return bool(self.tower["use_audio"]) and self.encoder is not None

    def require_settings(self) -> "TowerRun":
        """Refuse a run that does not say what its towers are made of, with a LibraryError."""
        if not self.tower:
            raise LibraryError(f"Run {self.id} does not say what its towers are made of.\n\nRun `cli train-tower`.")
        return self


def tower_run(library: Library) -> TowerRun:
    """Read the run whose towers recommend.

    Raises
    ------
    LibraryError
        There is none, or its settings are no JSON.
    """
    space = require_space(library, TOWER)
    row = library.db.execute("SELECT config, metrics FROM runs WHERE id = ?", [space.run_id]).fetchone()
    config, metrics = (read_json(text) for text in row)
    sound, popularity = config.get("sound", AUDIO), metrics.get("popularity")
    return TowerRun(
        space.run_id,
        tower=_settings(config, "tower", {"model", "use_audio"}) if "ear" in config else {},
        split=_settings(config, "split", {"protocol", "share", "gap_s", "seed"}),
        sound=sound if isinstance(sound, str | None) else AUDIO,
        encoder=config.get("ear"),
        listens_key=config.get("listens"),
        popularity=popularity if isinstance(popularity, int | float) else 0.0,
    )


def _settings(config: dict[str, Any], name: str, needed: set[str]) -> dict[str, Any]:
    """Read the settings of one name; empty if one of those that are needed is missing."""
    settings = config.get(name)
    return settings if isinstance(settings, dict) and needed <= settings.keys() else {}


def tower_checkpoint(library: Library, run_id: int) -> Path:
    """The checkpoint that a training wrote, whether or not the file still exists.

    It was written before the vectors of its run; the run itself ends only when they are indexed.
    """
    return library.file(library.value("SELECT checkpoint FROM runs WHERE id = ?", [run_id]), "checkpoints")


def store_tower_vectors(
    library: Library,
    run_id: int,
    track_ids: np.ndarray,
    vectors: np.ndarray,
    metrics: dict[str, Any] | None = None,
) -> int:
    """Put a run's vectors of tracks in place of an earlier run's, all or nothing; return their number.

    The metrics of the run are stored with them: `tower_run` reads the popularity weight there, and the run ends later.
    """
    with library.transaction():
        library.db.execute("UPDATE runs SET metrics = ? WHERE id = ?", [json.dumps(metrics or {}), run_id])
        return publish(library, TOWER, run_id, [(track_ids, vectors)])


def embeddable_tracks(library: Library, *, by_sound: bool) -> np.ndarray:
    """The ids, (n,), of tracks with audio that came after the training and that its towers can embed.

    Towers that do not read audio vectors (`by_sound`) can embed a track that has an artist or an album.
    """
    named = (
        "SELECT recording_id FROM recordings JOIN tracks ON id = track_id WHERE coalesce(artist_id, album_id) NOT NULL"
    )
    query = (
        f"SELECT id FROM tracks WHERE status = 'embedded' AND (? OR id IN ({named}))"
        " AND id NOT IN (SELECT track_id FROM current_vectors WHERE space = ?)"
        f" AND {ONE_PER_RECORDING.format('id')} ORDER BY id"
    )
    return library.ids(query, [by_sound, TOWER])
