"""`cli import-tags`: fill missing tags from a table."""

from dataclasses import asdict
from pathlib import Path

import click

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.options import EXISTING_FILE, json_option
from earshot.commands.shared.terminal import echo_json, echo_malformed, echo_some


@click.command()
@click.argument("table", type=EXISTING_FILE)
@click.option("--overwrite", is_flag=True, help="Replace the tags that tracks already have.")
@json_option
@click.pass_obj
def import_tags(folder: Path, table: Path, overwrite: bool, as_json: bool) -> None:
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
        result = tag_import.import_tags(library, tags, [str(table.absolute().parent)], overwrite=overwrite)
    if as_json:
        echo_json(asdict(result) | {"fields": list(tags.fields), "n_malformed": tags.n_malformed}, indent=2)
        return
    click.echo(
        f"{result.n_rows:,} rows with {', '.join(tags.fields)}: {result.n_matched:,} are tracks of the library,"
        f" {result.n_changed:,} tracks changed"
    )
    if result.n_differing:
        click.echo(f"  {result.n_differing:,} tracks have other tags (--overwrite replaces them)")
    echo_some("not in the library", result.unmatched)
    echo_malformed(tags.n_malformed, tags.malformed)
