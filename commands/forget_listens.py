"""`cli forget-listens`: list the imports of listens, or remove one."""

import os
from pathlib import Path

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import drawn, echo_rows, plural
from earshot.data.files.path_encoding import escaped


@click.command()
@click.argument("number", type=int, required=False, metavar="[ID]")
@output_options
@click.pass_obj
def forget_listens(folder: Path, number: int | None, output: str | None) -> None:
    """List the imports of listens, or remove one by its ID; what was played here is an import for each year.

    Of what was played here, `cli plays` takes single plays back. The users that no other import has and the catalog
    tracks that nothing else names are removed too. Files stay, and the export can be imported again.

    Example:

    \b
        cli forget-listens
        cli forget-listens 2
    """
    from earshot.index import removal
    from earshot.index.library import Library
    from earshot.stages.shared.indexes import refresh_indexes

    if number is None:
        with Library.open(folder) as library:
            rows = removal.listed_imports(library)
        if output is None:  # a terminal has no room for whole paths
            rows = [row | {"imported": row["imported"][:10], "origin": _short(row["origin"])} for row in rows]
        echo_rows(rows, output, "No listens were imported.")
        return
    if output is not None:
        raise click.UsageError(f"--{output} lists the imports; leave it out with ID. Nothing was changed.")
    with Library.open_to_write(folder) as library:
        try:
            forgotten = removal.forget_listens(library, number)
        finally:  # even then: an earlier try may have been killed before it came to this
            list(drawn(refresh_indexes(library)))
    click.echo(
        f"{plural(forgotten.n_events, 'listen')} from {escaped(forgotten.origin)} forgotten, with"
        f" {plural(forgotten.n_users, 'user')} and {plural(forgotten.n_tracks, 'catalog track')} that nothing else"
        " names"
    )
    click.echo("What was made of them still contains them; `cli status` says what to renew.", err=True)


def _short(origin: str) -> str:
    """The name of an imported file; the origin of what was played here is no path."""
    return Path(origin).name if os.path.isabs(origin) else origin
