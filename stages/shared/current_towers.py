"""The towers that a library recommends with, and vectors of tracks that came after their training."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earshot.data.ids import IdMap
from earshot.index.library import Library, LibraryError
from earshot.index.recommending.tower_runs import TowerRun, embeddable_tracks, tower_checkpoint, tower_run
from earshot.index.vectors.spaces import TOWER, current_space, insert_vectors, vector_fingerprint
from earshot.stages.shared.extras import is_installed
from earshot.stages.shared.reports import StageError

if TYPE_CHECKING:  # torch takes seconds to import, polars a quarter of one
    from numpy import ndarray

    from earshot.index.recommending.tower_data import TowerData
    from earshot.towers.tower_checkpoint import SavedTowers, TowerFile


@contextlib.contextmanager
def open_towers(library: Library) -> Iterator[tuple["TowerFile", TowerRun]]:
    """Open the file of the towers that recommend; yield it with their run.

    Raises
    ------
    LibraryError
        There are no towers, or their run does not say what they are made of.
    StageError
        Their file is missing or damaged; or they do not fit the vectors of today. A `CheckpointError` of the block is
        raised so, too.
    """
    from earshot.towers.tower_checkpoint import OTHER_SOUND, CheckpointError, read_towers

    run = tower_run(library).require_settings()
    path = tower_checkpoint(library, run.id)
    fix = "Restore it from a backup, or run `cli train-tower`."
    try:
        file = read_towers(path)
    except OSError as error:
        raise StageError(f"The checkpoint of the towers {path}: {error.strerror}.\n\n{fix}") from None
    except CheckpointError as error:
        raise StageError(f"{error}.\n\n{fix}") from None
    try:
        if file.uses_audio and run.encoder != vector_fingerprint(library, run.sound):
            raise CheckpointError(OTHER_SOUND)
        yield file, run
    except CheckpointError as error:
        raise StageError(f"{error}.\n\nRun `cli train-tower`.") from None


def load_towers(library: Library) -> tuple["SavedTowers", "TowerData", TowerRun]:
    """Load the towers that recommend, for all tracks and users of today, with the data they would learn from."""
    from earshot.index.recommending.tower_data import read_tower_data
    from earshot.towers.tower_checkpoint import remap_towers

    with open_towers(library) as (file, run):
        data = read_tower_data(library, run.sound)
        maps = {"tracks": data.tracks, "users": data.users, "artists": data.artists, "albums": data.albums}
        return remap_towers(file, data.catalog, **maps), data, run


def towers_for(
    library: Library, file: "TowerFile", sound: str | None, track_ids: "ndarray", users: IdMap
) -> "SavedTowers":
    """Load the towers of a file for a few tracks, (n,) int64, and users: it takes less time and memory than all.

    The tracks sound as the vectors of the space `sound` say.
    """
    from earshot.index.recommending.tower_data import read_catalog
    from earshot.towers.tower_checkpoint import remap_towers

    tracks = IdMap(track_ids)
    catalog, artists, albums = read_catalog(library, tracks, sound)
    return remap_towers(file, catalog, tracks=tracks, users=users, artists=artists, albums=albums)


def extend_to_new_tracks(library: Library) -> int:
    """Give tracks that came after the training a vector by the towers, and return their number.

    Only two-tower can, and where torch is installed. It is not imported without new tracks, or if the towers need
    another training anyhow.
    Towers that cannot be used give none, and stop nobody: the next command that needs them says why.
    """
    if current_space(library, TOWER) is None:
        return 0
    try:
        run = tower_run(library).require_settings()
    except LibraryError:
        return 0
    new_ids = embeddable_tracks(library, by_sound=run.uses_audio)
    is_stale = run.uses_audio and run.encoder != vector_fingerprint(library, run.sound)
    if not len(new_ids) or is_stale or run.model != "two-tower" or not is_installed("torch"):
        return 0  # other models know a track by its own vector or not at all

    from earshot.towers.retrieval.best_tracks import unit_vectors
    from earshot.towers.retrieval.query_vectors import item_vectors

    try:
        with open_towers(library) as (file, run):
            saved = towers_for(library, file, run.sound, new_ids, IdMap([]))
    except StageError:
        return 0
    with library.transaction():
        insert_vectors(library, TOWER, run.id, [(new_ids, unit_vectors(item_vectors(saved.towers)))])
    return len(new_ids)
