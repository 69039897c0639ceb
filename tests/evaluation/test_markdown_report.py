"""A page that says what the tables say, and pictures that are there."""

import re

import pytest

from earshot.evaluation.evaluation_report import EvaluationReport, Section
from earshot.evaluation.markdown_report import as_markdown, report_page, write_report
from earshot.evaluation.metrics.metric_value import MetricValue


def made(subject, metric, value, slice="all"):
    drawn = {} if subject == "chance" or metric == "coverage" else {"interval": (value - 0.01, value + 0.02)}
    return MetricValue.of(subject, metric, 10, value, 40, slice=slice, **drawn)


@pytest.fixture
def report():
    metric_values = []
    for part in ("all", "novel"):
        for subject, value in (("chance", 0.01), ("popular", 0.1), ("mine", 0.3)):
            metric_values += [made(subject, metric, value, part) for metric in ("recall", "ndcg")]
    metric_values += [made("popular", "coverage", 0.02), made("mine", "coverage", 0.4)]
    differences = [MetricValue("mine - popular", "ndcg", 10, "all", 0.2, 0.15, 0.25, 40)]
    sampled = [made("mine", "hit_rate", 0.8, "99 uniform"), made("mine", "hit_rate", 0.2, "one of all tracks")]
    return EvaluationReport("mine", [10], metric_values, differences, sampled, "Do not trust these alone.")


def test_a_page_with_its_pictures(report, tmp_path):
    page = report_page(tmp_path / "new" / "out")
    write_report(
        page, report, title="mine before 1 rivals", notes=["40 listeners.", ""],
        settings=["popular of late: half life days 3"], more=[Section("Indexes", [{"index": "flat"}], "tuned")],
    )  # fmt: skip
    assert page == tmp_path / "new" / "out" / "evaluation.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# mine before 1 rivals\n\n40 listeners.\n\n* mine is ahead of popular by 0.2000 NDCG@10")
    assert "half life days 3" in text and "## Indexes\n\n| index |\n| --- |\n| flat |\n\ntuned" in text
    assert "| mine | .300 [.290 .320] |" in text and "Do not trust" in text
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert len(pictures) == 4
    for name in pictures:
        assert (page.parent / name).read_bytes().startswith(b"\x89PNG")


def test_a_page_by_its_own_name(report, tmp_path):
    page = report_page(tmp_path / "page.md")
    write_report(page, report, title="x")
    assert page == tmp_path / "page.md" and (tmp_path / "page-recall.png").exists()
    only = EvaluationReport("mine", [10], [one for one in report.metric_values if one.slice == "all"], [], [])
    write_report(tmp_path / "bare.md", only, title="x")
    assert "bare-slices.png" not in (tmp_path / "bare.md").read_text() and not (tmp_path / "bare-slices.png").exists()


def test_a_page_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "page.md").mkdir()
    for to, error in (("file", FileExistsError), ("file/page.md", FileExistsError), ("page.md", IsADirectoryError)):
        with pytest.raises(error):
            report_page(tmp_path / to)


def test_a_table_in_markdown():
    rows = [{"subject": "a|b", "recall": ".1", "gini": None}, {"subject": "c", "recall": None, "gini": None}]
    assert as_markdown(rows) == "| subject | recall |\n| --- | --- |\n| a\\|b | .1 |\n| c |  |"
    assert as_markdown([]) == ""
