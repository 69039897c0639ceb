"""Playlists written to files or standard output, with one message for what goes wrong."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earshot.commands.shared.console import OutputError
from earshot.commands.shared.terminal import echo_playlist, plural

if TYPE_CHECKING:
    from earshot.index.tracks.track_lookup import TrackRow


PLAYLIST_HELP = "Also write a playlist; - writes it, and nothing else, to standard output."
_STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def is_standard_output(path: Path | None) -> bool:
    """Tell whether the playlist is meant for standard output, which then holds nothing else."""
    return path is not None and str(path) in _STANDARD_OUTPUT


def write_playlist(path: Path, tracks: "Sequence[TrackRow]") -> None:
    """Write the tracks that have a file."""
    from earshot.commands.shared.text_tables import m3u_text, write_m3u

    with_file = [track for track in tracks if track.path is not None]
    try:
        if is_standard_output(path):
            echo_playlist(m3u_text(with_file))
        else:
            write_m3u(path, with_file)
    except BrokenPipeError as error:  # the reader of a pipe has left
        raise OutputError(error) from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"{plural(len(with_file), 'track')} written to {path}", err=True)


def write_playlists(folder: Path, lists: "Iterable[tuple[str, list[TrackRow]]]") -> None:
    """Write a playlist for each user, by name."""
    from earshot.commands.shared.text_tables import playlist_name, write_m3u

    n_written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, tracks in lists:
            write_m3u(folder / playlist_name(name), tracks)
            n_written += 1
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    click.echo(f"{plural(n_written, 'playlist')} written to {folder}", err=True)
