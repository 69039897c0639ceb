"""Link catalog tracks, which listens name, with the tracks of files that hold them."""

from collections.abc import Iterable
from dataclasses import dataclass

from earshot.index.health.staleness import stale_after_links
from earshot.index.library import Library
from earshot.index.tracks.track_links import Linkage, find_links, remove_links, store_links


@dataclass(frozen=True)
class LinkReport:
    """A change of links, or the change that would be made."""

    linkage: Linkage | None  # what was found; None if a person chose the pairs
    n_linked: int
    n_removed: int
    stale: tuple[str, ...]  # commands that renew what was made before the links changed


def link(library: Library, *, dry_run: bool = False) -> LinkReport:
    """Link every catalog track that is one file by its codes or its names; with `dry_run` only find them."""
    linkage = find_links(library)
    if dry_run:
        return LinkReport(linkage, 0, 0, ())
    n_linked = store_links(library, [(pair.catalog.id, pair.file.id) for pair in linkage.matches])
    return LinkReport(linkage, n_linked, 0, _stale_commands(library) if n_linked else ())


def change_links(library: Library, pairs: Iterable[tuple[int, int]] = (), unlink: Iterable[int] = ()) -> LinkReport:
    """Take back the links of some catalog tracks, then link pairs of a catalog track and a track, all by id.

    Raises
    ------
    LibraryError
        The first of a pair is no catalog track, or the second is no file.
    """
    n_removed, n_linked = remove_links(library, list(unlink)), store_links(library, pairs)
    return LinkReport(None, n_linked, n_removed, _stale_commands(library) if n_removed or n_linked else ())


def _stale_commands(library: Library) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.fix for part in stale_after_links(library)))
