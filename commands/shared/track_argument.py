"""Find the track that a person means."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from earshot.commands.shared.terminal import terminal_width

if TYPE_CHECKING:
    from earshot.index.library import Library
    from earshot.index.tracks.track_lookup import TrackRow


def resolve_track(library: "Library", text: str, *, catalog: bool) -> "TrackRow | None":
    """The one track that a person means, or None; of several the person must choose."""
    from earshot.index.tracks.track_lookup import find_track

    with choosing():
        return find_track(library, text, catalog=catalog)


@contextlib.contextmanager
def choosing() -> Iterator[None]:
    """Show the tracks that words fit, for a person to choose among them."""
    from earshot.commands.shared.text_tables import table
    from earshot.index.tracks.track_lookup import AmbiguousError

    try:
        yield
    except AmbiguousError as error:
        rows = [(row.id, row.artist, row.title, row.album, row.path) for row in error.choices]
        choices = table(rows, ("id", "artist", "title", "album", "path"), terminal_width())
        raise click.ClickException(f"{error}. Which one? Give its id, or more words.\n\n{choices}") from None
