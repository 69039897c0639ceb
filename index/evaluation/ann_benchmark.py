"""What an approximate index costs a recommender: neighbours missed, and how much of that anybody notices.

Queries are those of an exam, and so is what each list may hold. An index is asked for more candidates than places, and
these are put in order by their exact scores, as everywhere in `index.vectors.ann`.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import faiss
import numpy as np

from earshot.data.top_k import falling
from earshot.evaluation.evaluation_report import Section
from earshot.evaluation.metrics.metric_tables import ann_rows
from earshot.evaluation.metrics.metric_value import MetricValue, mean_values
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import EvaluationQueries
from earshot.index.vectors.ann import TYPES, BuiltIndex, build, n_candidates

SLICE = "ann"
N_QUERIES = 500  # at most: latencies and losses are known well enough
_EXACT = "flat"


def ann_metrics(
    items: np.ndarray, queries: np.ndarray, eval_queries: EvaluationQueries, k: int, target: float, *, seed: int = 0
) -> Iterator[tuple[str, list[MetricValue]]]:
    """Every type of index: its settings, told, and its figures. Exact search comes first.

    ann_recall        share of the exact list that is found
    ndcg, recall      of the exam, and `*_loss`, by how much exact search is ahead of it, listener by listener
    p50_ms, p95_ms    of one query in one thread, with what its listener has played left out
    mib, build_s      of the index: on disk, and to train, fill and tune it

    Parameters
    ----------
    items : (n_tracks, dim) float32; a track is wanted as its product with the query says
    queries : (n_queries, dim) float32, in the order of the exam; at most `N_QUERIES` of them are asked
    target : recall@k against exact search that each type is tuned to, on other queries than those it is judged by
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(eval_queries))[:N_QUERIES])
    others = np.setdiff1d(np.arange(len(eval_queries)), chosen)[:N_QUERIES]
    tuned_by = queries[others if 2 * len(others) >= len(chosen) else chosen]
    owners = np.repeat(np.arange(len(eval_queries)), eval_queries.targets.counts())
    targets, _ = eval_queries.targets.select(np.isin(owners, chosen))
    exact: np.ndarray | None = None
    for type in TYPES:
        began = perf_counter()
        built = build(items, np.arange(len(items)), type, target, queries=tuned_by, k=k)
        seconds = perf_counter() - began
        if built.type != type:
            continue  # too few tracks to train it
        lists, latencies = _asked(built, items, queries, chosen, eval_queries.excluded, k)
        exact = lists if exact is None else exact
        found = {name: ranking_metrics(lists, targets, k)[name] for name in ("ndcg", "recall")}
        best = {name: ranking_metrics(exact, targets, k)[name] for name in ("ndcg", "recall")}
        values = {"ann_recall": _shares(lists, exact), **found}
        values |= {f"{name}_loss": best[name] - found[name] for name in found if type != _EXACT}
        settings = ", ".join(f"{name} {value:g}" for name, value in built.settings.items())
        columns = {(type, metric, k): column for metric, column in values.items()}
        metric_values = mean_values(columns, targets.user_rows, slice=SLICE, seed=seed)
        exact_values = {
            "p50_ms": 1e3 * np.median(latencies),
            "p95_ms": 1e3 * np.quantile(latencies, 0.95),
            "mib": _size(built.index) / 2**20,
            "build_s": seconds,
        }
        for metric, value in exact_values.items():
            metric_values.append(MetricValue.of(type, metric, k, value, len(chosen), slice=SLICE))
        yield f"{type} {settings}" if settings else "", metric_values


def ann_section(by_settings: Mapping[str, Sequence[MetricValue]], k: int, target: float) -> Section:
    """A table of what `ann_metrics` gives, of lists of k tracks."""
    metric_values = [value for some in by_settings.values() for value in some]
    return Section(
        f"Indexes tuned to recall@{k} {target:g}", ann_rows(metric_values), "; ".join(filter(None, by_settings))
    )


def _asked(
    built: BuiltIndex, items: np.ndarray, queries: np.ndarray, chosen: np.ndarray, excluded: Any, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The lists of some queries, (n_chosen, k), and the seconds of each."""
    lists = np.full((len(chosen), k), -1, dtype=np.int64)
    latencies = np.zeros(len(chosen))
    inner: Any = faiss.downcast_index(built.index.index)
    n_asked = min(k if built.type == _EXACT else n_candidates(k), len(items))
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        for place, query in enumerate(chosen):
            left_out = np.empty(0, dtype=np.int64) if excluded is None else excluded[query].astype(np.int64)
            began = perf_counter()
            selector = faiss.IDSelectorNot(faiss.IDSelectorBatch(left_out)) if len(left_out) else None
            _, found = inner.search(queries[query : query + 1], n_asked, params=_parameters(inner, selector))
            rows = found[0][found[0] >= 0]
            best = rows[falling(items[rows] @ queries[query], rows)][:k]
            latencies[place] = perf_counter() - began
            lists[place, : len(best)] = best
    finally:
        faiss.omp_set_num_threads(n_threads)
    return lists, latencies


def _parameters(inner: Any, selector: Any) -> Any:
    """How wide the index was tuned to search, and what it may not find."""
    generated: Any = faiss  # its wrapper knows these keywords, its stubs do not
    if isinstance(inner, faiss.IndexHNSW):
        return generated.SearchParametersHNSW(sel=selector, efSearch=inner.hnsw.efSearch)
    if isinstance(inner, faiss.IndexIVF):
        return generated.SearchParametersIVF(sel=selector, nprobe=inner.nprobe)
    return generated.SearchParameters(sel=selector)


def _shares(lists: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Of each exact list the share that was found, (n_queries,)."""
    return np.array([np.isin(b[b >= 0], a).mean() for a, b in zip(lists, exact, strict=True)])


def _size(index: Any) -> int:
    """In bytes, as it is stored."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        faiss.write_index(index, str(path))
        return path.stat().st_size
