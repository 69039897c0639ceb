"""An evaluation as a Markdown page with pictures beside it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from errno import EISDIR
from pathlib import Path

from earshot.data.files.atomic import output_path
from earshot.evaluation.evaluation_report import EvaluationReport, Section
from earshot.evaluation.metric_charts import draw_metric, draw_slices, draw_spread
from earshot.evaluation.metrics.metric_value import ALL

_PAGE = "evaluation.md"


@dataclass(frozen=True)
class Heading:
    """What stands above the tables."""

    title: str
    lines: Sequence[str]  # what was asked, of whom, by which command, when
    settings: Sequence[str]  # what the rivals were set to


def report_page(to: Path) -> Path:
    """Where a report goes: to `to` itself or into the folder `to`, which is made, so that it fails before the work.

    Raises
    ------
    OSError
        There is a file in the place of the folder, or a folder in that of the page, or it cannot be made.
    """
    page = to if to.suffix == ".md" else to / _PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    if page.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(page))
    return page


def write_report(page: Path, heading: Heading, report: EvaluationReport, more: Sequence[Section] = ()) -> None:
    """Write a page, and its pictures beside it."""
    k = report.ks[0]
    pictures = {
        "recall": f"Recall@{k} of every recommender",
        "ndcg": f"NDCG@{k} of every recommender",
        "coverage": f"NDCG@{k} against the share of the catalog that is recommended",
        "slices": f"Recall@{report.ks[-1]} by slice of the targets",
    }
    files = {name: page.with_name(f"{page.stem}-{name}.png") for name in pictures}
    draw_metric(report.metric_values, report.subject, "recall", k, files["recall"])
    draw_metric(report.metric_values, report.subject, "ndcg", k, files["ndcg"])
    draw_spread(report.metric_values, report.subject, "ndcg", k, files["coverage"])
    if any(value.slice != ALL for value in report.metric_values):
        draw_slices(report.metric_values, report.subject, "recall", report.ks[-1], files["slices"])
    else:
        del pictures["slices"]
    parts = [f"# {heading.title}", *heading.lines, "\n".join(f"* {line}" for line in report.sentences())]
    if heading.settings:
        parts += ["Set by the validation part alone:", "\n".join(f"* {line}" for line in heading.settings)]
    parts += [f"![{text}]({files[name].name})" for name, text in pictures.items()]
    for section in [*report.sections(), *more]:
        parts += [f"## {section.title}", as_markdown(section.rows), section.note]
    parts.append("Brackets and whiskers hold 95 % of a thousand draws of listeners. n counts queries.")
    with output_path(page) as temporary:
        temporary.write_text("\n\n".join(filter(None, parts)) + "\n", encoding="utf-8")


def as_markdown(rows: Sequence[dict[str, object]]) -> str:
    """A table, without the columns in which nothing stands."""
    if not rows:
        return ""
    columns = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
    lines = [columns, ["---"] * len(columns)]
    lines += [["" if row.get(name) is None else str(row[name]).replace("|", "\\|") for name in columns] for row in rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
