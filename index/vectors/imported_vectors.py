"""Vectors that come with a data set, stored in a space of their own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from earshot.data.ids import IdMap
from earshot.data.listens.yambda import embeddings
from earshot.index.library import Library
from earshot.index.runs import IMPORT_STAGE, finish_run, start_run
from earshot.index.vectors.spaces import Pieces, publish


def store_embeddings(
    library: Library, space: str, files: Sequence[Path], numbers: np.ndarray, track_ids: np.ndarray
) -> int:
    """Store the audio embeddings of an export, of tracks that were listened to; return their number.

    These have numbers, (n,), in the data set and ids, (n,), in the library.
    """
    rows = IdMap(numbers)
    pieces = ((track_ids[rows.rows(items)], vectors) for path in files for items, vectors in embeddings(path, numbers))
    return store_imported_vectors(library, space, str(files[0]), pieces) if files else 0


def store_imported_vectors(library: Library, space: str, origin: str, pieces: Pieces) -> int:
    """Put vectors of unit length into a space, in place of those it had, all or nothing; return their number."""
    run_id, _ = start_run(library, IMPORT_STAGE, {"space": space, "origin": origin})
    with library.transaction():
        n_vectors = publish(library, space, run_id, pieces)
    finish_run(library, run_id, {"n_vectors": n_vectors})
    return n_vectors
