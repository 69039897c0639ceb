"""`cli build-graph`: preference graphs from listens, playlists and tags."""

from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.options import split_options
from earshot.commands.shared.terminal import user_errors


@click.command()
@click.option(
    "--from",
    "sources",
    multiple=True,
    help="May be repeated.  [default: listens and playlists, else tags]",
    type=click.Choice(["listens", "playlists", "album", "artist", "genre"]),
)
@click.option(
    "--weighting",
    type=click.Choice(["ppmi", "cosine"]),
    default="ppmi",
    show_default=True,
    help="Of listens and playlists; both discount what is popular.",
)
@click.option("--top-n", type=click.IntRange(2), default=20, show_default=True, help="Edges from each node.")
@click.option(
    "--min-together",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Listeners or playlists that two must share.",
)
@click.option("--min-degree", type=click.IntRange(0), help="Keep only nodes that so many recommend.")
@click.option("--top", type=click.IntRange(2), help="Keep only so many nodes, the most recommended.")
@split_options(
    "none",
    "Of listens to tracks take only what cli train-tower with the same --split, --share, --gap and --seed learns from:"
    " an ear that this graph teaches knows nothing of what cli evaluate asks. auto: as train-tower; none: all listens.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Of the random choice among many tracks of one tag, and of a --split by chance.",
)
@click.pass_obj
def build_graph(
    folder: Path,
    sources: tuple[str, ...],
    weighting: str,
    top_n: int,
    min_together: int,
    min_degree: int | None,
    top: int | None,
    split: str,
    share: float,
    gap: int,
    seed: int,
) -> None:
    """Make preference graphs from what is played together, stands on playlists together, or shares a tag.

    Each source becomes one graph of that name, in the place of an earlier one.

    Example:

    \b
        cli build-graph
        cli build-graph --from listens --weighting cosine --top 1000
    """
    from earshot.graph.build import graph_builders
    from earshot.index.graphs import item_groups
    from earshot.index.graphs.graph_store import store_graph
    from earshot.index.library import Library

    settings: dict[str, Any] = {"weighting": weighting, "top_n": top_n, "min_together": min_together}
    with Library.open_to_write(folder) as library:
        chosen = list(dict.fromkeys(sources)) or item_groups.present_sources(library)
        parted = None if split == "none" else {"protocol": split, "share": share, "gap_s": gap, "seed": seed}
        with user_errors():
            of_sources = [item_groups.read_groups(library, source, parted) for source in chosen]
        read = {kind: found for of_source in of_sources for kind, found in of_source.items()}
        if parted and not any(found.settings.get("split") for found in read.values()):
            raise click.UsageError("--split parts listens to tracks, and this graph would be made of none.")
        if not read:
            raise click.ClickException(
                f"This library has no {' and no '.join(chosen) or 'listens, playlists or tags'} to make a graph of.\n\n"
                "Run `cli import-listens`, `cli import-playlists`, `cli import-tags` or `cli embed-audio` first."
            )
        for kind, found in read.items():
            if found.counts is not None or kind == "playlists":
                edges = graph_builders.co_occurrence_graph(found.group_rows, found.item_ids, found.counts, **settings)
            else:
                edges = graph_builders.tag_graph(found.group_rows, found.item_ids, top_n=top_n, seed=seed)
            edges = graph_builders.top_in_degree(edges, min_degree=min_degree, top=top)
            if not len(edges.source_ids):
                click.echo(
                    f"{kind}: no edge among {found.n_items:,} {found.level}s in {found.n_groups:,} groups", err=True
                )
                continue
            with library.transaction():
                graph = store_graph(
                    library, kind, found.level, edges.source_ids, edges.target_ids, edges.weights,
                    directed=edges.directed, origin="build-graph",
                    settings=settings | {"min_degree": min_degree, "top": top, "seed": seed} | found.settings,
                )  # fmt: skip
            direction = "directed" if graph.directed else "undirected"
            click.echo(
                f"{kind}: {graph.n_edges:,} {direction} edges between {graph.n_nodes:,} of {found.n_items:,}"
                f" {graph.level}s in {found.n_groups:,} groups"
            )
