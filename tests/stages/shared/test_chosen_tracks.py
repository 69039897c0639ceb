"""Reasons why nothing answers to an argument."""

import pytest

from earshot.index.search.filters import SearchFilters
from earshot.stages.shared.chosen_tracks import argument_text, chosen_tracks, why_nothing, with_known_folders
from earshot.stages.shared.reports import StageError
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/1.mp3", at(0), title="Blue Monday", artist="New Order")])
        yield library


def test_a_number_that_is_no_text_is_an_id():
    assert (argument_text(22), argument_text("22")) == ("id:22", "22")


def test_what_is_like_a_name_is_offered(library):
    assert why_nothing(library, "blue munday").endswith('Did you mean "New Order - Blue Monday"?')
    assert why_nothing(library, "zzz").endswith("Try fewer words, or `cli embed-audio` its folder first.")
    assert "\x1b" not in why_nothing(library, "\x1bzzz")
    assert why_nothing(library, "").startswith("No track and no file answers to ''")


def test_a_damaged_playlist_is_one_sentence(library, tmp_path):
    (tmp_path / "x.xspf").write_text("<playlist>")
    with pytest.raises(StageError, match=r"x\.xspf is not XML"):
        chosen_tracks(library, str(tmp_path / "x.xspf"))
    assert "is a folder" in why_nothing(library, "/dev/..") or "No track of the library" in why_nothing(
        library, "/dev/.."
    )
    assert "not a music file" in why_nothing(library, "/dev/null")


def test_folders_of_filters_are_spelled_as_the_library_does(library, tmp_path, monkeypatch):
    for name in ("music", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "music")
    library.db.execute("UPDATE tracks SET path = ?", [str(tmp_path / "music" / "1.mp3")])
    monkeypatch.chdir(tmp_path)
    for folder in ("music", "./music/", "link", str(tmp_path / "music"), (tmp_path / "music").as_uri()):
        assert with_known_folders(library, SearchFilters(under=(folder,))).under == (str(tmp_path / "music"),)
    assert with_known_folders(library, SearchFilters(k=3)) == SearchFilters(k=3)
    with pytest.raises(StageError, match=r"No track of the library lies in the folder .*/other"):
        with_known_folders(library, SearchFilters(under=("music", "other")))
