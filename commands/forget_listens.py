"""`cli forget-listens`: which listens were imported, and taking some back."""

from pathlib import Path

import click

from earshot.commands.build_index import refresh_index
from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows, plural
from earshot.data.files.path_encoding import escaped


@click.command()
@click.argument("number", type=int, required=False, metavar="[ID]")
@output_options
@click.pass_obj
def forget_listens(folder: Path, number: int | None, output: str | None) -> None:
    """List the imports of listens, or take one back, by its ID.

    With it go the listeners that no other import has, and the catalog tracks that nothing else names. Files stay, and
    the exported file can be imported again.

    Example:

    \b
        cli forget-listens
        cli forget-listens 2
    """
    from earshot.index.library import Library
    from earshot.index.removal import forget_listens as forget

    if number is None:
        query = (
            "SELECT id, imported, n_events AS listens, n_users AS users, n_items AS items, level, origin FROM listens"
        )
        with Library.open(folder) as library:
            rows = list(library.db.query(f"{query} ORDER BY id"))
        if output is None:  # a terminal has no room for whole paths
            rows = [row | {"imported": row["imported"][:10], "origin": Path(row["origin"]).name} for row in rows]
        echo_rows(rows, output, "No listens were imported.")
        return
    if output is not None:
        raise click.UsageError(f"--{output} lists the imports; leave it out with ID. Nothing was changed.")
    with Library.open_to_write(folder) as library:
        try:
            gone = forget(library, number)
        finally:  # also where an earlier try was killed before it came to this
            refresh_index(library)
    click.echo(
        f"{plural(gone.n_events, 'listen')} from {escaped(gone.origin)} forgotten, with"
        f" {plural(gone.n_users, 'user')} and {plural(gone.n_tracks, 'catalog track')} that nothing else names"
    )
    click.echo("What was made of them knows them still; `cli status` says what to make anew.", err=True)
