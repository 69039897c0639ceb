"""`cli graph-stats`: statistics of preference graphs, pictures and exports."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.options import NEW_FILE
from earshot.commands.shared.terminal import echo_json, user_errors
from earshot.data.files.path_encoding import escaped

if TYPE_CHECKING:
    from earshot.index.library import Library


_MAX_NEIGHBOURS = 60  # nodes that --around shows


@click.command()
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--json", "as_json", is_flag=True, help="The statistics as JSON.")
@click.option("--plot", type=NEW_FILE, metavar="FILE.png", help="Draw it, or the neighbourhood of a node.")
@click.option("--graphml", type=NEW_FILE, metavar="FILE", help="Write it for Gephi, Cytoscape and others.")
@click.option("--around", metavar="NODE", help="Draw and write only the neighbourhood of this node.")
@click.pass_obj
def graph_stats(
    folder: Path,
    kinds: tuple[str, ...],
    as_json: bool,
    plot: Path | None,
    graphml: Path | None,
    around: str | None,
) -> None:
    """Describe preference graphs: sizes, degrees, components, distances, and the nodes of highest in-degree.

    Example:

    \b
        cli graph-stats
        cli graph-stats listens --plot listens.png --around "Kraftwerk"
    """
    from earshot.index.graphs.graph_store import stored_graphs
    from earshot.index.library import Library, LibraryError

    with Library.open(folder) as library:
        kinds = kinds or tuple(graph.kind for graph in stored_graphs(library))
        if not kinds:
            raise LibraryError(
                "This library has no graph yet.\n\nRun `cli build-graph`, or `cli import-graph FILE` with one."
            )
        if (plot or graphml or around) and len(kinds) > 1:
            raise click.UsageError(f"Which one graph? There are {', '.join(kinds)}.")
        facts = []
        for kind in kinds:
            facts.append(_graph_facts(library, kind, plot, graphml, around))
            if not as_json:
                _echo_graph(facts[-1])
    if as_json:
        echo_json(facts, indent=2)
    for path in filter(None, (plot, graphml)):
        click.echo(f"{path} written", err=True)


def _graph_facts(
    library: "Library", kind: str, plot: Path | None, graphml: Path | None, around: str | None
) -> dict[str, Any]:
    """Statistics of one graph; writes the picture and the export, if any."""
    import numpy as np

    from earshot.graph.graph_files import write_graphml
    from earshot.graph.graph_statistics import graph_statistics, neighbourhood
    from earshot.graph.preference_graph import graph_from_ids
    from earshot.index.graphs.graph_store import find_graph, read_edges
    from earshot.index.tracks.name_resolution import ids_with_audio, match_nodes, node_names

    stored, edges = find_graph(library, kind), read_edges(library, [kind])
    ids, graph = graph_from_ids(edges.source_ids, edges.target_ids, edges.weights, directed=edges.directed)
    node_ids, degrees = ids.all_ids, graph.in_degrees()
    has_audio = np.isin(node_ids, ids_with_audio(library, stored.level))
    best = np.argsort(-degrees, kind="stable")
    facts = asdict(stored) | asdict(graph_statistics(graph)) | {"with_audio": float(has_audio.mean())}
    names = node_names(library, stored.level, node_ids[best[:10]])
    facts["most_recommended"] = dict(zip(names, degrees[best[:10]].tolist(), strict=True))
    if not (plot or graphml or around):
        return facts
    middle, shown = int(best[0]), np.arange(graph.n_nodes)
    if around is not None:
        (wanted,) = match_nodes(library, [around], stored.level, create=False).ids
        if wanted not in node_ids:
            raise click.ClickException(f"No {stored.level} of the graph {kind!r} answers to {around!r}.")
        middle = int(ids.rows(wanted))
        shown = neighbourhood(graph, middle, _MAX_NEIGHBOURS)
        facts["around"] = node_names(library, stored.level, node_ids[shown[1:11]])
    with user_errors():
        if graphml:
            write_graphml(graphml, graph.subgraph(shown), node_names(library, stored.level, node_ids[shown]))
        if plot:
            from earshot.graph.drawing.graph_drawing import MAX_NODES, draw_graph

            whole = graph.n_nodes <= MAX_NODES and around is None
            shown = shown if whole or around else neighbourhood(graph, middle, MAX_NODES)
            names = node_names(library, stored.level, node_ids[shown])
            title = kind if whole else f"{kind} around {names[0]}"
            marked_row = None if whole else 0
            draw_graph(plot, graph.subgraph(shown), names, has_audio[shown], title=title, marked_row=marked_row)
    return facts


def _echo_graph(facts: dict[str, Any]) -> None:
    def degrees(quantiles: dict[str, float]) -> str:
        return ", ".join(f"{name} {value:,.0f}" for name, value in quantiles.items())

    direction = "directed" if facts["directed"] else "undirected"
    click.echo(
        f"{escaped(facts['kind'])}: {facts['n_edges']:,} {direction} edges between"
        f" {facts['n_nodes']:,} {facts['level']}s"
    )
    rows = {
        "made": f"{facts['made'][:10]}, {facts['origin']}",
        "with audio": f"{100 * facts['with_audio']:.1f} %",
        "in-degree" if facts["directed"] else "degree": degrees(facts["in_degrees"]),
        "out-degree": degrees(facts["out_degrees"]) if facts["directed"] else "",
        "components": f"{facts['n_components']:,}, the largest holds {100 * facts['largest_component']:.1f} %",
        "hops apart": ", ".join(f"{hop}: {100 * share:.1f} %" for hop, share in facts["hop_shares"].items())
        + f" (of pairs, from {facts['n_sources']:,} nodes)",
        "recommended": ", ".join(f"{name} ({n:,})" for name, n in facts["most_recommended"].items()),
        "around": ", ".join(facts.get("around", [])),
    }
    for name, text in rows.items():
        if text:
            click.echo(f"  {name:<12}{escaped(text)}")
