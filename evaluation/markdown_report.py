"""Write an evaluation report as a Markdown page with charts beside it."""

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
    """Title and first lines of the page, above the tables."""

    title: str
    lines: Sequence[str]  # on the queries and the protocol
    settings: Sequence[str]  # of the tuned baselines


def report_page(to: Path) -> Path:
    """Resolve the path of a page from a file or folder name, and make its folder, to fail before the evaluation.

    Raises
    ------
    OSError
        A file is in the place of the folder, a folder in that of the page, or the folder cannot be made.
    """
    page = to if to.suffix == ".md" else to / _PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    if page.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(page))
    return page


def write_report(page: Path, heading: Heading, report: EvaluationReport, more: Sequence[Section] = ()) -> None:
    """Write a page, and its charts beside it."""
    k = report.ks[0]
    charts = {
        "recall": f"Recall@{k} of every recommender",
        "ndcg": f"NDCG@{k} of every recommender",
        "coverage": f"NDCG@{k} against the share of the catalog that is recommended",
        "slices": f"Recall@{report.ks[-1]} by slice of the targets",
    }
    files = {name: page.with_name(f"{page.stem}-{name}.png") for name in charts}
    draw_metric(report.metric_values, report.subject, "recall", k, files["recall"])
    draw_metric(report.metric_values, report.subject, "ndcg", k, files["ndcg"])
    draw_spread(report.metric_values, report.subject, "ndcg", k, files["coverage"])
    if any(value.slice != ALL for value in report.metric_values):
        draw_slices(report.metric_values, report.subject, "recall", report.ks[-1], files["slices"])
    else:
        del charts["slices"]
    paragraphs = [f"# {heading.title}", *heading.lines, "\n".join(f"* {line}" for line in report.sentences())]
    if heading.settings:
        paragraphs += ["Set by the validation part alone:", "\n".join(f"* {line}" for line in heading.settings)]
    paragraphs += [f"![{text}]({files[name].name})" for name, text in charts.items()]
    for section in [*report.sections(), *more]:
        paragraphs += [f"## {section.title}", as_markdown(section.rows), section.note]
    paragraphs.append("Brackets and whiskers hold 95 % of a thousand draws of listeners. n counts queries.")
    with output_path(page) as temporary:
        temporary.write_text("\n\n".join(filter(None, paragraphs)) + "\n", encoding="utf-8")


def as_markdown(rows: Sequence[dict[str, object]]) -> str:
    """Format rows as a Markdown table, without empty columns."""
    if not rows:
        return ""
    columns = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
    lines = [columns, ["---"] * len(columns)]
    lines += [["" if row.get(name) is None else str(row[name]).replace("|", "\\|") for name in columns] for row in rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
