"""Tracks that an argument of a command or function means, or the reason why there are none."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from earshot.data.files.path_encoding import escaped, shown_path
from earshot.data.files.regular_files import irregular_kind
from earshot.index.library import Library
from earshot.index.search.filters import TrackFilters
from earshot.index.search.near_misses import near_misses
from earshot.index.search.places import folder_spellings, local_path, why_no_tracks
from earshot.index.search.selected import Selected
from earshot.index.search.track_selection import find_tracks
from earshot.stages.shared.reports import StageError

F = TypeVar("F", bound=TrackFilters)


def argument_text(track: str | int | Path) -> str:
    """The text of an argument; a number that is no text can only be an id."""
    return f"id:{track}" if isinstance(track, int) else str(track)


def chosen_tracks(library: Library, text: str, *, catalog: bool = True, digits_are_ids: bool = True) -> Selected | None:
    """Find the tracks that a text means by `track_selection.find_tracks`; a faulty playlist is a StageError."""
    try:
        return find_tracks(library, text, catalog, digits_are_ids)
    except (ValueError, OSError) as error:
        raise StageError(f"{escaped(str(error))}.") from None


def with_known_folders(library: Library, filters: F) -> F:
    """Filters with their folders as the library spells them: without links, and from the disk's root.

    Raises
    ------
    StageError
        No track of the library lies in one of the folders.
    """
    spellings = [(folder, folder_spellings(library, folder)) for folder in filters.under]
    for folder, known in spellings:
        if not known:
            raise StageError(
                f"No track of the library lies in the folder {shown_path(local_path(folder))}.\n\n"
                "Give one of its folders; `cli status` lists them."
            )
    return replace(filters, under=tuple(form for _, known in spellings for form in known))


def why_nothing(library: Library, text: str) -> str:
    """The reason why nothing answers to a text, with names that are like it."""
    if reason := why_no_tracks(text):
        return reason
    path = local_path(text) if text and "\0" not in text else ""
    if os.path.exists(path) and not os.path.isfile(path):
        return (
            f"{shown_path(path)} is {irregular_kind(os.stat(path))}, not a music file."
            "\n\nGive the path of one, or its title."
        )
    nothing = f"No track and no file answers to {escaped(text)!r}."
    if names := near_misses(library, text):
        quoted = [f'"{escaped(name)}"' for name in names]
        return f"{nothing}\n\nDid you mean {' or '.join(filter(None, (', '.join(quoted[:-1]), quoted[-1])))}?"
    return f"{nothing}\n\nTry fewer words, or `cli embed-audio` its folder first."
