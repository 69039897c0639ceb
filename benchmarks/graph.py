"""Building a preference graph and searching it for hop distances, beside networkx and torch-geometric.

Each contender gets the same random edges in a process of its own, which also tells its peak memory.

Examples:
    python benchmarks/graph.py
    python benchmarks/graph.py --nodes 1000000 --edges 25000000 --hops 2 --only ours
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

from measuring import run, show

# A script's own folder comes first in the search for modules, and there this file stands where the package `graph` is
# meant. So it says where the package's modules lie, for itself and for the other benchmarks.
__path__ = [str(Path(__file__).parent.parent / "graph")]

DEEZER = (41_773, 125_826)  # nodes and edges of the Romanian friendships in Deezer's public set
N_SOURCES = 100
REPEATS = 3  # of each search; the median counts

Search = Callable[[list[int], int], int]  # sources and hops to how many nodes were reached, all together


def random_edges(n_nodes: int, n_edges: int) -> np.ndarray:
    """Shape (2, n_edges) int32; the lower rows are liked by more, as in life."""
    rng = np.random.default_rng(7)
    targets = (n_nodes * rng.random(n_edges) ** 2).astype(np.int32)
    return np.stack([rng.integers(0, n_nodes, n_edges, dtype=np.int32), targets])


def build_ours(edges: np.ndarray, n_nodes: int) -> Search:
    from earshot.graph.bfs import bfs
    from earshot.graph.preference_graph import build_graph

    graph = build_graph(edges[0], edges[1], n_nodes=n_nodes)
    return lambda sources, hops: sum(len(reached.rows) for reached in bfs(graph, sources, hops))


def build_networkx(edges: np.ndarray, n_nodes: int) -> Search:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(n_nodes))
    graph.add_edges_from(edges.T.tolist())
    search = nx.single_source_shortest_path_length
    return lambda sources, hops: sum(len(search(graph, source, cutoff=hops)) for source in sources)


def build_torch_geometric(edges: np.ndarray, n_nodes: int) -> Search:
    import torch
    from torch_geometric.utils import coalesce, k_hop_subgraph, to_undirected

    # It tells which nodes lie within so many hops, not how far each is: less than the others tell.
    edge_index = coalesce(to_undirected(torch.from_numpy(edges.astype(np.int64)), num_nodes=n_nodes))
    return lambda sources, hops: sum(
        len(k_hop_subgraph(source, hops, edge_index, num_nodes=n_nodes)[0]) for source in sources
    )


CONTENDERS = {"ours": build_ours, "networkx": build_networkx, "torch-geometric": build_torch_geometric}


def measure(name: str, n_nodes: int, n_edges: int, all_hops: list[int]) -> dict[str, float]:
    """Run in a process of its own: seconds to build and to search, and how many nodes were reached."""
    edges = random_edges(n_nodes, n_edges)
    sources = np.random.default_rng(8).integers(0, n_nodes, N_SOURCES).tolist()
    CONTENDERS[name](edges[:, :10], n_nodes)([0], 1)  # imports are not what is measured
    before = memory_mib()
    began = perf_counter()
    search = CONTENDERS[name](edges, n_nodes)
    figures = {"build s": perf_counter() - began, "held MiB": memory_mib() - before}
    for hops in all_hops:
        taken = []
        for _ in range(REPEATS):
            began = perf_counter()
            figures[f"reached in {hops}"] = search(sources, hops)
            taken.append(perf_counter() - began)
        figures[f"{hops} hops ms"] = 1e3 * statistics.median(taken)
    return figures


def memory_mib() -> float:
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def rows(names: list[str], n_nodes: int, n_edges: int, all_hops: list[int]) -> Iterator[dict[str, str | float]]:
    """One contender at a time; ratios are to the first."""
    first: dict[str, float] = {}
    for name in names:
        size = ["--nodes", n_nodes, "--edges", n_edges, "--hops", *all_hops]
        outcome = run([sys.executable, __file__, "--child", name, *size])
        figures = json.loads(outcome.output)
        first = first or figures
        row: dict[str, str | float] = {"contender": name, "peak MiB": outcome.parent_mib}
        row |= {
            "held MiB": figures["held MiB"],
            "build s": figures["build s"],
            "x": figures["build s"] / first["build s"],
        }
        for hops in all_hops:
            if figures[f"reached in {hops}"] != first[f"reached in {hops}"]:
                raise RuntimeError(f"{name} reaches other nodes: {figures} and {first}")
            time = f"{hops} hops ms"
            row |= {time: figures[time], f"x{' ' * hops}": figures[time] / first[time]}
        yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=DEEZER[0])
    parser.add_argument("--edges", type=int, default=DEEZER[1])
    parser.add_argument("--hops", type=int, nargs="*", default=[2, 4])
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--child", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(arguments.child, arguments.nodes, arguments.edges, arguments.hops)))
        return
    print(f"{arguments.nodes:,} nodes, {arguments.edges:,} undirected edges; hop distances from {N_SOURCES} sources\n")
    show(list(rows(arguments.only, arguments.nodes, arguments.edges, arguments.hops)))


if __name__ == "__main__":
    main()
