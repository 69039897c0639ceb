"""`cli import-listens`: who played what when."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.name_options import echo_nodes, map_names, names_options
from earshot.commands.shared.options import typed_options
from earshot.commands.shared.terminal import echo_malformed, echo_some, plural, progress, user_errors
from earshot.data.files.path_encoding import escaped, shown_path

if TYPE_CHECKING:
    from earshot.data.listens.event_collector import EventCollector
    from earshot.data.listens.listen_sources import Source
    from earshot.index.library import Library


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--format",
    type=click.Choice(["auto", "lastfm-1k", "yambda", "listenbrainz", "spotify", "lastfm-csv", "table"]),
    default="auto",
    show_default=True,
    help="auto looks into the files.",
)
@click.option("--listener", metavar="NAME", help="Whose listens these are; else who the files say, else me.")
@click.option("--level", type=click.Choice(["track", "artist"]), help="What a table's items are; else its columns say.")
@click.option("--user", metavar="COLUMN", help="Of a table: who listened; else looked for.")
@click.option("--item", metavar="COLUMN", help="Of a table: what was played; else looked for.")
@click.option("--time", metavar="COLUMN", help="Of a table: when; else looked for.")
@click.option("--plays", metavar="COLUMN", help="Of a table: how often; else looked for, else 1.")
@click.option("--again", is_flag=True, help="Import a file anew that was imported before, in the place of it.")
@names_options
@click.pass_obj
def import_listens(
    folder: Path,
    path: Path,
    format: str,
    listener: str | None,
    level: str | None,
    user: str | None,
    item: str | None,
    time: str | None,
    plays: str | None,
    again: bool,
    **naming: Any,
) -> None:
    """Read who played what when, from a file, an archive or a folder.

    Known are: Spotify's streaming history, a ListenBrainz export, a last.fm CSV export, the Last.fm 1K data set,
    Yambda's Parquet files, and tables (CSV, TSV, Parquet, JSON lines) of tracks or artists. A track that the library
    does not know becomes a catalog track. The same content twice adds nothing. Then `cli link` finds the files of
    tracks that are spelled otherwise.

    Example:

    \b
        cli import-listens my_spotify_data.zip --listener ana
        cli import-listens plays.csv --user uid --item artist --level artist
    """
    from earshot.data.listens.listen_sources import find_sources
    from earshot.index.library import Library

    columns = {"user": user, "item": item, "time": time, "plays": plays, "level": level}
    unread: list[str] = []  # why, of each file

    def on_error(error: ValueError) -> None:
        """A file of a folder costs only itself."""
        if not path.is_dir():
            raise error
        unread.append(str(error))

    with user_errors(), Library.open_to_write(folder) as library:
        try:
            sources, passed_over = find_sources(path, format, on_error)
            _refuse_what_means_nothing({source.format for source in sources}, listener, columns)
            n_unread = 0
            for source in sources:
                try:
                    _import_source(library, source, path, again, on_error, {"listener": listener, **columns}, **naming)
                except ValueError as error:
                    if len(sources) == 1:
                        raise
                    unread.append(str(error))
                    n_unread += 1
            echo_some("Without listens", passed_over)
        finally:
            echo_some("Left out, because it could not be read", unread)
    if n_unread == len(sources):
        raise click.ClickException(f"Nothing of {path.name} could be read.")


def _refuse_what_means_nothing(formats: set[str], listener: str | None, columns: dict[str, str | None]) -> None:
    """Options that none of the formats heeds are wrong usage: who gave them meant something else."""
    given = ", ".join(f"--{name}" for name, value in columns.items() if value)
    if given and "table" not in formats:
        cure = " With --format table it is read as one." if formats == {"lastfm-csv"} else ""
        raise click.UsageError(f"{given}: for tables only, and this is {', '.join(sorted(formats))}.{cure}")
    if listener and formats <= {"lastfm-1k", "yambda"}:
        raise click.UsageError(
            f"--listener: for the listens of one person, and {', '.join(sorted(formats))} says who listened."
        )


def _import_source(
    library: "Library",
    source: "Source",
    path: Path,
    again: bool,
    on_error: Callable[[ValueError], None],
    asked: dict[str, str | None],
    **naming: Any,
) -> None:
    """Read a source and keep its listens, unless they are known."""
    from earshot.data.listens.listen_sources import read_source
    from earshot.index.listens import listen_store

    origin = source.paths[0] if len(source.paths) == 1 else path
    digest = listen_store.content_digest(*source.paths, number=source.number)
    known = listen_store.known_listens(library, digest)
    if known and not again:
        click.echo(
            f"Nothing added: {shown_path(origin.name)} was imported on {known.imported[:10]} from"
            f" {escaped(known.origin)}, {plural(known.n_events, 'listen')} to {known.level}s."
            " With --again it is imported anew."
        )
        return
    reading = read_source(source, on_error=on_error, **asked)
    with listen_store.open_gathering(library, reading.level, prefix=source.prefix) as gathering:
        for batch in progress(reading.batches, f"reading {origin.name}", "block"):
            gathering.add(batch)
        _store_listens(library, source, gathering, digest, origin.absolute(), **naming)


def _store_listens(
    library: "Library", source: "Source", gathering: "EventCollector", digest: str, origin: Path, **naming: Any
) -> None:
    """Keep what was gathered, and say what it was."""
    from earshot.data.listens.event_collector import Items
    from earshot.data.listens.listen_sources import items_of
    from earshot.index.listens import listen_store
    from earshot.index.vectors.imported_vectors import store_embeddings

    items = items_of(source, gathering)
    words = items.names if naming["names"] else items.titles
    words, _, naming_options = map_names(words, gathering.level, origin, **naming)
    items = Items.called(words) if naming["names"] else items
    typed = typed_options(click.get_current_context(), "again")
    done = listen_store.import_listens(
        library, gathering, digest, origin=str(origin), items=items, options=typed, **naming_options
    )
    click.echo(
        f"{plural(done.listens.n_events, 'listen')} by {plural(done.listens.n_users, 'user')}"
        f" ({done.n_new_users:,} new) to {plural(done.listens.n_items, gathering.level)}"
    )
    echo_nodes(done.items, gathering.level, words)
    if n_repeats := len(gathering) - done.listens.n_events:
        click.echo(f"  {n_repeats:,} that several of the files hold count once", err=True)
    if not gathering.is_timed:
        click.echo("  No column of times was found, so nobody knows what came first; --time names one.", err=True)
    for what, n_left_out in gathering.left_out.items():
        click.echo(f"  {n_left_out:,} {what} left out", err=True)
    echo_malformed(gathering.n_malformed, gathering.malformed)
    if "embeddings" in source.roles.values():
        n_vectors = store_embeddings(library, source, gathering.item_numbers(), done.items.ids)
        click.echo(f"  {n_vectors:,} of their vectors are kept as the space {source.format}")
