"""`cli reorder`: a playlist in an order in which it flows."""

from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.options import EXISTING_FILE, SPACES_OF_SOUND, output_options
from earshot.commands.shared.playlist_files import is_standard_output, playlist_options, write_playlist
from earshot.commands.shared.terminal import echo_rows, echo_some, plural
from earshot.commands.shared.text_tables import one_line


@click.command()
@click.argument("file", type=EXISTING_FILE, metavar="PLAYLIST")
@click.option(
    "--by", "space", metavar="SPACE", default="audio", help=f"What counts. {SPACES_OF_SOUND} tower: who plays it."
)
@playlist_options()
@output_options
@click.pass_obj
def reorder(
    folder: Path, file: Path, space: str, playlist: Path | None, relative: bool | None, output: str | None
) -> None:
    """Order the tracks of PLAYLIST, a file, so that neighbours sound alike; the first one stays the first.

    Each track's angle to the one before is shown, in radians, and its place before. An entry that the library does not
    know stays behind the entry that it followed, and is listed. PLAYLIST is not changed, unless --playlist names it.

    Example:

    \b
        cli reorder party.m3u8
        cli reorder party.m3u8 --playlist flowing.m3u8
        cli reorder from_a_service.jspf --playlist here.xspf --absolute
    """
    from earshot.index.library import Library
    from earshot.stages.reorder import reorder_playlist

    with Library.open(folder) as library:
        report = reorder_playlist(library, file, space=space)
    if report.unknown:
        n = plural(len(report.unknown), "track")
        click.echo(f"{n} without a vector here, each behind the one that it followed:", err=True)
        echo_some("", report.unknown)
    if report.n_elsewhere:
        click.echo(f"{report.n_elsewhere:,} left out: no tracks, such as radio stations.", err=True)
    listed = [place.listed for place in report.entries]
    if playlist is not None:
        write_playlist(playlist, listed, relative)
    if is_standard_output(playlist):
        return
    if output is None:
        click.echo(one_line(report.name))
    rows: list[dict[str, Any]] = []
    for place, track in zip(report.entries, listed, strict=True):
        angle = None if place.angle is None else round(place.angle, 4)
        row: dict[str, Any] = {"rank": place.rank, "before": place.before, "angle": angle}
        row |= {"id": place.track and place.track.id, "artist": track.artist, "title": track.title}
        row["album"] = track.album
        rows.append(row if output is None else row | {"path": place.track.path if place.track else track.path})
    echo_rows(rows, output, "")
    if report.mean_angles is not None and output is None:
        before, now = report.mean_angles
        click.echo(f"Mean angle between neighbours: {before:.3f} before, {now:.3f} now.", err=True)
