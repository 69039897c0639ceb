"""`cli graph-stats`: statistics of preference graphs, pictures and exports."""

from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.options import NEW_FILE
from earshot.commands.shared.terminal import echo_json
from earshot.data.files.path_encoding import escaped


@click.command()
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--json", "as_json", is_flag=True, help="The statistics as JSON.")
@click.option(
    "--plot", type=NEW_FILE, metavar="FILE.png", help="Draw the graph, or the neighbourhood that --around names."
)
@click.option("--graphml", type=NEW_FILE, metavar="FILE", help="Write GraphML, for Gephi, Cytoscape and others.")
@click.option(
    "--around",
    metavar="NODE",
    help="Name, draw and write only the neighbourhood of this node: a name, or what `cli similar` takes.",
)
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
    from earshot.stages.graph_view import view_graph

    with Library.open(folder) as library, user_errors():
        kinds = kinds or tuple(graph.kind for graph in stored_graphs(library))
        if not kinds:
            raise LibraryError(
                "This library has no graph yet.\n\nRun `cli build-graph`, or `cli import-graph FILE` with one."
            )
        if (plot or graphml or around) and len(kinds) > 1:
            raise click.UsageError(f"Which graph? There are {', '.join(kinds)}.")
        facts = []
        for kind in kinds:
            view = view_graph(library, kind, around)
            if graphml:
                view.export(graphml)
            if plot:
                view.draw(plot)
            facts.append(view.facts)
            if not as_json:
                _echo_graph(facts[-1])
    if as_json:
        echo_json(facts, indent=2)
    for path in filter(None, (plot, graphml)):
        click.echo(f"{path} written", err=True)


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
