"""Charts of metric values: bars with intervals, recall by slice, and accuracy against catalog coverage."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from earshot.data.files.atomic import output_path
from earshot.evaluation.metrics.metric_value import ALL, CHANCE, MetricValue

_SUBJECT_COLOR, _BASELINE_COLOR = "#c2410c", "#94a3b8"
_WIDTH_INCHES = 7.0


def draw_metric(metric_values: Sequence[MetricValue], subject: str, metric: str, k: int, path: Path) -> None:
    """Draw one bar per recommender with its 95 % interval, and a line for chance."""
    chosen = [value for value in metric_values if (value.metric, value.k, value.slice) == (metric, k, ALL)]
    bars = [value for value in chosen if value.subject != CHANCE and value.value is not None]
    with _saved_axes(path, 0.42 * len(bars) + 1.1) as axes:
        axes.barh(
            [bar.subject for bar in bars], [bar.value for bar in bars], xerr=_errors(bars), capsize=3,
            color=[_SUBJECT_COLOR if bar.subject == subject else _BASELINE_COLOR for bar in bars],
        )  # fmt: skip
        for value in chosen:
            if value.subject == CHANCE:
                axes.axvline(value.value, color="black", linewidth=0.8, linestyle=":")
        axes.invert_yaxis()
        axes.set_xlabel(f"{metric}@{k}, 95 % intervals; dotted: chance")


def draw_slices(metric_values: Sequence[MetricValue], subject: str, metric: str, k: int, path: Path) -> None:
    """Draw, for each slice of the targets, the subject beside the best baseline."""
    slices: dict[str, list[MetricValue]] = {}
    for value in metric_values:
        if (value.metric, value.k) == (metric, k) and value.value is not None:
            slices.setdefault(value.slice, []).append(value)
    with _saved_axes(path, 0.6 * len(slices) + 1.1) as axes:
        for place, values in enumerate(slices.values()):
            bars = [value for value in values if value.subject == subject]
            baselines = [value for value in values if value.subject not in (subject, CHANCE)]
            best = sorted(baselines, key=lambda value: value.value or 0)[-1:]
            for row, group, color in ((place - 0.2, bars, _SUBJECT_COLOR), (place + 0.2, best, _BASELINE_COLOR)):
                lengths = [bar.value for bar in group]
                axes.barh([row] * len(group), lengths, 0.36, xerr=_errors(group), capsize=3, color=color)
            for bar in best:
                axes.annotate(bar.subject, (0, place + 0.2), (4, 0), textcoords="offset points", va="center", size=7)
        axes.set_yticks(range(len(slices)), list(slices))
        axes.invert_yaxis()
        axes.set_xlabel(f"{metric}@{k}: {subject} (dark) and the best of the others (light)")


def draw_spread(metric_values: Sequence[MetricValue], subject: str, metric: str, k: int, path: Path) -> None:
    """Draw accuracy against the share of the catalog that is ever recommended; up and to the right is better."""
    at = {(value.subject, value.metric): value.value for value in metric_values if (value.k, value.slice) == (k, ALL)}
    with _saved_axes(path, 4.5) as axes:
        for name in dict.fromkeys(name for name, _ in at):
            x, y = at.get((name, "coverage")), at.get((name, metric))
            if x is not None and y is not None:
                axes.scatter([x], [y], color=_SUBJECT_COLOR if name == subject else _BASELINE_COLOR)
                axes.annotate(name, (x, y), (5, 4), textcoords="offset points", size=8)
        axes.set_xlabel(f"coverage@{k}: share of the catalog in any list")
        axes.set_ylabel(f"{metric}@{k}")


def _errors(metric_values: Sequence[MetricValue]) -> np.ndarray | None:
    """Lengths below and above each bar's value, (2, n_bars)."""
    bounds = np.array([(bar.ci_low, bar.value, bar.ci_high) for bar in metric_values], dtype=float)  # NaN for None
    return None if np.isnan(bounds).any() or not len(bounds) else np.maximum(np.diff(bounds).T, 0)


@contextmanager
def _saved_axes(path: Path, height_inches: float) -> Iterator[Any]:
    """Yield axes without any window, and write their figure unless something fails."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    yield axes
    with output_path(path) as temporary:
        figure.savefig(temporary, dpi=110, format=path.suffix[1:])
