"""The towers that this library recommends with."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from numpy import ndarray

    from earshot.data.ids import IdMap
    from earshot.index.library import Library
    from earshot.index.recommending.tower_data import TowerData
    from earshot.index.recommending.tower_runs import TowerRun
    from earshot.towers.tower_checkpoint import SavedTowers, TowerFile


@contextlib.contextmanager
def trained_towers(library: "Library") -> Iterator[tuple["TowerFile", "TowerRun"]]:
    """The file of the towers in use, and their run; what is wrong with them is told."""
    from earshot.index.recommending.tower_runs import tower_checkpoint, tower_run
    from earshot.index.vectors.spaces import vector_fingerprint
    from earshot.towers.tower_checkpoint import CheckpointError, read_towers

    run = tower_run(library).require_settings()
    path = tower_checkpoint(library, run.id)
    cure = "Restore it from a backup, or run `cli train-tower`."
    try:
        kept = read_towers(path)
    except OSError as error:
        raise click.ClickException(f"The checkpoint of the towers {path}: {error.strerror}.\n\n{cure}") from None
    except CheckpointError as error:
        raise click.ClickException(f"{error}.\n\n{cure}") from None
    try:
        if kept.hears and run.encoder != vector_fingerprint(library, run.sound):
            raise CheckpointError("these towers hear tracks by other vectors of sound than the library's present ones")
        yield kept, run
    except CheckpointError as error:
        raise click.ClickException(f"{error}.\n\nRun `cli train-tower`.") from None


def saved_towers(library: "Library") -> tuple["SavedTowers", "TowerData", "TowerRun"]:
    """The towers in use, the listens and tracks of the library, and the settings of their training."""
    from earshot.index.recommending.tower_data import read_tower_data
    from earshot.towers.tower_checkpoint import remap_towers

    with trained_towers(library) as (kept, run):
        data = read_tower_data(library, run.sound)
        maps = {"tracks": data.tracks, "users": data.users, "artists": data.artists, "albums": data.albums}
        return remap_towers(kept, data.catalog, **maps), data, run


def place_newcomers(library: "Library") -> int:
    """Give new files a vector by who would play them, where two-tower tells it without a new training; how many.

    Without any, or where the towers need a training anyhow, this asks SQLite and nothing else.
    """
    from earshot.data.ids import IdMap
    from earshot.index.recommending.tower_runs import tower_run
    from earshot.index.recommending.tower_vectors import add_tower_vectors, embeddable_tracks
    from earshot.index.vectors.spaces import TOWER, current_space, vector_fingerprint

    if current_space(library, TOWER) is None:
        return 0
    run = tower_run(library).require_settings()
    newcomers = embeddable_tracks(library, by_sound=run.uses_audio)
    is_stale = run.uses_audio and run.encoder != vector_fingerprint(library, run.sound)
    if not len(newcomers) or is_stale or run.model != "two-tower":
        return 0  # other models know a track by its own vector or not at all

    from earshot.towers.retrieval.exact_search import item_vectors, unit_vectors

    try:
        with trained_towers(library) as (kept, run):
            saved = fitted_towers(library, kept, run.sound, newcomers, IdMap([]))
    except click.ClickException:
        return 0  # the file is gone: whoever asks the towers is told
    add_tower_vectors(library, run.id, newcomers, unit_vectors(item_vectors(saved.towers)))
    return len(newcomers)


def fitted_towers(
    library: "Library", kept: "TowerFile", sound: str | None, track_ids: "ndarray", users: "IdMap"
) -> "SavedTowers":
    """The towers in use with room for these tracks, by their vectors of a space of sound, and these listeners."""
    from earshot.data.ids import IdMap
    from earshot.index.recommending.tower_data import read_catalog
    from earshot.towers.tower_checkpoint import remap_towers

    tracks = IdMap(track_ids)
    catalog, artists, albums = read_catalog(library, tracks, sound)
    return remap_towers(kept, catalog, tracks=tracks, users=users, artists=artists, albums=albums)
