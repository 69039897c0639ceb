"""Libre.fm's CSV as it is read."""

import pytest

from listen_exports import SECOND, read

COMMENTS = "+ACM- Data export from Libre.fm,,,\n+ACM- 2025+AC0-07+AC0-23 15:05:47 +AC0-0400,,,\n+ACM- host.local,,,\n"


@pytest.mark.parametrize("comments", [COMMENTS, "# Data export from Libre.fm\r\n\r\n"])
def test_the_header_stands_below_comments(tmp_path, comments):
    path = tmp_path / "librefm.csv"
    lines = (
        f'Artist,Track,Album,Time\nAir,"One, Two",,{SECOND}\nOasis,Wonderwall,(What\'s the Story)?,{SECOND}\nAir,,,7\n'
    )
    path.write_text(comments + lines, newline="")
    assert read(path, "user", "artist", "title", "album", "time_s") == (
        "librefm",
        [("me", "Air", "One, Two", None, SECOND), ("me", "Oasis", "Wonderwall", "(What's the Story)?", SECOND)],
        {"malformed": 1},
    )
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 2
