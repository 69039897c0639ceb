"""TODO."""

from pathlib import Path
from typing import Any

from earshot.index.library import Library, LibraryError
from earshot.index.trust import read_json
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space

TOWER_STAGE = "train-tower"  # as `runs` calls it


def tower_run(library: Library) -> tuple[int, dict[str, Any]]:
    """The run whose towers recommend, and its settings; among them `popularity`, the dial that suited it best.

    Raises
    ------
    LibraryError
        There is none.
    """
    space = current_space(library, TOWER)
    if space is None:
        raise LibraryError(
            "This library has no trained towers yet.\n\nRun `cli train-tower` first (it needs `cli import-listens`)."
        )
    config, metrics = library.db.execute("SELECT config, metrics FROM runs WHERE id = ?", [space.run_id]).fetchone()
    popularity_weight = read_json(metrics).get("popularity")
    told = (
        {"sound": AUDIO}
        | read_json(config)
        | {"popularity": popularity_weight if isinstance(popularity_weight, int | float) else 0.0}
    )
    return space.run_id, told


def tower_checkpoint(library: Library, run_id: int) -> Path:
    """The file that a training wrote, whether or not it is still there.

    It was written before the vectors of its run; the run itself ends only when they are indexed.
    """
    (name,) = library.db.execute("SELECT checkpoint FROM runs WHERE id = ?", [run_id]).fetchone()
    return library.file(name, "checkpoints")
