"""Vector spaces made ready for search: checked, indexed, with neighbours."""

from collections.abc import Generator

from earshot.index.library import Library
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, current_space, spaces
from earshot.stages.reports import Progress, StageError


def require_vectors(library: Library, space: str = AUDIO) -> None:
    """Refuse a space in which nothing can be searched, and say what to type.

    Raises
    ------
    StageError, LibraryError
        There is no such space, or it has no vectors.
    """
    from earshot.index.recommending.tower_runs import tower_run

    if space not in (AUDIO, DIFFUSED, TOWER) and current_space(library, space) is None:
        raise StageError(
            f"There is no space {space!r}; this library has {', '.join(spaces(library)) or 'none yet'}.\n\n"
            "Run `cli embed-audio`, `cli diffuse-audio`, `cli train-tower`, or import a data set with its vectors."
        )
    if space == TOWER:
        tower_run(library)
    if space == DIFFUSED and current_space(library, DIFFUSED) is None:
        raise StageError("Nothing was spread over a graph yet.\n\nRun `cli diffuse-audio` first.")
    if not library.db.execute("SELECT 1 FROM current_vectors LIMIT 1").fetchone():
        raise StageError("No track in this library has a vector yet.\n\nRun `cli embed-audio FOLDER` first.")


def refresh_indexes(
    library: Library, type: str = "auto", recall: float = 0.98, *, anew: bool = False
) -> Generator[Progress, None, None]:
    """Bring the index and the neighbours of every space up to date.

    Parameters
    ----------
    type : of an index that is built; without `anew`, a type that was chosen for it before stays
    recall : of exact search, the share that an approximate index must find
    anew : rebuild all of them, instead of those that are out of date
    """
    from earshot.index.vectors.faiss_file import build_index, index_state
    from earshot.index.vectors.neighbour_table import fill_neighbours

    for space in spaces(library):
        state, wanted_type, target = index_state(library, space), type, recall
        if state is not None and not anew:
            wanted_type, target = state.asked_type, state.target_recall
        if anew or state is None or state.problem:
            build_index(library, space, wanted_type, target)
        for done, total in fill_neighbours(library, space, anew=anew):
            yield Progress(f"neighbours by {space}", done, total, "track")
