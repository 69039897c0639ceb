"""`cli import-tags`: tags from a table, for files that have none."""

from pathlib import Path

import click

from earshot.commands.shared.options import EXISTING_FILE
from earshot.commands.shared.terminal import echo_malformed, echo_some, user_errors


@click.command()
@click.argument("table", type=EXISTING_FILE)
@click.option("--overwrite", is_flag=True, help="Replace the tags that tracks have already.")
@click.pass_obj
def import_tags(folder: Path, table: Path, overwrite: bool) -> None:
    """Fill the tags of files that have none from a table: file or path, and any of title, artist, album, genre, year.

    Paths are absolute, or relative to the table. The files themselves are never written.

    Example:

    \b
        cli import-tags clips/tracks.csv
    """
    from earshot.data.tables.tag_tables import read_tag_table
    from earshot.index.library import Library
    from earshot.index.tracks import tag_import

    with user_errors():
        tags = read_tag_table(table)
    with Library.open_to_write(folder) as library:
        done = tag_import.import_tags(library, tags, [str(table.absolute().parent)], overwrite=overwrite)
    click.echo(
        f"{done.n_rows:,} rows with {', '.join(tags.fields)}: {done.n_matched:,} are tracks of the library,"
        f" {done.n_changed:,} tracks changed"
    )
    if done.n_differing:
        click.echo(f"  {done.n_differing:,} tracks say something else in their own tags (--overwrite replaces it)")
    echo_some("not in the library", done.unmatched)
    echo_malformed(tags.n_malformed, tags.malformed)
