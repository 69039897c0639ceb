"""Does spreading find what a track sounds like? Hide some that are known, spread, and look.

Each hidden node is asked two questions. *Whose vector is it?* All hidden nodes' true vectors are ranked by their cosine
with the spread one. *Who is near?* Among all nodes with audio, how many of the ten nearest are neighbours in the graph?

Beside the values of spreading stand those of chance (exact, not drawn), of the mean of the direct neighbours, of the
same spreading over a random graph with the same degrees, and for the second question of the true audio vectors. A node
that nothing reaches has a cosine of zero with everything and the middle rank; it counts.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import sparse

from earshot.data.cosine import top_k, unit_rows
from earshot.evaluation.metrics.bootstrap import bootstrap_interval
from earshot.evaluation.metrics.metric_value import ALL, CHANCE, MetricValue
from earshot.graph.config import DiffusionConfig
from earshot.graph.diffusion.diffusion import diffuse
from earshot.graph.preference_graph import PreferenceGraph, build_graph

NEAREST = 10
_QUERIES = 2_000  # hidden nodes that are asked; more would narrow no interval that matters
_SCORES = 2**24  # at a time, 64 MiB
_FEWEST = 5  # nodes with audio


def check_recovery(
    graph: PreferenceGraph,
    vectors: np.ndarray,
    known_rows: np.ndarray,
    config: DiffusionConfig,
    hide: float = 0.2,
    seed: int = 0,
    slice: str = ALL,
) -> list[MetricValue]:
    """Hide a share of the nodes with audio and see how well spreading recovers them.

    Parameters
    ----------
    vectors : shape (n_known, dim)
        Of unit length, as `diffuse` takes them.
    hide : between 0 and 1
    slice : the slice of the values

    Returns
    -------
    list of MetricValue
        Of the subjects 'diffused', 'neighbour mean', 'random graph', 'chance' and 'audio'; metrics 'reached', 'cosine',
        'hit' (of the own vector among the first k), 'mrr', and 'graph neighbours' (their share among the k nearest).

    Raises
    ------
    ValueError
        `hide` leaves nothing to hide or nothing to spread.
    """
    n_hidden = round(hide * len(known_rows))
    if not 0 < hide < 1 or len(known_rows) < _FEWEST or not 2 <= n_hidden < len(known_rows):
        raise ValueError(
            f"hiding {hide:g} of {len(known_rows)} nodes with audio: "
            "the check hides two or more, of five or more, and leaves one to spread"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(known_rows))
    hidden, heard = np.sort(order[:n_hidden]), np.sort(order[n_hidden:])
    queries = np.sort(rng.permutation(n_hidden)[:_QUERIES])  # places in `hidden`
    graph = graph.undirected()
    rows, truth = known_rows[hidden], unit_rows(vectors[hidden])

    def recovered(world: PreferenceGraph) -> np.ndarray:
        return diffuse(world, vectors[heard], known_rows[heard], config).vectors[rows]  # (n_hidden, dim)

    guesses = {
        "diffused": recovered(graph),
        "neighbour mean": neighbour_means(graph, vectors[heard], known_rows[heard])[rows],
        "random graph": recovered(degree_preserving_random(graph, rng)),
    }
    values: list[MetricValue] = []
    for subject, guess in guesses.items():
        values += _rank_values(subject, guess[queries], truth, queries, seed)
    by_chance = {
        ("hit", 1): 1 / n_hidden,
        ("hit", NEAREST): min(NEAREST / n_hidden, 1.0),
        ("mrr", None): (1 / np.arange(1, n_hidden + 1)).mean(),
    }
    values += [MetricValue.of(CHANCE, metric, k, value, len(queries)) for (metric, k), value in by_chance.items()]
    values += _neighbour_values(graph, vectors, known_rows, hidden, queries, guesses["diffused"], seed)
    return [replace(value, slice=slice) for value in values]


def neighbour_means(graph: PreferenceGraph, vectors: np.ndarray, known_rows: np.ndarray) -> np.ndarray:
    """The weighted mean of each node's direct neighbours with audio, shape (n_nodes, dim), zero where there is none."""
    matrix = sparse.csr_array((graph.weights, graph.indices, graph.indptr), shape=(graph.n_nodes, graph.n_nodes))
    return unit_rows(matrix[:, known_rows] @ vectors)


def degree_preserving_random(graph: PreferenceGraph, rng: np.random.Generator) -> PreferenceGraph:
    """A random undirected graph in which every node keeps its degree, but for the few edges that fall together."""
    sources = np.repeat(np.arange(graph.n_nodes, dtype=np.int32), graph.out_degrees())
    once = sources < graph.indices
    ends = rng.permutation(np.concatenate([sources[once], graph.indices[once]]))
    one, other = np.split(ends, 2)
    return build_graph(one, other, graph.weights[once], n_nodes=graph.n_nodes)


def middle_ranks(guesses: np.ndarray, truth: np.ndarray, own_rows: np.ndarray) -> np.ndarray:
    """Where each guess ranks its own true vector among all, from 1; what ties takes the middle. Shape (n_guesses,)."""
    ranks = np.empty(len(guesses))
    n_block = max(1, _SCORES // max(len(truth), 1))
    for start in range(0, len(guesses), n_block):
        block = slice(start, start + n_block)
        scores = guesses[block] @ truth.T  # (n_block, n_truth)
        own = np.take_along_axis(scores, own_rows[block, None], axis=1)
        ranks[block] = (scores > own).sum(axis=1) + ((scores == own).sum(axis=1) + 1) / 2
    return ranks


def _rank_values(
    subject: str, guesses: np.ndarray, truth: np.ndarray, own_rows: np.ndarray, seed: int
) -> Iterator[MetricValue]:
    """Whose vector is it?"""
    cosines = np.einsum("nd,nd->n", guesses, truth[own_rows])
    ranks = middle_ranks(guesses, truth, own_rows)
    values: list[tuple[str, int | None, np.ndarray]] = [
        ("reached", None, np.abs(guesses).max(axis=1) > 0),
        ("cosine", None, cosines),
        ("hit", 1, ranks <= 1),
        ("hit", NEAREST, ranks <= NEAREST),
        ("mrr", None, 1 / ranks),
    ]
    for metric, k, column in values:
        yield _mean(subject, metric, k, column.astype(np.float64), seed)


def _neighbour_values(
    graph: PreferenceGraph,
    vectors: np.ndarray,
    known_rows: np.ndarray,
    hidden: np.ndarray,
    queries: np.ndarray,
    guesses: np.ndarray,
    seed: int,
) -> Iterator[MetricValue]:
    """Who is near? Everything here is a place among the nodes with audio, not a row of the graph."""
    place_of = np.full(graph.n_nodes, -1, dtype=np.int64)
    place_of[known_rows] = np.arange(len(known_rows))
    mixed = unit_rows(vectors)
    true_vectors = mixed.copy()
    mixed[hidden] = guesses
    neighbours = []
    for place in hidden[queries]:
        around = place_of[graph.indices[graph.indptr[known_rows[place]] : graph.indptr[known_rows[place] + 1]]]
        neighbours.append(around[around >= 0])
    asked = np.array([position for position, around in enumerate(neighbours) if len(around)], dtype=np.int64)
    if not len(asked):
        return
    for subject, matrix in (("diffused", mixed), ("audio", true_vectors)):
        found = top_k(matrix, NEAREST, query_rows=hidden[queries[asked]])  # (n_asked, 10)
        shares = [np.isin(list_, neighbours[at]).mean() for list_, at in zip(found, asked, strict=True)]
        yield _mean(subject, "graph neighbours", NEAREST, np.array(shares), seed)
    by_chance = np.mean([len(neighbours[at]) for at in asked]) / (len(known_rows) - 1)
    yield MetricValue.of(CHANCE, "graph neighbours", NEAREST, float(by_chance), len(asked))


def _mean(subject: str, metric: str, k: int | None, values: np.ndarray, seed: int) -> MetricValue:
    interval = bootstrap_interval(values, seed=seed)
    return MetricValue.of(subject, metric, k, values.mean(), len(values), interval=interval)
