"""A library of twelve tracks on a quarter of a circle, for playlists whose right order is known."""

from pathlib import Path

from earshot.index.library import Library
from library_world import add, at, finish, heard, open_library

GENRES = ("Pop", "Pop", "Christmas", "Rock")


def make_quarter_circle(folder: Path) -> Library:
    """Track n of twelve lies at 8n degrees, in /music/A or /music/B; artists come in pairs, genres by turns."""
    library, head = open_library(folder)
    add(
        library,
        head,
        [
            heard(
                f"/music/{'AB'[n > 5]}/{n:02}.mp3",
                at(8 * n),
                title=f"Song {n}",
                artist=f"Artist {n // 2}",
                album=f"Album {n // 4}",
                genre=GENRES[n % 4],
                duration=100.0 + n,
            )
            for n in range(12)
        ],
    )
    finish(library)
    return library
