"""Stages run by commands: progress is drawn, other reports are shown."""

import contextlib
import io
import sys

import pytest

from earshot.commands.shared import terminal
from earshot.commands.shared.terminal import drawn, echo_some, in_one_line, last_report
from earshot.stages.shared.reports import Note, Progress, StageError


@pytest.fixture
def bars(monkeypatch):
    """All bars that were opened: their phase, total, what they reached and whether they are closed."""
    opened = []

    class Bar:
        def __init__(self, total, what, unit):
            self.what, self.total, self.n, self.is_closed, self.detail = what, total, 0, False, ""
            opened.append(self)

        def update(self, n):
            self.n += n

        def set_postfix_str(self, detail):
            self.detail = detail

        def close(self):
            self.is_closed = True

    monkeypatch.setattr(terminal, "progress_bar", Bar)
    return opened


def stage(closed):
    try:
        yield Progress("looking", 1, None, "file")
        yield Progress("looking", 4, None, "file")
        yield Note("One file is left out.")
        yield Progress("embedding", 3, 9, "track", "1 failed")
        yield 42
    finally:
        closed.append(True)


def test_each_phase_has_a_bar_and_other_reports_pass(bars):
    assert [str(report) for report in drawn(stage([]))] == ["One file is left out.", "42"]
    assert [(bar.what, bar.total, bar.n, bar.detail) for bar in bars] == [
        ("looking", None, 4, ""),
        ("embedding", 9, 3, "1 failed"),
    ]
    assert all(bar.is_closed for bar in bars)


def test_a_stage_that_is_left_is_closed(bars):
    closed = []
    with contextlib.closing(drawn(stage(closed))) as reports:
        next(reports)
    assert closed == [True] and all(bar.is_closed for bar in bars)


def test_the_last_report_is_returned_and_others_are_shown(bars, capsys):
    assert last_report(stage([]), int) == 42
    assert capsys.readouterr().err == "One file is left out.\n"


def test_a_bar_is_closed_before_an_error_is_shown(bars):
    def failing():
        yield Progress("looking", 1, None, "file")
        raise StageError("No towers.")

    with pytest.raises(StageError, match="No towers"):
        list(drawn(failing()))
    assert bars[0].is_closed


def test_the_first_few_of_many_in_one_line_each(capsys):
    echo_some("left out", [f"file {n}\nmore" for n in range(7)])
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["  left out:", *(f"    file {n}\\nmore" for n in range(5)), "    and 2 more"]
    assert in_one_line("Wrong.\n\nType this.") == "Wrong. Type this."


def test_a_bar_is_hidden_if_standard_error_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with terminal.progress_bar(3, "embedding", "track") as bar:
        bar.update()
    assert bar.disable and sys.stderr.getvalue() == ""
