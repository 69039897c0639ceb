"""Build preference graphs from listens, playlists and tags of a library."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from earshot.graph.build.co_occurrence import WEIGHTINGS, co_occurrence_edges
from earshot.graph.build.tag_edges import tag_edges
from earshot.graph.preference_graph import top_in_degree
from earshot.index.graphs.graph_store import StoredGraph, store_graph
from earshot.index.graphs.item_groups import Groups, present_sources, read_groups
from earshot.index.library import Library
from earshot.stages.shared.reports import InputError, StageError, as_stage_error

_SOURCES = ("listens", "playlists", "album", "artist", "genre")


@dataclass(frozen=True)
class BuiltGraph:
    """A graph that was stored, or one without edges, which was not."""

    kind: str
    level: str  # of its nodes: track, album or artist
    n_items: int  # that the source names
    n_groups: int  # listeners, playlists or tags that they were found in
    graph: StoredGraph | None  # None if no two items share enough groups

    def __str__(self) -> str:
        if self.graph is None:
            return f"{self.kind}: no edge among {self.n_items:,} {self.level}s in {self.n_groups:,} groups"
        direction = "directed" if self.graph.directed else "undirected"
        return (
            f"{self.kind}: {self.graph.n_edges:,} {direction} edges between {self.graph.n_nodes:,} of {self.n_items:,}"
            f" {self.level}s in {self.n_groups:,} groups"
        )


def build_graphs(
    library: Library,
    sources: Sequence[str] = (),
    *,
    weighting: str = "ppmi",
    top_n: int = 20,
    min_together: int = 2,
    min_degree: int | None = None,
    top: int | None = None,
    split: str = "none",
    share: float = 0.1,
    gap_s: int = 1_800,
    seed: int = 0,
) -> Iterator[BuiltGraph]:
    """Build one graph of each source, in the place of an earlier one of that name.

    Arguments are those of `cli build-graph`; `gap_s` is in seconds. The library is open to write.

    Raises
    ------
    StageError
        The library has none of the sources, or its listens cannot be split so.
    InputError
        There is no such source or weighting, or there are no listens to tracks that could be split.
    """
    for name, values, allowed in (("sources", sources, _SOURCES), ("weighting", [weighting], WEIGHTINGS)):
        if unknown := [value for value in values if value not in allowed]:
            raise InputError(f"{name} has {unknown[0]!r}; there are {', '.join(allowed)}")
    chosen = list(dict.fromkeys(sources)) or present_sources(library)
    settings: dict[str, Any] = {"weighting": weighting, "top_n": top_n, "min_together": min_together}
    groups_by_kind = _read_groups(library, chosen, split, {"share": share, "gap_s": gap_s, "seed": seed})
    for kind, groups in groups_by_kind.items():
        if groups.counts is not None or kind == "playlists":
            edges = co_occurrence_edges(groups.group_rows, groups.item_ids, groups.counts, **settings)
        else:
            edges = tag_edges(groups.group_rows, groups.item_ids, top_n=top_n, seed=seed)
        edges = top_in_degree(edges, min_degree=min_degree, top=top)
        graph = None
        if len(edges.source_ids):
            with library.transaction():
                graph = store_graph(
                    library, kind, groups.level, edges.source_ids, edges.target_ids, edges.weights,
                    directed=edges.directed, origin="build-graph",
                    settings=settings | {"min_degree": min_degree, "top": top, "seed": seed} | groups.settings,
                )  # fmt: skip
        yield BuiltGraph(kind, groups.level, groups.n_items, groups.n_groups, graph)


def _read_groups(
    library: Library, sources: Sequence[str], split: str, split_settings: dict[str, Any]
) -> dict[str, Groups]:
    """Read items in groups of all sources, by kind of graph."""
    protocol = None if split == "none" else {"protocol": split} | split_settings
    with as_stage_error():
        groups_of_sources = [read_groups(library, source, protocol) for source in sources]
    groups_by_kind = {kind: groups for of_source in groups_of_sources for kind, groups in of_source.items()}
    if protocol and not any(groups.settings.get("split") for groups in groups_by_kind.values()):
        raise InputError("--split parts listens to tracks, and this graph would be made of none.")
    if not groups_by_kind:
        raise StageError(
            f"This library has no {' and no '.join(sources) or 'listens, playlists or tags'} to make a graph of.\n\n"
            "Run `cli import-listens`, `cli import-playlists`, `cli import-tags` or `cli embed-audio` first."
        )
    return groups_by_kind
