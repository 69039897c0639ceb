"""`cli import-playlists`: import playlists, whose entries are matched with tracks of the library."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import click

from earshot.commands.shared.options import HomePath
from earshot.commands.shared.terminal import echo_json, echo_some, in_one_line, plural
from earshot.data.files.path_encoding import shown_path


@click.command()
@click.argument("paths", nargs=-1, required=True, type=HomePath())
@click.option("--forget", is_flag=True, help="Remove these playlists from the library instead.")
@click.option("--json", "as_json", is_flag=True, help="Report each playlist as JSON.")
@click.pass_obj
def import_playlists(folder: Path, paths: tuple[str, ...], forget: bool, as_json: bool) -> None:
    """Import playlists from files and folders; entries are matched with tracks by path, else by artist and title.

    Supported are M3U, PLS, XSPF, JSPF (ListenBrainz), WPL and ASX (Windows Media Player); CSV with a row per track and
    one or several playlists (Exportify, Soundiiz, TuneMyMusic); text of rekordbox; the Library.xml of iTunes and Music,
    and what they export as text; the collections of Traktor (NML) and rekordbox (XML), the database of Mixxx, and
    crates of Serato; the Playlist1.json of Spotify's account data, and Google Play Music's Takeout, also as archives.

    A playlist that was imported before is replaced. With --forget, playlists are removed, even if the file is gone.

    Example:

    \b
        cli import-playlists ~/Music/Playlists
    """
    from earshot.data.playlists.playlist_reader import SUFFIXES, find_playlists, read_playlists
    from earshot.index.library import Library
    from earshot.index.listens import playlist_store

    if forget and as_json:
        raise click.UsageError("--json reports playlists that are imported; leave it out with --forget.")
    if forget:
        _forget(folder, paths)
        return
    for path in paths:
        if not os.path.exists(path):
            raise click.UsageError(f"There is no {shown_path(path)}.")
    readable, errors, left_out = [], list[str](), list[str]()
    for path in find_playlists(paths, lambda error: errors.append(str(error))):
        try:
            readable += read_playlists(path, left_out.append)
        except (ValueError, OSError) as error:  # costs this playlist only
            errors.append(str(error))
    if not readable:
        _echo_left_out(left_out, errors)
        advice = f"Give a playlist or a folder of some; they end in {', '.join(SUFFIXES)}."
        raise click.ClickException("No playlist could be read." if errors else f"No playlist was found.\n\n{advice}")
    with Library.open_to_write(folder) as library:
        playlists = playlist_store.import_playlists(library, readable)
    if as_json:
        echo_json([asdict(playlist) for playlist in playlists])
    else:
        unmatched = [entry for playlist in playlists for entry in playlist.unmatched]
        click.echo(
            f"{plural(len(playlists), 'playlist')}: {sum(playlist.n_matched for playlist in playlists):,} entries are"
            f" tracks of the library, {len(unmatched):,} are not, "
            f"{sum(playlist.n_elsewhere for playlist in playlists):,} are no files"
        )
        echo_some("not in the library", unmatched)
    _echo_left_out(left_out, errors)


def _echo_left_out(*messages: Sequence[str]) -> None:
    for message in chain(*messages):
        click.echo(f"Left out: {in_one_line(message)}", err=True)


def _forget(folder: Path, paths: tuple[str, ...]) -> None:
    from earshot.index.library import Library
    from earshot.index.listens.playlist_store import forget_playlists

    with Library.open_to_write(folder) as library:
        forgotten = forget_playlists(library, paths)
    click.echo(f"{plural(sum(forgotten), 'playlist')} forgotten")
    if n_unknown := forgotten.count(0):
        raise click.ClickException(f"{n_unknown:,} of {len(paths):,} were never imported.")
