"""`cli import-graph`: import a preference graph from a file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.name_options import echo_nodes, echo_translation, names_options, node_counts
from earshot.commands.shared.options import EXISTING_FILE, json_option
from earshot.commands.shared.terminal import echo_json, echo_malformed


@click.command()
@click.argument("file", type=EXISTING_FILE)
@click.option(
    "--level",
    type=click.Choice(["track", "album", "artist"]),
    help="What the nodes are.  [default: by the names of the columns, else the level at which most names are known]",
)
@click.option("--kind", metavar="NAME", help="The name of the graph.  [default: the file's name]")
@click.option(
    "--directed/--undirected",
    default=None,
    help="Whether edges have a direction.  [default: directed, or as a graph file says]",
)
@click.option("--source", metavar="COLUMN", help="The sources of edges; else found by its name.")
@click.option("--target", metavar="COLUMN", help="The targets of edges; else found by its name.")
@click.option("--weight", metavar="COLUMN", help="The weights of edges; else found by its name, else 1.")
@names_options
@json_option
@click.pass_obj
def import_graph(folder: Path, file: Path, as_json: bool, **settings: Any) -> None:
    """Import a preference graph: an edge list (CSV, TSV, TXT, Parquet), GraphML or GEXF.

    Nodes are matched with the library's tracks (by path, "Artist - Title" or title), albums or artists (by name);
    those it does not know are kept too. A graph of the same name is replaced.

    Example:

    \b
        cli import-graph friends.csv --level artist --undirected
        cli import-graph influence.csv --level artist --names artists.csv
    """
    from earshot.index.library import Library
    from earshot.stages.imports import import_graph as stage

    config = stage.ImportGraphConfig(**settings)
    with user_errors():
        read = stage.read_graph(file, config)
        echo_translation(read.names, config.names)
        with Library.open_to_write(folder) as library:
            result = stage.import_graph(library, read)
    graph = result.graph
    if as_json:
        echo_json(asdict(graph) | node_counts(result.nodes) | {"n_malformed": read.edges.n_malformed}, indent=2)
        return
    direction = "directed" if graph.directed else "undirected"
    click.echo(f"{graph.kind}: {graph.n_edges:,} {direction} edges between {graph.n_nodes:,} {graph.level}s")
    echo_nodes(result.nodes, graph.level, read.edges.names)
    echo_malformed(read.edges.n_malformed, read.edges.malformed)
