"""A page that says what the tables say, and pictures that are there."""

import re

import pytest

from earshot.evaluation.evaluation_report import EvaluationReport, Section
from earshot.evaluation.markdown_report import Heading, as_markdown, report_page, write_report
from earshot.evaluation.metrics.metric_value import MetricValue


def figure(subject, metric, value, part="all", k=10):
    sure = subject != "chance" and metric != "coverage"
    return MetricValue(
        subject, metric, k, part, value, value - 0.01 if sure else None, value + 0.02 if sure else None, 40
    )


@pytest.fixture
def verdict():
    figures = []
    for part in ("all", "novel"):
        for subject, value in (("chance", 0.01), ("popular", 0.1), ("mine", 0.3)):
            figures += [figure(subject, metric, value, part) for metric in ("recall", "ndcg")]
    figures += [figure("popular", "coverage", 0.02), figure("mine", "coverage", 0.4)]
    ahead = [MetricValue("mine - popular", "ndcg", 10, "all", 0.2, 0.15, 0.25, 40)]
    sampled = [figure("mine", "hit_rate", 0.8, "99 uniform"), figure("mine", "hit_rate", 0.2, "one of all tracks")]
    return EvaluationReport("mine", [10], figures, ahead, sampled, "Do not trust these alone.")


def test_a_page_with_its_pictures(verdict, tmp_path):
    heading = Heading("mine before 1 rivals", ["40 listeners.", ""], ["popular of late: half life days 3"])
    page = report_page(tmp_path / "new" / "out")
    write_report(page, heading, verdict, [Section("Indexes", [{"index": "flat"}], "tuned")])
    assert page == tmp_path / "new" / "out" / "evaluation.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# mine before 1 rivals\n\n40 listeners.\n\n* mine is ahead of popular by 0.2000 NDCG@10")
    assert "half life days 3" in text and "## Indexes\n\n| index |\n| --- |\n| flat |\n\ntuned" in text
    assert "| mine | .300 [.290 .320] |" in text and "Do not trust" in text
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert len(pictures) == 4
    for name in pictures:
        assert (page.parent / name).read_bytes().startswith(b"\x89PNG")


def test_a_page_by_its_own_name(verdict, tmp_path):
    page = report_page(tmp_path / "figures.md")
    write_report(page, Heading("x", [], []), verdict)
    assert page == tmp_path / "figures.md" and (tmp_path / "figures-recall.png").exists()
    only = EvaluationReport("mine", [10], [one for one in verdict.figures if one.slice == "all"], [], [])
    write_report(tmp_path / "bare.md", Heading("x", [], []), only)
    assert "bare-slices.png" not in (tmp_path / "bare.md").read_text() and not (tmp_path / "bare-slices.png").exists()


def test_a_lead_that_no_digit_shows_is_none():
    ahead = [MetricValue("mine - popular", "ndcg", 10, "all", -0.00004, -0.1, 0.1, 40)]
    (sentence,) = EvaluationReport("mine", [10], [], ahead, []).sentences()
    assert sentence == "mine is level with popular by NDCG@10, 95 % from -0.1000 to +0.1000."


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
