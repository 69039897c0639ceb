"""Four artists in a library made by hand, in whose folder tests write tables of graphs, listens and tags."""

from pathlib import Path

from library_world import add, at, heard, open_library

ARTISTS = ("Air", "Björk", "Can", "Donovan")


def make_artists_folder(folder: Path) -> Path:
    """A library of two tracks each of four artists, and the folder of their music; the first of each has a title."""
    library, head = open_library(folder / "library")
    tracks = [
        heard(f"{folder}/music/{artist}/{number}.mp3", at(number), title=title, artist=artist, album=f"Of {artist}")
        for artist in ARTISTS
        for number, title in ((1, f"{artist}'s song"), (2, None))
    ]
    with library:
        add(library, head, tracks)
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name
