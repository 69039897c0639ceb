"""Playlists written to files or standard output, with one message for what goes wrong."""

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from earshot.commands.shared.console import OutputError
from earshot.commands.shared.terminal import plural
from earshot.commands.shared.text_tables import one_line
from earshot.data.files.atomic import TEMPORARY_SUFFIX, output_path
from earshot.data.files.cue_sheets import cue_track
from earshot.data.files.file_addresses import is_address
from earshot.data.files.path_encoding import path_columns, path_from_columns

if TYPE_CHECKING:
    from earshot.index.tracks.track_lookup import TrackRow

_MAX_NAME_BYTES = 255 - len(".m3u8" + TEMPORARY_SUFFIX)  # the usual file systems take no longer name
PLAYLIST_HELP = "Also write a playlist; - writes it, and nothing else, to standard output."
relative_option = click.option(  # of commands with --m3u
    "--relative/--absolute",
    default=None,
    help="Paths in the playlist: relative to its folder, so that it travels with the music, or absolute."
    "  [default: relative if all tracks lie in that folder or below]",
)
_STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def is_standard_output(path: Path | None) -> bool:
    """Tell whether the playlist is meant for standard output, which then holds nothing else."""
    return path is not None and str(path) in _STANDARD_OUTPUT


def write_playlist(path: Path, tracks: "Sequence[TrackRow]", relative: bool | None = None) -> None:
    """Write the tracks that have a file, with relative paths or absolute ones; by default as `m3u_text` chooses."""
    with_file = [track for track in tracks if track.path is not None]
    try:
        if is_standard_output(path):
            _echo_playlist(m3u_text(with_file, Path.cwd(), relative=bool(relative)))
        else:
            write_m3u(path, with_file, relative)
    except BrokenPipeError as error:  # the reader of a pipe has left
        raise OutputError(error) from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"{plural(len(with_file), 'track')} written to {path}", err=True)


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
    n_written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, tracks in lists:
            write_m3u(folder / playlist_name(name), tracks, relative)
            n_written += 1
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    click.echo(f"{plural(n_written, 'playlist')} written to {folder}", err=True)


def write_m3u(path: Path, tracks: "Sequence[TrackRow]", relative: bool | None = None) -> None:
    """Write a playlist in UTF-8, whole or not at all."""
    with output_path(path) as temporary:
        temporary.write_text(m3u_text(tracks, path.absolute().parent, relative), encoding="utf-8")


def m3u_text(tracks: "Sequence[TrackRow]", folder: Path, relative: bool | None = None) -> str:
    """An extended M3U playlist in a folder; tracks without a file are left out.

    Paths are relative to the folder or absolute; by default relative if all tracks lie in it or below.
    """
    here = [os.path.join(form, "") for form in (os.path.normpath(folder), os.path.realpath(folder))]
    if relative is None:
        relative = all(track.path.startswith(tuple(here)) for track in tracks if track.path is not None)
    lines = ["#EXTM3U"]
    for track in tracks:
        if track.path is not None:
            seconds = -1 if track.duration is None else round(track.duration)  # -1: unknown
            lines.append(f"#EXTINF:{seconds},{one_line(track.name)}")
            path, begin, end = _place(path_from_columns(track.path, track.path_bytes))
            lines += [
                f"#EXTVLCOPT:{name}-time={at:.3f}" for name, at in (("start", begin), ("stop", end)) if at is not None
            ]
            lines.append(_location(path, _relative_path(path, here) if relative else path))
    return "\n".join(lines) + "\n"


def _place(path: str) -> tuple[str, float | None, float | None]:
    """The file of a track, and for one of a cue sheet the seconds between which it lies there."""
    try:
        track = cue_track(path)
    except (OSError, ValueError):  # its disk is away, or the sheet has changed
        return path, None, None
    return (track.file, track.begin, track.end) if track else (path, None, None)


def _relative_path(path: str, here: Sequence[str]) -> str:
    """A path from a folder; `here` is its name as it was given and without symbolic links, both with a / at the end."""
    inside = next((form for form in here if path.startswith(form)), None)
    # The system follows the links of a folder before it goes up from there.
    relative = path.removeprefix(inside) if inside else os.path.relpath(path, here[-1])
    is_misread = relative.startswith(("#", " ", "\t")) or is_address(relative)  # as a comment, cut, or as no file
    return f"./{relative}" if is_misread else relative


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


def _location(path: str, shown: str) -> str:
    """A path as it is shown, or its file:// address if no line of UTF-8 can hold it."""
    if path_columns(path)[1] is None and not {"\n", "\r"}.intersection(path):
        return shown
    return "file://" + quote(os.fsencode(path))
