"""Write an evaluation report as a Markdown page with charts beside it."""

import os
from collections.abc import Sequence
from errno import EISDIR
from pathlib import Path

from earshot.data.files.atomic import output_path
from earshot.evaluation.evaluation_report import EvaluationReport, Section
from earshot.evaluation.metric_charts import draw_metric, draw_slices, draw_spread
from earshot.evaluation.metrics.metric_value import ALL

_PAGE = "evaluation.md"


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


def write_report(
    page: Path,
    report: EvaluationReport,
    *,
    title: str,
    notes: Sequence[str] = (),
    settings: Sequence[str] = (),
    more: Sequence[Section] = (),
) -> None:
    """Write a page, and its charts beside it; `settings` are those of baselines, `more` tables follow the report's."""
    paragraphs = [f"# {title}", *notes, "\n".join(f"* {line}" for line in report.sentences())]
    if settings:
        paragraphs += ["Set by the validation part alone:", "\n".join(f"* {line}" for line in settings)]
    k, deepest = report.ks[0], report.ks[-1]
    charts = {
        "recall": (draw_metric, "recall", k, f"Recall@{k} of every recommender"),
        "ndcg": (draw_metric, "ndcg", k, f"NDCG@{k} of every recommender"),
        "coverage": (draw_spread, "ndcg", k, f"NDCG@{k} against the share of the catalog that is recommended"),
        "slices": (draw_slices, "recall", deepest, f"Recall@{deepest} by slice of the targets"),
    }
    if all(value.slice == ALL for value in report.metric_values):
        del charts["slices"]
    for name, (draw, metric, length, caption) in charts.items():
        file = page.with_name(f"{page.stem}-{name}.png")
        draw(report.metric_values, report.subject, metric, length, file)
        paragraphs.append(f"![{caption}]({file.name})")
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
