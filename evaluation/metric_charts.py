"""Figures as pictures: bars with their intervals, and how far accuracy goes with covering the catalog."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from earshot.data.files.atomic import output_path
from earshot.evaluation.metrics.metric_value import ALL, CHANCE, MetricValue

_OURS, _OTHERS = "#c2410c", "#94a3b8"
_WIDTH = 7.0  # inches


def draw_metric(metric_values: Sequence[MetricValue], subject: str, metric: str, k: int, path: Path) -> None:
    """One bar per recommender with its 95 % interval; chance is a line."""
    chosen = [value for value in metric_values if (value.metric, value.k, value.slice) == (metric, k, ALL)]
    bars = [value for value in chosen if value.subject != CHANCE and value.value is not None]
    with _figure(path, 0.42 * len(bars) + 1.1) as axes:
        values = [value.value or 0.0 for value in bars]
        axes.barh(
            [value.subject for value in bars], values, xerr=_errors(bars), capsize=3,
            color=[_OURS if value.subject == subject else _OTHERS for value in bars],
        )  # fmt: skip
        for value in chosen:
            if value.subject == CHANCE:
                axes.axvline(value.value, color="black", linewidth=0.8, linestyle=":")
        axes.invert_yaxis()
        axes.set_xlabel(f"{metric}@{k}, 95 % intervals; dotted: chance")


def draw_slices(metric_values: Sequence[MetricValue], subject: str, metric: str, k: int, path: Path) -> None:
    """For each slice of the targets, the subject beside the best of the others."""
    told = [value for value in metric_values if (value.metric, value.k) == (metric, k) and value.value is not None]
    slices = list(dict.fromkeys(value.slice for value in told))
    with _figure(path, 0.6 * len(slices) + 1.1) as axes:
        for place, part in enumerate(slices):
            of_part = [value for value in told if value.slice == part and value.subject != CHANCE]
            ours = [value for value in of_part if value.subject == subject]
            others = sorted((value for value in of_part if value.subject != subject), key=lambda one: one.value or 0)
            for row, color, chosen in ((place - 0.2, _OURS, ours), (place + 0.2, _OTHERS, others[-1:])):
                values = [value.value or 0.0 for value in chosen]
                axes.barh([row] * len(chosen), values, 0.36, xerr=_errors(chosen), capsize=3, color=color)
                for value in chosen:
                    if value.subject != subject:
                        axes.annotate(value.subject, (0, row), (4, 0), textcoords="offset points", va="center", size=7)
        axes.set_yticks(range(len(slices)), slices)
        axes.invert_yaxis()
        axes.set_xlabel(f"{metric}@{k}: {subject} (dark) and the best of the others (light)")


def draw_spread(metric_values: Sequence[MetricValue], subject: str, metric: str, k: int, path: Path) -> None:
    """Accuracy against the share of the catalog that is ever recommended: up and to the right is better."""
    at = {(value.subject, value.metric): value.value for value in metric_values if (value.k, value.slice) == (k, ALL)}
    with _figure(path, 4.5) as axes:
        for name in dict.fromkeys(name for name, _ in at):
            x, y = at.get((name, "coverage")), at.get((name, metric))
            if x is not None and y is not None:
                axes.scatter([x], [y], color=_OURS if name == subject else _OTHERS)
                axes.annotate(name, (x, y), (5, 4), textcoords="offset points", size=8)
        axes.set_xlabel(f"coverage@{k}: share of the catalog in any list")
        axes.set_ylabel(f"{metric}@{k}")


def _errors(metric_values: Sequence[MetricValue]) -> list[list[float]] | None:
    if not metric_values or any(value.ci_low is None or value.ci_high is None for value in metric_values):
        return None
    low = [max((value.value or 0) - (value.ci_low or 0), 0) for value in metric_values]
    return [low, [max((value.ci_high or 0) - (value.value or 0), 0) for value in metric_values]]


class _figure:
    """Axes of a picture that is written when nothing went wrong; no window, whatever the machine."""

    def __init__(self, path: Path, height: float) -> None:
        self.path, self.height = path, height

    def __enter__(self) -> Any:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.picture = Figure(figsize=(_WIDTH, self.height), layout="constrained")
        FigureCanvasAgg(self.picture)
        axes = self.picture.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        return axes

    def __exit__(self, failure: object, *_: object) -> None:
        if failure is None:
            with output_path(self.path) as temporary:
                self.picture.savefig(temporary, dpi=110, format=self.path.suffix[1:])
