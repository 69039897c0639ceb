"""Check of diffusion: hide the audio of some nodes, diffuse the rest, and compare with the hidden vectors.

Each hidden node gives two kinds of metrics. *Retrieval*: the true vectors of all hidden nodes are ranked by their
cosine with the diffused one. *Neighbours*: among all nodes with audio, the share of its ten nearest that are neighbours
in the graph.

Baselines are chance (exact, not drawn), the mean of the direct neighbours, the same diffusion over a random graph with
the same degrees, and for neighbours the true audio vectors. A node out of reach has a cosine of zero with everything
and the middle rank; it counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from earshot.data.cosine import top_k, unit_rows
from earshot.evaluation.metrics.metric_value import ALL, CHANCE, Columns, MetricValue, mean_values
from earshot.graph.config import DiffusionConfig
from earshot.graph.diffusion.diffusion import diffuse
from earshot.graph.preference_graph import PreferenceGraph, build_graph

NEAREST = 10  # length of lists
_MAX_QUERIES = 2_000  # hidden nodes; more would hardly narrow the intervals
_MAX_SCORES = 2**24  # in memory at a time, 64 MiB
_MIN_KNOWN = 5  # nodes with audio


def check_recovery(
    graph: PreferenceGraph,
    vectors: np.ndarray,
    known_rows: np.ndarray,
    config: DiffusionConfig,
    hide: float = 0.2,
    seed: int = 0,
    slice: str = ALL,
) -> list[MetricValue]:
    """Measure how well diffusion recovers the vectors of a hidden share of the nodes with audio.

    Parameters
    ----------
    vectors : shape (n_known, dim)
        Of unit length, as `diffuse` takes them.
    hide : share, between 0 and 1
    slice : named in every value

    Returns
    -------
    list of MetricValue
        Of the subjects 'diffused', 'neighbour mean', 'random graph', 'chance' and 'audio'; metrics 'reached', 'cosine',
        'hit' (the true vector is among the first k), 'mrr', and 'graph neighbours' (their share among the k nearest).

    Raises
    ------
    ValueError
        `hide` leaves nothing to hide or nothing to diffuse.
    """
    n_hidden = round(hide * len(known_rows))
    if not 0 < hide < 1 or len(known_rows) < _MIN_KNOWN or not 2 <= n_hidden < len(known_rows):
        raise ValueError(
            f"hiding {hide:g} of {len(known_rows)} nodes with audio: "
            "the check hides two or more, of five or more, and leaves one to spread"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(known_rows))
    hidden, visible = np.sort(order[:n_hidden]), np.sort(order[n_hidden:])
    queries = np.sort(rng.permutation(n_hidden)[:_MAX_QUERIES])  # positions in `hidden`
    graph = graph.undirected()
    rows, true_vectors = known_rows[hidden], unit_rows(vectors)

    def recovered(over: PreferenceGraph) -> np.ndarray:
        return diffuse(over, vectors[visible], known_rows[visible], config)[rows]  # (n_hidden, dim)

    guesses = {
        "diffused": recovered(graph),
        "neighbour mean": neighbour_means(graph, vectors[visible], known_rows[visible])[rows],
        "random graph": recovered(degree_preserving_random(graph, rng)),
    }
    columns: Columns = {}
    for subject, guess in guesses.items():
        columns |= _retrieval_metrics(subject, guess[queries], true_vectors[hidden], queries)
    values = mean_values(columns, np.arange(len(queries)), seed=seed)
    by_chance = {
        ("hit", 1): 1 / n_hidden,
        ("hit", NEAREST): min(NEAREST / n_hidden, 1.0),
        ("mrr", None): (1 / np.arange(1, n_hidden + 1)).mean(),
    }
    values += [MetricValue.of(CHANCE, metric, k, value, len(queries)) for (metric, k), value in by_chance.items()]
    diffused = true_vectors.copy()
    diffused[hidden] = guesses["diffused"]
    subjects = {"diffused": diffused, "audio": true_vectors}
    values += _neighbour_values(graph, known_rows, hidden[queries], subjects, seed)
    return [replace(value, slice=slice) for value in values]


def neighbour_means(graph: PreferenceGraph, vectors: np.ndarray, known_rows: np.ndarray) -> np.ndarray:
    """Average each node's direct neighbours with audio by weight, shape (n_nodes, dim); zero without any."""
    return unit_rows(graph.matrix()[:, known_rows] @ vectors)


def degree_preserving_random(graph: PreferenceGraph, rng: np.random.Generator) -> PreferenceGraph:
    """Rewire an undirected graph at random; every node keeps its degree, except for the few edges that coincide."""
    sources = graph.sources()
    is_once = sources < graph.indices
    ends = rng.permutation(np.concatenate([sources[is_once], graph.indices[is_once]]))
    first_ends, second_ends = np.split(ends, 2)
    return build_graph(first_ends, second_ends, graph.weights[is_once], n_nodes=graph.n_nodes)


def middle_ranks(guesses: np.ndarray, truth: np.ndarray, true_rows: np.ndarray) -> np.ndarray:
    """Rank of each guess's true vector among all, from 1; ties take the middle rank. Shape (n_guesses,)."""
    ranks = np.empty(len(guesses))
    n_block = max(1, _MAX_SCORES // max(len(truth), 1))
    for start in range(0, len(guesses), n_block):
        block = slice(start, start + n_block)
        scores = guesses[block] @ truth.T  # (n_block, n_truth)
        true = np.take_along_axis(scores, true_rows[block, None], axis=1)
        ranks[block] = (scores > true).sum(axis=1) + ((scores == true).sum(axis=1) + 1) / 2
    return ranks


def _retrieval_metrics(subject: str, guesses: np.ndarray, truth: np.ndarray, true_rows: np.ndarray) -> Columns:
    ranks = middle_ranks(guesses, truth, true_rows)
    columns = {
        (subject, "reached", None): np.abs(guesses).max(axis=1) > 0,
        (subject, "cosine", None): np.einsum("nd,nd->n", guesses, truth[true_rows]),
        (subject, "hit", 1): ranks <= 1,
        (subject, "hit", NEAREST): ranks <= NEAREST,
        (subject, "mrr", None): 1 / ranks,
    }
    return {name: column.astype(np.float64) for name, column in columns.items()}


def _neighbour_values(
    graph: PreferenceGraph, known_rows: np.ndarray, query_rows: np.ndarray, vectors: Mapping[str, np.ndarray], seed: int
) -> Iterator[MetricValue]:
    """Metrics of neighbours. Rows of queries and vectors are nodes with audio, not nodes of the graph."""
    audio_row = np.full(graph.n_nodes, -1, dtype=np.int64)
    audio_row[known_rows] = np.arange(len(known_rows))
    neighbours = {}
    for row in query_rows.tolist():
        adjacent = audio_row[graph.indices[graph.indptr[known_rows[row]] : graph.indptr[known_rows[row] + 1]]]
        if (adjacent >= 0).any():
            neighbours[row] = adjacent[adjacent >= 0]
    if not neighbours:
        return
    columns: Columns = {}
    for subject, matrix in vectors.items():
        nearest = top_k(matrix, NEAREST, query_rows=np.array(list(neighbours)))  # (n_queries, 10)
        shares = [np.isin(rows, near).mean() for rows, near in zip(nearest, neighbours.values(), strict=True)]
        columns[subject, "graph neighbours", NEAREST] = np.array(shares)
    yield from mean_values(columns, np.arange(len(neighbours)), seed=seed)
    by_chance = np.mean([len(near) for near in neighbours.values()]) / (len(known_rows) - 1)
    yield MetricValue.of(CHANCE, "graph neighbours", NEAREST, float(by_chance), len(neighbours))
