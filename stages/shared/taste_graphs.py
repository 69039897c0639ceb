"""Preference graphs of a library, with the node of each track: to train the encoder by, and to evaluate it."""

from collections.abc import Iterator, Sequence

from earshot.graph.preference_graph import build_graph
from earshot.graph.taste.track_graph import TrackGraph
from earshot.index.evaluation.audio_facts import TrackTable, graph_rows
from earshot.index.graphs.graph_store import stored_graphs
from earshot.index.library import Library


def stored_track_graphs(library: Library, tracks: TrackTable, kinds: Sequence[str] = ()) -> Iterator[TrackGraph]:
    """Read the stored graphs of these kinds, or all; liking together has no direction, so edges lose theirs.

    Raises
    ------
    LibraryError
        There is no graph of such a kind.
    """
    for kind in kinds or [graph.kind for graph in stored_graphs(library)]:
        edges, nodes, node_rows = graph_rows(library, tracks, kind)
        ends = nodes.rows(edges.source_ids), nodes.rows(edges.target_ids)
        yield TrackGraph(kind, build_graph(*ends, edges.weights, n_nodes=len(nodes)), node_rows)


def same_artist_graph(tracks: TrackTable) -> list[TrackGraph]:
    """Make the tracks of each artist one node, in a graph without edges; none where no artist is known.

    With it the encoder can learn from tags alone, before anybody has listened.
    """
    artists = tracks.nodes["artist"]
    return [TrackGraph.of_groups("same artist", artists)] if (artists >= 0).any() else []
