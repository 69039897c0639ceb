"""`cli import-listens`: import listening exports."""

import codecs
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.name_options import echo_nodes, echo_translation, names_options, node_counts
from earshot.commands.shared.options import HomePath, json_option
from earshot.commands.shared.terminal import drawn, echo_json, echo_malformed, echo_some, in_one_line, plural
from earshot.data.files.path_encoding import escaped, shown_path

if TYPE_CHECKING:
    from earshot.stages.imports import import_listens as stage


class _Formats(click.Choice):
    """The names of all readers, looked up when they are needed, as their modules take long to import."""

    def __init__(self) -> None:
        self.case_sensitive = True

    @cached_property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        from earshot.data.exports.listen_sources import READERS

        return ("auto", *(reader.name for reader in READERS))


def _known_encoding(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    try:  # some are of bytes, as hex, or not of any text, as idna
        if name:
            codecs.getincrementaldecoder(name)("replace").decode("a".encode(name))
        return name and codecs.lookup(name).name
    except (LookupError, UnicodeError):
        raise click.BadParameter(
            f"{name!r} is no encoding; there are utf-8, cp1251, shift_jis, gb18030 and more"
        ) from None


@click.command()
@click.argument("path", type=HomePath(path_type=Path, exists=True))
@click.option(
    "--format", type=_Formats(), default="auto", help="The format; auto detects it by the content of the files."
)
@click.option("--listener", metavar="NAME", help="The user of all listens; else the one in the files, else 'me'.")
@click.option(
    "--encoding",
    metavar="NAME",
    callback=_known_encoding,
    help="The encoding of the text, such as cp1251; else UTF-8 or UTF-16, or the likeliest.",
)
@click.option(
    "--level", type=click.Choice(["track", "artist"]), help="What the items of a table are; else by its columns."
)
@click.option("--user", metavar="COLUMN", help="The column of users in a table; else found by its name.")
@click.option("--item", metavar="COLUMN", help="The column of items in a table; else found by its name.")
@click.option("--artist", metavar="COLUMN", help="The column of artists of the items; else found by its name.")
@click.option("--album", metavar="COLUMN", help="The column of albums of the items; else found by its name.")
@click.option("--time", metavar="COLUMN", help="The column of times in a table; else found by its name.")
@click.option("--plays", metavar="COLUMN", help="The column of play counts in a table; else found by its name, else 1.")
@click.option("--again", is_flag=True, help="Import again, in place of the earlier import of the same content.")
@names_options
@json_option
@click.pass_obj
def import_listens(folder: Path, path: Path, as_json: bool, **settings: Any) -> None:
    """Import listens (who played what when) from a file, an archive or a folder.

    Supported are the data that Spotify, Apple Music, YouTube Music (Takeout, as JSON), Google Play Music (Takeout),
    TIDAL, Deezer and Shazam send; exports of ListenBrainz, last.fm (CSV and JSON), Libre.fm, Maloja, Koito and Pano
    Scrobbler; the .scrobbler.log of Rockbox; the databases of Navidrome, Plex, Tautulli, Jellyfin, Kodi, MediaMonkey,
    Strawberry, Clementine and Mixxx, also while they run; the Library.xml of iTunes and what it exports as text, the
    rhythmdb.xml of Rhythmbox, the collections of Traktor (NML, also its histories), rekordbox and VirtualDJ (XML), and
    play counts of foobar2000; the data sets Last.fm 1K, Yambda and RecBole's .inter; and tables (CSV, TSV, Parquet,
    JSON lines, xlsx) of tracks or artists.

    A track that is not in the library becomes a catalog track. The same content twice adds nothing. Afterwards
    `cli link` finds the files of tracks that are spelled differently.

    Example:

    \b
        cli import-listens my_spotify_data.zip --listener ana
        cli import-listens plays.csv --user uid --item artist --level artist
    """
    from earshot.index.library import Library
    from earshot.stages.imports import import_listens as stage

    config = stage.ImportListensConfig(**settings)
    errors: list[str] = []
    sources: list[dict[str, Any]] = []
    with user_errors(), Library.open_to_write(folder) as library:
        try:
            for report in drawn(stage.import_listens(library, path, config)):
                match report:
                    case stage.UnreadableSource():
                        errors.append(report)
                    case stage.WithoutListens():
                        echo_some("Without listens", report.names)
                    case stage.MappedNames():
                        echo_translation(report, config.names)
                    case stage.KnownSource():
                        sources.append(asdict(report.listens) | {"is_new": False})
                        if not as_json:
                            _echo_known(report)
                    case stage.ImportedSource():
                        sources.append(_facts(report))
                        if not as_json:
                            _echo_imported(report)
        finally:
            echo_some("Left out, because it could not be read", errors)
    if as_json:
        echo_json(sources, indent=2)


def _facts(source: "stage.ImportedSource") -> dict[str, Any]:
    """An import as --json reports it: the row of the table `listens`, and what was new."""
    facts = asdict(source.result.listens) | {"is_new": True, "n_new_users": source.result.n_new_users}
    facts |= node_counts(source.result.items) | {"n_repeats": source.n_repeats, "left_out": dict(source.left_out)}
    return facts | {
        "examples": dict(source.examples),
        "is_timed": source.is_timed,
        "notes": list(source.notes),
        "malformed": list(source.malformed),
        "n_vectors": source.n_vectors,
    }


def _echo_known(report: "stage.KnownSource") -> None:
    listens = report.listens
    click.echo(
        f"Nothing added: {shown_path(report.name)} was imported on {listens.imported[:10]} from"
        f" {escaped(listens.origin)}, {plural(listens.n_events, 'listen')} to {listens.level}s."
        " With --again it is imported anew."
    )


def _echo_imported(report: "stage.ImportedSource") -> None:
    result, listens = report.result, report.result.listens
    click.echo(
        f"{plural(listens.n_events, 'listen')} by {plural(listens.n_users, 'user')}"
        f" ({result.n_new_users:,} new) to {plural(listens.n_items, listens.level)}"
    )
    echo_nodes(result.items, listens.level, report.names.names)
    if report.replaced is not None:
        click.echo(f"  They take the place of those imported from there on {report.replaced.imported[:10]}", err=True)
    if report.n_repeats:
        click.echo(f"  {report.n_repeats:,} that several of the files hold count once", err=True)
    if not report.is_timed:
        click.echo("  No column of times was found, so the order of listens is unknown; --time names one.", err=True)
    for note in report.notes:
        click.echo(f"  {note[:1].upper()}{note[1:]}.".replace("?.", "?"), err=True)
    for what, n_left_out in report.left_out.items():
        example = f", the first in {in_one_line(report.examples[what])}" if what in report.examples else ""
        click.echo(f"  {n_left_out:,} {what} left out{example}", err=True)
    echo_malformed(listens.n_malformed, report.malformed)
    if report.n_vectors is not None:
        click.echo(f"  {report.n_vectors:,} of their vectors are kept as the space {report.format}")
