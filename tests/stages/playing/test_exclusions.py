"""Tracks that are left out by name, and the list of them."""

import pytest

from earshot.index.search.selected import AmbiguousError
from earshot.stages.playing.exclusions import exclude_or_include, listed_exclusions
from earshot.stages.shared.reports import StageError
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        names = (("Air", "Moon"), ("Air", "Sun"), ("Can", "Moon"))
        add(library, head, [heard(f"/m/{n}.mp3", at(n), artist=a, title=t) for n, (a, t) in enumerate(names)])
        yield library


def test_a_track_or_all_of_an_artist(library):
    assert exclude_or_include(library, 3, "ana") == ["Can - Moon"]
    assert sorted(exclude_or_include(library, "artist:Air", None)) == ["Air - Moon", "Air - Sun"]
    assert exclude_or_include(library, "artist:Air", None) == []
    rows = [(row["artist"], row["title"], row["listener"]) for row in listed_exclusions(library)]
    assert rows == [("Air", "Sun", None), ("Air", "Moon", None), ("Can", "Moon", "ana")]
    assert exclude_or_include(library, "id:3", "ana", undo=True) == ["Can - Moon"]
    assert [row["id"] for row in listed_exclusions(library, "ana")] == [2, 1]


def test_what_is_unclear_changes_nothing(library):
    with pytest.raises(AmbiguousError, match="'Moon' could be any of"):
        exclude_or_include(library, "Moon", None)
    with pytest.raises(StageError, match="answers to 'Stars'"):
        exclude_or_include(library, "Stars", None)
    assert listed_exclusions(library) == []
