"""Playlists from Python."""

import pytest

from earshot.stages.imports.import_playlists import import_playlists
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    opened, head = open_library(tmp_path / "library")
    with opened as library:
        add(library, head, [heard("/m/1.mp3", at(0), artist="Air", title="One")])
        yield library


def test_what_cannot_be_read_costs_only_itself(library, tmp_path):
    (tmp_path / "a.m3u").write_text("/m/1.mp3\n/m/2.mp3\n")
    (tmp_path / "b.xspf").write_text("<")
    report = import_playlists(library, [str(tmp_path)])
    (playlist,) = report.playlists
    assert (playlist.name, playlist.n_matched, playlist.unmatched) == ("a", 1, ("/m/2.mp3",))
    (error,) = report.errors
    assert "b.xspf is not XML" in error
