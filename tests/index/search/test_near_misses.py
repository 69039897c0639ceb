"""Names that are offered in place of a misspelt one."""

import pytest

from earshot.index.library import Library
from earshot.index.search.near_misses import near_misses
from library_world import add, at, heard, open_library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("near")
    library, head = open_library(folder)
    with library:
        names = [
            ("Paranoid Android", "Radiohead", "OK Computer", None),
            ("Blue Monday", "New Order", None, "Synthpop; New Wave"),
            ("Für Elise", None, None, None),
        ]
        facts = [dict(zip(("title", "artist", "album", "genre"), name, strict=True)) for name in names]
        add(library, head, [heard(f"/{n}.mp3", at(0), **named) for n, named in enumerate(facts)])
    with Library.open(folder) as library:
        yield library


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("paranoid andriod", "Radiohead - Paranoid Android"),
        ("raidohead", "Radiohead"),
        ("ok computr", "OK Computer"),
        ("bleu mondey", "New Order - Blue Monday"),
        ("new ordr blue mondya", "New Order - Blue Monday"),
        ("fur elize", "Für Elise"),
        ("genre:sinthpop", "Synthpop"),
        ("newwave", "New Wave"),
    ],
)
def test_the_name_that_was_meant_comes_first(library, text, name):
    assert near_misses(library, text)[0] == name


@pytest.mark.parametrize("text", ["zzzz qqqq", "?!", "", "x"])
def test_nothing_is_offered_for_what_is_like_nothing(library, text):
    assert near_misses(library, text) == []


def test_a_library_that_is_open_to_read_stays_so(library):
    near_misses(library, "raidohead")
    assert library.db.execute("PRAGMA query_only").fetchone() == (1,)
    assert library.db.execute("SELECT count(*) FROM sqlite_temp_master").fetchone() == (0,)
