"""Progress and errors of stages."""

import pytest

from earshot.stages.shared.reports import InputError, Progress, StageError, as_stage_error, collected


def test_progress_in_words():
    assert str(Progress("looking", 3, None, "file")) == "looking: 3 files"
    assert str(Progress("embedding", 1, 18, "track", "1 failed")) == "embedding: 1 of 18 tracks, 1 failed"
    assert str(Progress("learning", 1, 1, "step")) == "learning: 1 of 1 step"


def test_items_are_collected_with_progress():
    reports = collected(iter("ab"), "reading", "letter", total=2)
    assert [next(reports), next(reports)] == [Progress("reading", n, 2, "letter") for n in (1, 2)]
    with pytest.raises(StopIteration) as stopped:
        next(reports)
    assert stopped.value.value == ["a", "b"]


def test_a_value_error_becomes_the_error_of_a_stage():
    with pytest.raises(StageError, match="nothing to learn from") as raised, as_stage_error():
        raise ValueError("nothing to learn from")
    assert not isinstance(raised.value, InputError)
    with pytest.raises(KeyError), as_stage_error():
        raise KeyError("of the program")
