"""Errors become messages with the right exit code."""

import click
import pytest

from earshot.commands.shared.error_messages import stage_errors, user_errors
from earshot.index.tracks.track_lookup import AmbiguousError, TrackRow
from earshot.stages.shared.reports import InputError, StageError


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("k is 0"), 2, "k is 0"),
        (StageError("No towers.\n\nRun `cli train-tower`."), 1, "No towers.\n\nRun `cli train-tower`."),
        (
            AmbiguousError("song", [TrackRow(7, "/a.mp3", "Song", "Ann", None, None, None, None, None)]),
            1,
            "Which one? Give its id, or more words.",
        ),
    ],
)
def test_errors_of_stages_are_messages(error, code, message):
    with pytest.raises(click.ClickException) as shown, stage_errors():
        raise error
    assert shown.value.exit_code == code and message in shown.value.message


def test_other_errors_are_left_alone():
    with pytest.raises(KeyError), stage_errors():
        raise KeyError("a fault of the program")
    with pytest.raises(click.ClickException, match="no column"), user_errors():
        raise ValueError("no column")
