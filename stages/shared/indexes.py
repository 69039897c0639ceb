"""Recordings grouped, and vector spaces made ready for search: indexed, with neighbours."""

from collections.abc import Generator

from earshot.index.library import Library
from earshot.index.recordings.recordings import group_recordings
from earshot.index.vectors.spaces import spaces
from earshot.stages.shared.reports import Progress


def refresh_recordings(library: Library) -> Generator[Progress, None, None]:
    """Compare the sound of new tracks with all others, and group the tracks that are one recording."""
    from earshot.index.recordings.find_copies import find_copies

    for done, total in find_copies(library):
        yield Progress("comparing", done, total, "track")
    with library.transaction():
        group_recordings(library)


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
