"""`cli build-graph`: preference graphs from listens, playlists and tags."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.options import json_option, split_options
from earshot.commands.shared.terminal import echo_json


@click.command()
@click.option(
    "--from",
    "sources",
    multiple=True,
    help="What nodes share; may be repeated.  [default: listens and playlists, else tags]",
    type=click.Choice(["listens", "playlists", "album", "artist", "genre"]),
)
@click.option(
    "--weighting",
    type=click.Choice(["ppmi", "cosine"]),
    default="ppmi",
    help="How edges of listens and playlists are weighted; both discount what is popular.",
)
@click.option("--top-n", type=click.IntRange(2), default=20, help="Edges from each node.")
@click.option("--min-together", type=click.IntRange(1), default=2, help="Listeners or playlists that two must share.")
@click.option("--min-degree", type=click.IntRange(0), help="Keep only nodes with at least this many edges to them.")
@click.option("--top", type=click.IntRange(2), help="Keep only this many nodes, those with the most edges to them.")
@split_options(
    "none",
    "Take only the listens to tracks that cli train-tower learns from with the same --split, --share, --gap and --seed,"
    " so that an encoder trained on this graph has seen nothing of the test. auto: as train-tower; none: all listens.",
)
@click.option(
    "--seed", default=0, help="Of the random choice among many tracks of one tag, and of a --split by chance."
)
@json_option
@click.pass_obj
def build_graph(folder: Path, as_json: bool, **settings: Any) -> None:
    """Build preference graphs: edges between tracks, or artists, that share listeners, playlists or tags.

    Each source becomes one graph of that name, in the place of an earlier one. With one listener, sessions count as
    listeners do.

    Example:

    \b
        cli build-graph
        cli build-graph --from listens --weighting cosine --top 1000
    """
    from earshot.index.library import Library
    from earshot.stages.build_graphs import build_graphs

    built = []
    with Library.open_to_write(folder) as library:
        for graph in build_graphs(library, **settings):
            built.append(asdict(graph))
            if not as_json:
                click.echo(str(graph), err=graph.graph is None)
    if as_json:
        echo_json(built, indent=2)
