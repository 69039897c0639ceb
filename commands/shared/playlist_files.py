"""Playlists written to files or standard output, with one message for what goes wrong."""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.console import OutputError
from earshot.commands.shared.options import HomePath, all_of
from earshot.commands.shared.terminal import plural
from earshot.data.files.atomic import TEMPORARY_SUFFIX

if TYPE_CHECKING:
    from earshot.data.playlists.playlist import ListedTrack
    from earshot.index.tracks.track_lookup import TrackRow

_MAX_NAME_BYTES = 255 - len(".m3u8" + TEMPORARY_SUFFIX)  # the usual file systems take no longer name
_HELP = (
    "Also write a playlist: XSPF or JSPF by its suffix, else M3U; - writes that, and nothing else, to standard output."
)


def playlist_options(*, or_folder: str = "") -> Any:
    """Give a command --playlist, also --m3u, and --relative.

    Parameters
    ----------
    or_folder : a sentence on when --playlist names a folder; without, it never does
    """
    kind = HomePath(path_type=Path, dir_okay=bool(or_folder))
    return all_of(
        click.option("--playlist", "--m3u", "playlist", type=kind, callback=_of_a_format, help=f"{_HELP}{or_folder}"),
        click.option(
            "--relative/--absolute",
            default=None,
            help="Paths in the playlist: relative to its folder, so that it travels with the music, or absolute."
            "  [default: relative if all tracks lie in that folder or below]",
        ),
    )


def _of_a_format(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse the suffix of another format of playlists, before any work."""
    from earshot.data.playlists.playlist_writer import written_suffix

    try:
        if path is not None and not path.is_dir():
            written_suffix(path)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    return path


_STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def is_standard_output(path: Path | None) -> bool:
    """Tell whether the playlist is meant for standard output, which then holds nothing else."""
    return path is not None and str(path) in _STANDARD_OUTPUT


def write_playlist(path: Path, tracks: "Iterable[ListedTrack]", relative: bool | None = None) -> None:
    """Write tracks, with relative paths or absolute ones; by default as `write_playlist_file` chooses."""
    from earshot.data.playlists.playlist_writer import playlist_text, write_playlist_file

    listed = list(tracks)
    try:
        if is_standard_output(path):
            _echo_playlist(playlist_text(listed, Path.cwd(), relative=bool(relative)))
            n_written = sum(track.path is not None for track in listed)  # M3U has no place for others
        else:
            n_written = write_playlist_file(path, listed, relative)
    except BrokenPipeError as error:  # the reader of a pipe has left
        raise OutputError(error) from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    n_left = len(listed) - n_written
    left = f"; {n_left:,} without a file left out (.xspf and .jspf keep names)" if n_left else ""
    click.echo(f"{plural(n_written, 'track')} written to {path}{left}", err=True)


def _echo_playlist(text: str) -> None:
    """Print a playlist: in UTF-8 for a program, made safe for a terminal."""
    if sys.stdout is None or sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OutputError(error) from None


def write_playlists(folder: Path, lists: "Iterable[tuple[str, list[TrackRow]]]", relative: bool | None = None) -> None:
    """Write a playlist for each user, by name."""
    from earshot.data.playlists.playlist_writer import write_playlist_file

    n_written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, tracks in lists:
            write_playlist_file(folder / playlist_name(name), [track.listed for track in tracks], relative)
            n_written += 1
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    click.echo(f"{plural(n_written, 'playlist')} written to {folder}", err=True)


def playlist_name(name: str) -> str:
    """The file name of a user's playlist: another for every name, without separators, and not hidden.

    A name that is too long for a file system is cut, and ends with a hash behind a sign that no other name holds.
    """
    safe = name.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    safe = f"%2E{safe[1:]}" if safe.startswith(".") else safe
    if len(safe.encode()) > _MAX_NAME_BYTES:
        end = "%~" + hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        safe = safe.encode()[: _MAX_NAME_BYTES - len(end)].decode(errors="ignore") + end
    return f"{safe}.m3u8"
