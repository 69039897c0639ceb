"""Words as people type them, in the language of full-text search."""

import pytest

from earshot.index.search import word_search
from earshot.index.search.word_search import match_expression, name_expression, search_words
from library_world import add, at, heard, open_library


def test_a_word_is_looked_for_with_and_without_an_apostrophe():
    assert name_expression("l'ami", "title") == '{title} : (("l ami" OR "lami" OR "l\'ami"))'
    assert match_expression("im").startswith('("im" OR "i m" OR')
    assert match_expression("22") == '("22" OR "２２")'
    assert match_expression("tel", prefix=True).startswith('("tel" * OR "t el" OR')
    assert match_expression("?!") is None and match_expression("_ _._") is None and match_expression("") is None


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    library, head = open_library(tmp_path_factory.mktemp("words"))
    with library:
        names = [("50% Off_Peak", "R.E.M."), ("群青日和", "東京事変"), ("...", "Signs?"), ("Don’t", "Ed")]
        tracks = [heard(f"/{n}.mp3", at(0), title=title, artist=artist) for n, (title, artist) in enumerate(names)]
        add(library, head, tracks)
        yield library


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("rem", [1]),
        ("r.e.m", [1]),
        ("50% off", [1]),
        ("青日 京事", [2]),
        ("...", [3]),
        ("s?", [3]),
        ("?", []),
        ("dont", [4]),
        ("don't", [4]),
    ],
)
def test_words_and_parts_of_words(library, text, ids):
    assert [row.id for row in search_words(library, text)] == ids


@pytest.mark.parametrize(("many", "order"), [(10_000, [4, 1, 3, 2]), (3, [4, 2, 1, 3])], ids=["few", "nearly all"])
def test_what_is_called_so_comes_first_however_many_hold_the_words(tmp_path, monkeypatch, many, order):
    """Of words that nearly all tracks hold the shortest titles come next, where BM25 would say as little."""
    monkeypatch.setattr(word_search, "_MANY", many)
    library, head = open_library(tmp_path)
    names = [("Love of all", "Ed"), ("Love it", "A band of a long name"), ("In love again and again", "Ann")]
    names += [("LOVE", "An even longer name of a band")]
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(0), title=one, artist=by) for n, (one, by) in enumerate(names)])
        assert [row.id for row in search_words(library, "love")] == order
        assert [row.id for row in search_words(library, "ed - love of all")] == [1]


def test_signs_of_patterns_mean_themselves(library):
    assert [search_words(library, text) for text in ("%%", "__", "\\\\")] == [[], [], []]
