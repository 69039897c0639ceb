"""Seconds and memory of spreading sound over a graph, beside torch-geometric's message passing on edge lists.

Each side runs in a process of its own on the same random graph; the peer computes the same values.

Example: python benchmarks/diffuse.py --nodes 1000000 --edges 10000000
"""

import argparse
import sys
import warnings
from time import perf_counter

import numpy as np

from earshot.graph.config import DiffusionConfig
from earshot.graph.diffusion.diffusion import diffuse
from earshot.graph.preference_graph import build_graph
from measuring import run, show

DIM = 128
WITH_AUDIO = 0.2
LIMIT_MIB = 6 * 1024  # at a million nodes and ten million edges
CONFIG = DiffusionConfig(method="ppr", steps=10, alpha=0.15)


def make_world(n_nodes: int, n_edges: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Source and target rows, shape (n_edges,), rows with audio, and their vectors."""
    rng = np.random.default_rng(0)
    sources, targets = (rng.integers(n_nodes, size=n_edges, dtype=np.int32) for _ in range(2))
    known = np.sort(rng.permutation(n_nodes)[: int(WITH_AUDIO * n_nodes)])
    vectors = rng.standard_normal((len(known), DIM), dtype=np.float32)
    return sources, targets, known, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ours(n_nodes: int, n_edges: int) -> None:
    _import_torch_geometric()
    sources, targets, known, vectors = make_world(n_nodes, n_edges)
    began = perf_counter()
    graph = build_graph(sources, targets, n_nodes=n_nodes)
    built = perf_counter()
    found = diffuse(graph, vectors, known, CONFIG)
    print(built - began, perf_counter() - built, np.delete(found, known, axis=0)[::97].sum(dtype=np.float64))


def peer(n_nodes: int, n_edges: int) -> None:
    """APPNP as its page has it: an edge list, and all columns at once."""
    _import_torch_geometric()
    import torch
    from torch_geometric.nn import APPNP
    from torch_geometric.utils import to_undirected

    sources, targets, known, vectors = make_world(n_nodes, n_edges)
    began = perf_counter()
    edges = to_undirected(torch.from_numpy(np.stack([sources, targets]).astype(np.int64)))
    edges = edges[:, edges[0] != edges[1]]
    built = perf_counter()
    start = torch.zeros(n_nodes, DIM)
    start[known] = torch.from_numpy(vectors)
    found = torch.nn.functional.normalize(APPNP(CONFIG.steps, CONFIG.alpha)(start, edges))
    seconds = perf_counter() - built
    reached = found.any(dim=1)
    reached[known] = False
    print(built - began, seconds, found[reached][::97].sum(dtype=torch.float64).item())


def _import_torch_geometric() -> None:
    """Seconds that neither side should be charged for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch_geometric.nn  # noqa: F401


def measured(who: str, n_nodes: int, n_edges: int) -> dict[str, str | float]:
    outcome = run([sys.executable, __file__, "--side", who, "--nodes", n_nodes, "--edges", n_edges])
    build, spread, value = map(float, outcome.output.split())
    return {
        "side": who, "nodes": f"{n_nodes:,}", "edges": f"{n_edges:,}", "graph s": build, "spread s": spread,
        "whole process s": outcome.seconds, "peak MiB": outcome.parent_mib, "checksum": f"{value:.2f}",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument(
        "--smaller", type=int, default=10, help="by how much the graph is smaller that the peer gets too"
    )
    parser.add_argument("--side", choices=["ours", "peer"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        {"ours": ours, "peer": peer}[arguments.side](arguments.nodes, arguments.edges)
        return
    small = arguments.nodes // arguments.smaller, arguments.edges // arguments.smaller
    rows = [measured("peer", *small), measured("ours", *small), measured("ours", arguments.nodes, arguments.edges)]
    print(
        f"{CONFIG.steps} steps of {CONFIG.method}, {DIM} dimensions, {100 * WITH_AUDIO:.0f} % of the nodes with audio\n"
    )
    show(rows)
    slower, larger = (float(rows[0][name]) / float(rows[1][name]) for name in ("spread s", "peak MiB"))
    print(f"\nthe peer takes {slower:.1f} x our time and {larger:.1f} x our memory on the same graph")
    peak = float(rows[2]["peak MiB"])
    print(f"{'within' if peak < LIMIT_MIB else 'BEYOND'} the {LIMIT_MIB:,} MiB allowed")


if __name__ == "__main__":
    main()
