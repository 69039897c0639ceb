"""`cli export`: the library as Parquet, for other programs."""

from dataclasses import asdict
from pathlib import Path

import click

from earshot.commands.shared.options import HomePath, json_option
from earshot.commands.shared.terminal import echo_json, last_report, plural
from earshot.data.files.path_encoding import shown_path


@click.command()
@click.option(
    "--parquet",
    type=HomePath(path_type=Path),
    metavar="FOLDER",
    required=True,
    help="A new folder, or an earlier export, which is replaced.",
)
@json_option
@click.pass_obj
def export(folder: Path, parquet: Path, as_json: bool) -> None:
    """Export tracks, vectors, neighbours and recommendations as Parquet.

    DuckDB, LanceDB, Qdrant, Milvus, Spark, polars and pandas load it as it is: docs/export.md has the layout and lines
    to copy. The folder is written whole or not at all, and shows the library at one moment; until it is read, commands
    that write wait. Listens are Parquet already, in the folder listens/ of the library.

    Example:

    \b
        cli export --parquet ~/export
        duckdb -c "SELECT artist, count(*) FROM '~/export/tracks/*.parquet' GROUP BY artist"
    """
    from earshot.index.library import Library
    from earshot.stages.exports.export import ExportReport, export_parquet

    with Library.open(folder) as library:
        report = last_report(export_parquet(library, parquet), ExportReport)
    if as_json:
        echo_json(asdict(report), indent=2)
        return
    click.echo(
        f"{plural(report.rows['tracks'], 'track')}, {plural(report.rows['neighbours'], 'neighbour')} and"
        f" {plural(report.rows['recommendations'], 'recommendation')} written to {shown_path(report.folder)}"
    )
    for name, space in report.spaces.items():
        click.echo(f"  {space.folder}: {plural(space.n_vectors, 'vector')} of {space.dim} numbers ({name})")
