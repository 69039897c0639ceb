"""Places of all tracks on a map that is kept: laid out once in a while, and read in milliseconds.

The layout takes UMAP half a minute, so it is kept in the library's `cache` folder. While the vectors are those of the
same run, places stay true where tracks come or go; the tracks that came since have none until the next layout.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earshot.data.files.array_files import read_archive
from earshot.data.files.atomic import atomic_path, make_folder
from earshot.index.library import Library
from earshot.index.vectors.spaces import AUDIO, ONE_PER_RECORDING, read_vectors, require_space, require_vectors

N_LANDMARKS = 3_000  # tracks that UMAP itself lays out
_NAMES = ("ids", "places", "made_of")


@dataclass(frozen=True)
class MapPlaces:
    """Places of tracks on the map of a space."""

    ids: np.ndarray  # (n,) int64, of tracks that are in the space today, rising
    places: np.ndarray  # (n, 2) float32
    n_unplaced: int  # tracks of the space that came since
    is_current: bool  # nothing has changed since


def read_places(library: Library, space: str = AUDIO) -> MapPlaces | None:
    """Read the places that were kept; None before the first layout, and after the vectors were made anew.

    Raises
    ------
    LibraryError
        There is no such space, or it has no vectors.
    """
    require_vectors(library, space)
    now, path = require_space(library, space), _path(library.folder, space)
    try:
        kept = read_archive(path, _NAMES)
    except (OSError, ValueError):  # there is none, or it is damaged: it can be made again
        return None
    ids, places, made_of = (kept[name] for name in _NAMES)
    fits = ids.dtype == np.int64 and ids.ndim == 1 and places.shape == (len(ids), 2) and np.isfinite(places).all()
    if not fits or made_of.shape != (2,) or made_of[0] != now.run_id:
        return None
    one_each = f"SELECT track_id FROM current_vectors WHERE space = ? AND {ONE_PER_RECORDING.format('track_id')}"
    today = library.ids(f"{one_each} ORDER BY track_id", [space])
    is_here = np.isin(ids, today)
    n_unplaced = len(today) - int(is_here.sum())
    return MapPlaces(ids[is_here], places[is_here].astype(np.float32), n_unplaced, bool(made_of[1] == now.revision))


def lay_out(folder: Path, space: str = AUDIO, seed: int = 0) -> None:
    """Lay out the tracks of a library, and keep their places; as a process of its own, since it takes all of one core.

    Raises
    ------
    LibraryError
        There is no such space, or it has no vectors.
    OSError
        The places cannot be written.
    """
    from earshot.graph.drawing.umap_layout import landmark_layout

    with Library.open(folder) as library:
        require_vectors(library, space)
        now = require_space(library, space)
        ids, vectors = read_vectors(library, space)
        path = _path(library.folder, space)
    places = landmark_layout(vectors, N_LANDMARKS, seed=seed)
    make_folder(path.parent)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, ids=ids.all_ids, places=places, made_of=np.array([now.run_id, now.revision], dtype=np.int64))


def _path(folder: Path, space: str) -> Path:
    safe = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in space)
    return folder / "cache" / f"map-{safe}.npz"
