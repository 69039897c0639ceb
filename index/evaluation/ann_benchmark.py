"""Benchmark of approximate indexes: neighbours missed, what that costs recommendations, time and size.

Evaluation queries are searched, with their exclusions. An index is asked for more candidates than places, and these are
put in order by their exact scores, as everywhere in `index.vectors.ann`.
"""

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import faiss
import numpy as np

from earshot.data.top_k import falling
from earshot.evaluation.evaluation_report import Section
from earshot.evaluation.metrics.metric_tables import ann_rows
from earshot.evaluation.metrics.metric_value import Columns, MetricValue, mean_values
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import EvaluationQueries
from earshot.index.vectors.ann import TYPES, BuiltIndex, build, n_candidates

SLICE = "ann"
MAX_QUERIES = 500  # whose latencies and losses are measured
_EXACT = "flat"


def ann_metrics(
    items: np.ndarray, queries: np.ndarray, eval_queries: EvaluationQueries, k: int, target: float, *, seed: int = 0
) -> Iterator[tuple[str, list[MetricValue]]]:
    """Yield the settings of each type of index, as text, and its metrics; exact search comes first.

    ann_recall        share of the exact list that is found
    ndcg, recall      on the evaluation queries, and `*_loss`, the paired difference to exact search
    p50_ms, p95_ms    of one query in one thread, with its exclusions
    mib, build_s      of the index: size on disk, and time to train, fill and tune it

    Parameters
    ----------
    items : (n_tracks, dim) float32, scored by their inner product with a query
    queries : (n_queries, dim) float32, in the order of `eval_queries`
    target : recall@k against exact search that each type is tuned to, on other queries than those it is measured with
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(eval_queries))[:MAX_QUERIES])
    others = np.setdiff1d(np.arange(len(eval_queries)), chosen)[:MAX_QUERIES]
    tuning = queries[others if 2 * len(others) >= len(chosen) else chosen]
    owners = np.repeat(np.arange(len(eval_queries)), eval_queries.targets.counts())
    targets, _ = eval_queries.targets.select(np.isin(owners, chosen))
    exact: np.ndarray | None = None
    for type in TYPES:
        began = perf_counter()
        built = build(items, np.arange(len(items)), type, target, queries=tuning, k=k)
        seconds = perf_counter() - began
        if built.type != type:
            continue  # too few tracks to train it
        lists, latencies = _search(built, items, queries, chosen, eval_queries.excluded, k)
        exact = lists if exact is None else exact
        accuracy = {name: ranking_metrics(lists, targets, k)[name] for name in ("ndcg", "recall")}
        best = {name: ranking_metrics(exact, targets, k)[name] for name in ("ndcg", "recall")}
        values = {"ann_recall": _shares(lists, exact), **accuracy}
        values |= {f"{name}_loss": best[name] - accuracy[name] for name in accuracy if type != _EXACT}
        columns: Columns = {(type, metric, k): column for metric, column in values.items()}
        exact_values = {
            "p50_ms": 1e3 * np.median(latencies),
            "p95_ms": 1e3 * np.quantile(latencies, 0.95),
            "mib": faiss.serialize_index(built.index).nbytes / 2**20,
            "build_s": seconds,
        }
        metric_values = [
            *mean_values(columns, targets.user_rows, slice=SLICE, seed=seed),
            *(MetricValue.of(type, metric, k, x, len(chosen), slice=SLICE) for metric, x in exact_values.items()),
        ]
        settings = ", ".join(f"{name} {value:g}" for name, value in built.settings.items())
        yield f"{type} {settings}" if settings else "", metric_values


def ann_section(by_settings: Mapping[str, Sequence[MetricValue]], k: int, target: float) -> Section:
    """Make a table of what `ann_metrics` yields for lists of k tracks."""
    rows = ann_rows([value for values in by_settings.values() for value in values])
    return Section(f"Indexes tuned to recall@{k} {target:g}", rows, "; ".join(filter(None, by_settings)))


def _search(
    built: BuiltIndex, items: np.ndarray, queries: np.ndarray, chosen: np.ndarray, excluded: Any, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Search the lists of chosen queries, (n_chosen, k), and measure the seconds of each."""
    lists = np.full((len(chosen), k), -1, dtype=np.int64)
    latencies = np.zeros(len(chosen))
    inner: Any = faiss.downcast_index(built.index.index)
    n_searched = min(k if built.type == _EXACT else n_candidates(k), len(items))
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        for place, query in enumerate(chosen):
            exclusions = np.empty(0, dtype=np.int64) if excluded is None else excluded[query].astype(np.int64)
            began = perf_counter()
            selector = faiss.IDSelectorNot(faiss.IDSelectorBatch(exclusions)) if len(exclusions) else None
            _, candidates = inner.search(queries[query : query + 1], n_searched, params=_parameters(inner, selector))
            rows = candidates[0][candidates[0] >= 0]
            best = rows[falling(items[rows] @ queries[query], rows)][:k]
            latencies[place] = perf_counter() - began
            lists[place, : len(best)] = best
    finally:
        faiss.omp_set_num_threads(n_threads)
    return lists, latencies


def _parameters(inner: Any, selector: Any) -> Any:
    """Search parameters with the tuned effort and a selector of candidates."""
    untyped: Any = faiss  # its stubs lack these keywords
    if isinstance(inner, faiss.IndexHNSW):
        return untyped.SearchParametersHNSW(sel=selector, efSearch=inner.hnsw.efSearch)
    if isinstance(inner, faiss.IndexIVF):
        return untyped.SearchParametersIVF(sel=selector, nprobe=inner.nprobe)
    return untyped.SearchParameters(sel=selector)


def _shares(lists: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Share of each exact list that was found, (n_queries,)."""
    return np.array([np.isin(best[best >= 0], rows).mean() for rows, best in zip(lists, exact, strict=True)])
