"""Errors become messages with the right exit code."""

from pathlib import Path

import click
import pytest

from earshot.commands.shared.error_messages import shown_error, user_errors
from earshot.index.search.selected import AmbiguousError, Selected
from earshot.index.tracks.track_lookup import TrackRow
from earshot.stages.shared.reports import InputError, StageError

SONG = TrackRow(7, "/a.mp3", "Song", "Ann", None, None, None, None, None)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("k is 0"), 2, "k is 0"),
        (StageError("No towers.\n\nRun `cli train-tower`."), 1, "No towers.\n\nRun `cli train-tower`."),
        (OSError("no Parquet file"), 1, "no Parquet file"),
        (
            AmbiguousError("song", [Selected("track", "", [SONG]), Selected("genre", "Song", [SONG, SONG])]),
            1,
            "Which one? Give what its line begins with, or more words.\n\n"
            "give        artist  title                   album  path\n"
            "id:7        Ann     Song                           /a.mp3\n"
            "genre:Song          Song (genre, 2 tracks)",
        ),
    ],
)
def test_errors_of_stages_are_messages(error, code, message):
    shown = shown_error(error, Path("library"))
    assert shown is not None and shown.exit_code == code and message in shown.message


def test_other_errors_are_left_alone():
    assert shown_error(KeyError("a fault of the program"), Path("library")) is None
    with pytest.raises(click.ClickException, match="no column"), user_errors():
        raise ValueError("no column")
