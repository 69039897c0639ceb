"""Playlists that are written, with what went wrong as one message."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.terminal import counted

if TYPE_CHECKING:
    from index.lookup import TrackRow


def write_playlist(path: Path, tracks: "Sequence[TrackRow]") -> None:
    from index.listing import write_m3u

    with_file = [track for track in tracks if track.path is not None]
    try:
        write_m3u(path, with_file)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"{counted(len(with_file), 'track')} written to {path}", err=True)


def write_playlists(folder: Path, lists: "Iterable[tuple[str, list[TrackRow]]]") -> None:
    from index.listing import playlist_name, write_m3u

    n_written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, tracks in lists:
            write_m3u(folder / playlist_name(name), tracks)
            n_written += 1
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    click.echo(f"{counted(n_written, 'playlist')} written to {folder}", err=True)
