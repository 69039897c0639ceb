"""Tables of metric values as text, for terminals and reports: one pivot, and the tables that are made with it."""

from collections.abc import Callable, Iterable, Sequence

from earshot.evaluation.metrics.metric_value import ALL, BY_PLAYS, CHANCE, FULL, UNIFORM, MetricValue

Row = dict[str, object]

_WITH_INTERVAL = ("recall", "ndcg")  # of recommenders; intervals of all metrics would not fit a page
_SAMPLED_COLUMNS = {UNIFORM: "uniform", BY_PLAYS: "popular", FULL: "all"}  # short names: six fit a terminal


def pivot(
    values: Iterable[MetricValue], head: Callable[[MetricValue], Row], cells: Callable[[MetricValue], Row]
) -> list[Row]:
    """Arrange values in rows.

    Parameters
    ----------
    head : the first columns of a value's row; values with the same head share a row
    cells : what a value adds to its row; a later value wins

    Returns
    -------
    Rows with the same columns each, "n" last and None where nothing stands; the subject chance comes last.
    """
    table: dict[tuple[object, ...], Row] = {}
    for value in values:
        row = head(value)
        table.setdefault(tuple(row.values()), row).update(cells(value))
    columns = sorted(dict.fromkeys(name for row in table.values() for name in row), key=lambda name: name == "n")
    rows = [{name: row.get(name) for name in columns} for row in table.values()]
    return sorted(rows, key=lambda row: row.get("subject") == CHANCE)


def wide_rows(values: Iterable[MetricValue], differences: bool = False) -> list[Row]:
    """One row per metric and one column per subject: ``.450 [.42 .48]``; or the paired differences alone."""
    return pivot(
        (value for value in values if (" - " in value.subject) == differences),
        lambda value: {"figure": _metric_at_k(value)},
        lambda value: {value.subject: _cell(value, interval_digits=2), "n": value.n},
    )


def table_rows(values: Iterable[MetricValue], k: int, slice_name: str = ALL) -> list[Row]:
    """One row per recommender and one column per metric."""
    return pivot(
        (value for value in values if (value.k, value.slice) == (k, slice_name)),
        lambda value: {"subject": value.subject},
        lambda value: {value.metric: _cell(value, 3 if value.metric in _WITH_INTERVAL else None), "n": value.n},
    )


def slice_rows(values: Sequence[MetricValue], k: int, metric: str, n_least: int) -> tuple[list[Row], str]:
    """One metric: a row per recommender, a column per slice, n below; and a note on slices with too few queries."""
    chosen = [value for value in values if (value.metric, value.k) == (metric, k)]
    n = {value.slice: value.n for value in chosen}
    shown = [name for name in n if n[name] >= n_least or name == ALL]
    rows = pivot(
        chosen,
        lambda value: {"subject": value.subject, **dict.fromkeys(shown)},
        lambda value: {value.slice: _cell(value)} if value.slice in shown else {},
    )
    few = ", ".join(f"{name} ({n[name]})" for name in n if name not in shown)
    rows.append({"subject": "n", **{name: f"{n[name]:,}" for name in shown}})
    return rows, f"Asked of fewer than {n_least}, and left out here: {few}." if few else ""


def sampled_rows(values: Iterable[MetricValue]) -> list[Row]:
    """One row per recommender; hit rate and NDCG side by side for each kind of negatives and the full catalog."""

    def column(value: MetricValue) -> str:
        return f"{'hr' if value.metric == 'hit_rate' else value.metric} {_SAMPLED_COLUMNS[value.slice]}"

    return pivot(
        values, lambda value: {"subject": value.subject}, lambda value: {column(value): _cell(value), "n": value.n}
    )


def ann_rows(values: Iterable[MetricValue]) -> list[Row]:
    """One row per type of index; times and sizes, which have no interval, with three digits."""

    def cell(value: MetricValue) -> str:
        return f"{value.value:.4f}" if value.ci_low is not None else f"{value.value:,.3g}"

    return pivot(
        values, lambda value: {"index": value.subject}, lambda value: {value.metric: cell(value), "n": value.n}
    )


def recovery_rows(values: Sequence[MetricValue]) -> list[Row]:
    """One row per slice and metric and one column per subject; the first subject with its interval."""

    def cells(value: MetricValue) -> Row:
        text = [None if number is None else f"{number:.3f}" for number in (value.value, value.ci_low, value.ci_high)]
        interval = {"95 %": text[1] and f"{text[1]} to {text[2]}"} if value.subject == values[0].subject else {}
        return {value.subject: text[0], **interval, "n": value.n}

    return pivot(values, lambda value: {"slice": value.slice, "figure": _metric_at_k(value)}, cells)


def transcode_rows(values: Iterable[MetricValue]) -> list[Row]:
    """One row per encoding; a column per subject and metric, shares of the original on rank 1 with their intervals."""
    return pivot(
        (value for value in values if " - " not in value.subject),
        lambda value: {"encoding": value.slice},
        lambda value: {f"{value.subject} {value.metric}": _cell(value, 2 if value.k else None), "n": value.n},
    )


def short(number: float, digits: int) -> str:
    """A number without the zero before the point, so that eight columns fit a terminal."""
    rounded = round(number, digits) + 0.0  # not -0
    text = f"{rounded:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(rounded) < 1 else text


def _metric_at_k(value: MetricValue) -> str:
    return f"{value.metric}@{value.k}" if value.k else value.metric


def _cell(value: MetricValue, interval_digits: int | None = None) -> str | None:
    if value.value is None:
        return None
    text = short(value.value, 3)
    if interval_digits is None or value.ci_low is None or value.ci_high is None:
        return text
    return f"{text} [{short(value.ci_low, interval_digits)} {short(value.ci_high, interval_digits)}]"
