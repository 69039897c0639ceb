"""`cli import-graph`: a preference graph from a file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.name_options import echo_nodes, echo_translation, names_options
from earshot.commands.shared.options import EXISTING_FILE
from earshot.commands.shared.terminal import echo_malformed, user_errors


@click.command()
@click.argument("file", type=EXISTING_FILE)
@click.option(
    "--level",
    type=click.Choice(["track", "album", "artist"]),
    help="What the nodes are.  [default: as the columns' names say, else as most of the names are known]",
)
@click.option("--kind", metavar="NAME", help="What the graph is called.  [default: the file's name]")
@click.option("--directed/--undirected", default=None, help="[default: directed, or as a graph file says]")
@click.option("--source", metavar="COLUMN", help="Who recommends; else looked for.")
@click.option("--target", metavar="COLUMN", help="What is recommended; else looked for.")
@click.option("--weight", metavar="COLUMN", help="How strongly; else looked for, else 1.")
@names_options
@click.pass_obj
def import_graph(
    folder: Path,
    file: Path,
    level: str | None,
    kind: str | None,
    directed: bool | None,
    source: str | None,
    target: str | None,
    weight: str | None,
    **naming: Any,
) -> None:
    """Read a preference graph: an edge list (CSV, TSV, TXT, Parquet), GraphML or GEXF.

    Nodes are matched with the library's tracks (by path, "Artist - Title" or title), albums or artists (by name);
    those it does not know are kept all the same. A graph of the same name is replaced.

    Example:

    \b
        cli import-graph friends.csv --level artist --undirected
        cli import-graph influence.csv --level artist --names artists.csv
    """
    from earshot.data.tables.edge_lists import read_edge_list
    from earshot.data.tables.name_tables import level_of
    from earshot.graph import graph_files
    from earshot.index.graphs import graph_store
    from earshot.index.library import Library
    from earshot.index.tracks.name_resolution import likeliest_level
    from earshot.stages.name_mapping import NameOptions, map_names

    with user_errors():
        if file.suffix.lower() in graph_files.SUFFIXES:
            found = graph_files.read_graph_file(file, weight=weight or "weight")
            edges, directed = found.edges, found.directed if directed is None else directed
        else:
            edges = read_edge_list(file, source=source, target=target, weight=weight)
        options = NameOptions(**naming)
        mapped = map_names(edges.names, level or level_of(*edges.columns), file, options)
        echo_translation(mapped, options.names)
        with Library.open_to_write(folder) as library:
            level = mapped.level or likeliest_level(library, mapped.names, mapped.folders)
            done = graph_store.import_graph(
                library, replace(edges, names=list(mapped.names)), kind or file.stem, level,
                directed=directed is not False, origin=str(file.absolute()), names_are=mapped.names_are,
                folders=mapped.folders,
            )  # fmt: skip
    graph = done.graph
    direction = "directed" if graph.directed else "undirected"
    click.echo(f"{graph.kind}: {graph.n_edges:,} {direction} edges between {graph.n_nodes:,} {level}s")
    echo_nodes(done.nodes, level, mapped.names)
    echo_malformed(edges.n_malformed, edges.malformed)
