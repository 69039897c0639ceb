"""Import playlists of other programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from earshot.data.tables.playlists import Playlist, find_playlists, read_playlist
from earshot.index.library import Library
from earshot.index.listens import playlist_store
from earshot.index.listens.playlist_store import PlaylistImport


@dataclass(frozen=True)
class PlaylistsReport:
    """Playlists that the library now holds, and what could not be read beside them."""

    playlists: Sequence[PlaylistImport]
    errors: Sequence[str]  # of files and folders


def import_playlists(library: Library, paths: Iterable[str]) -> PlaylistsReport:
    """Import the playlists among files and folders, each in the place of what the same file brought before.

    What cannot be read costs only itself.
    """
    playlists: list[Playlist] = []
    errors: list[str] = []
    for path in find_playlists(paths, lambda error: errors.append(str(error))):
        try:
            playlists.append(read_playlist(path))
        except (ValueError, OSError) as error:
            errors.append(str(error))
    return PlaylistsReport(playlist_store.import_playlists(library, playlists), errors)
