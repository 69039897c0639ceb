"""Find the track that a person means, and refuse a space that has none."""

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


def require_vectors(library: "Library", space: str = "audio") -> None:
    """Say what to type where a space has no vector to search by."""
    from earshot.index.recommending.tower_runs import tower_run
    from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, current_space, spaces

    if space not in (AUDIO, DIFFUSED, TOWER) and current_space(library, space) is None:
        raise click.ClickException(
            f"There is no space {space!r}; this library has {', '.join(spaces(library)) or 'none yet'}.\n\n"
            "Run `cli embed-audio`, `cli diffuse-audio`, `cli train-tower`, or import a data set with its vectors."
        )
    if space == TOWER:
        tower_run(library)
    if space == DIFFUSED and current_space(library, DIFFUSED) is None:
        raise click.ClickException("Nothing was spread over a graph yet.\n\nRun `cli diffuse-audio` first.")
    if not library.db.execute("SELECT 1 FROM current_vectors LIMIT 1").fetchone():
        raise click.ClickException("No track in this library has a vector yet.\n\nRun `cli embed-audio FOLDER` first.")
