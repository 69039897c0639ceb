"""Tracks found by path, id or words."""

import os
import sqlite3
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earshot.index.tracks.track_lookup import AmbiguousError, find_track, search_words, track_rows
from earshot.index.tracks.track_store import set_status
from library_world import add, at, heard, open_library

TRACKS = [  # path, title, artist, album
    ("/music/joga.mp3", "Jóga", "Björk", "Homogenic"),
    ("/music/hunter.mp3", "Hunter", "Björk", "Homogenic"),
    ("/music/hunter.flac", "Hunter", "Björk", "Homogenic"),
    ("/music/hunter2.mp3", "Hunter", "Dido", "No Angel"),
    ("/music/hunter3.mp3", "The Hunter's Song", "Anon", None),
    ("/music/gunjo.mp3", "群青日和", "東京事変", "教育"),
    ("/music/1979.mp3", "1979", "The Smashing Pumpkins", "Mellon Collie"),
    ("/music/none.mp3", "Untitled #1", None, None),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    library, head = open_library(tmp_path_factory.mktemp("lookup"))
    with library:
        facts = [heard(path, at(0), title=title, artist=artist, album=album) for path, title, artist, album in TRACKS]
        add(library, head, [*facts, heard(os.fsdecode(b"/music/caf\xe9.mp3"), at(1))])
        yield library


def found(library, text):
    row = find_track(library, text)
    return row and row.id


def choices(library, text):
    with pytest.raises(AmbiguousError) as refused:
        find_track(library, text)
    return [row.id for row in refused.value.choices]


def test_by_path(library, monkeypatch):
    monkeypatch.chdir("/")
    for text in ("/music/joga.mp3", "music/joga.mp3", "./music/../music/joga.mp3", "/music//joga.mp3"):
        assert found(library, text) == 1
    assert found(library, "/music/nothing_of_the_kind.mp3") is None
    assert found(library, os.fsdecode(b"music/caf\xe9.mp3")) == 9
    assert found(library, os.fsdecode(b"caf\xe9")) == 9, "its name, which is its title"


def test_by_id(library):
    row = find_track(library, "2")
    assert row == track_rows(library, [2])[2]
    assert (row.id, row.path, row.title, row.artist, row.album) == (2, *TRACKS[1])
    assert (row.duration, row.genre, row.year, row.name) == (180.0, None, None, "Björk - Hunter")
    assert found(library, "99") is None
    assert found(library, "9" * 30) is None, "more than SQLite can count"
    assert find_track(library, "8").name == "Untitled #1"


def test_a_title_that_looks_like_an_id(library):
    assert found(library, "1979") == 7


@pytest.mark.parametrize("text", ["jóga", "Joga", "JOGA", "jog", "bjork homogenic jo", "Björk - Jóga", "joga björk"])
def test_by_words(library, text):
    assert found(library, text) == 1


def test_words_in_decomposed_letters(library):
    """As file names come from a Mac: o and the dots are two characters."""
    text = unicodedata.normalize("NFD", "Björk Jóga")
    assert text != "Björk Jóga"
    assert found(library, text) == 1


def test_only_the_last_word_may_be_a_beginning(library):
    assert found(library, "joga homo") == 1
    assert found(library, "homo joga") is None


def test_ambiguous_words_list_the_choices(library):
    assert set(choices(library, "hunt")) == {2, 3, 4, 5}
    with pytest.raises(AmbiguousError, match="'hunt' could be any of 4 tracks"):
        find_track(library, "hunt")


def test_an_exact_title_outweighs_a_part_of_one(library):
    assert set(choices(library, "hunter")) == {2, 3, 4}, "by Björk and by Dido, and not the Hunter's Song"
    assert found(library, "The Hunter's Song") == 5
    assert found(library, "dido - hunter") == 4


def test_several_encodings_of_one_recording_are_no_choice(library):
    assert found(library, "Björk - Hunter") in (2, 3)
    assert found(library, "hunter homogenic") in (2, 3)


def test_an_exact_title_is_found_among_hundreds_of_parts(tmp_path):
    """More tracks hold the word than are listed, and the exact one is the longest text by far."""
    library, head = open_library(tmp_path)
    with library:
        similar_titles = [heard(f"/{number}.mp3", at(0), title=f"Love {number}", artist="A") for number in range(100)]
        exact = heard(
            "/x.mp3", at(0), title="Love", artist="The Band with Ever So Many Words in Its Long Name", album="B"
        )
        add(library, head, [*similar_titles, exact])
        assert find_track(library, "love").title == "Love"
        assert len(search_words(library, "love")) == 15
        assert len(search_words(library, "love", limit=200)) == 101
        with pytest.raises(AmbiguousError, match="'lov' could be any of 15 or more tracks"):
            find_track(library, "lov")


@pytest.mark.parametrize(
    "text", ["群青日和", "群青", "日和", "東京事変", "事変", "東京事変 群青", "東京事変 - 群青日和", "教"]
)
def test_scripts_without_spaces(library, text):
    assert found(library, text) == 6


@pytest.mark.parametrize("text", ["", " ", "\0", "'", '"', "*", "-", "AND", "zzz", "日", "…", "/", ".", "Untitled zzz"])
def test_what_means_nothing(library, text):
    assert find_track(library, text) is None or text in ("日", "AND"), text


def test_tracks_that_are_not_embedded_are_not_found(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/joga.mp3", at(0), title="Jóga 群青日和", artist="Björk")])
        set_status(library, "/joga.mp3", 1, 1, "missing", None)
        for text in ("/joga.mp3", "1", "joga", "青日"):
            assert find_track(library, text) is None
        assert track_rows(library, [1]) == {}


def test_rows_of_many_ids(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(0), excerpts=[]) for number in range(1_201)])
        rows = track_rows(library, [*range(1_300, 0, -1), 5, 5])
        assert sorted(rows) == list(range(1, 1_202))
        assert all(track_id == row.id for track_id, row in rows.items())
        assert track_rows(library, []) == {}


OPERATORS = [
    '"',
    "*",
    "NEAR(a b)",
    "-",
    "'; drop table tracks; --",
    "a OR b",
    "title:joga",
    "^hunter",
    "{title}: x",
    "(",
    "+",
]


@pytest.mark.parametrize("text", OPERATORS)
def test_operators_are_words(library, text):
    """None of them reaches the query language of SQLite."""
    for typed in (text, f"hunter {text}", f"{text} joga"):
        try:
            find_track(library, typed)
        except AmbiguousError as error:
            assert error.choices
    assert library.db.execute("SELECT count(*) FROM tracks").fetchone() == (len(TRACKS) + 1,)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(st.sampled_from([*OPERATORS, "hunter", "Björk", "群青", " "]), max_size=5).map("".join),
        st.binary(max_size=20).map(os.fsdecode),  # as arguments of a command arrive
    )
)
@example("²")
@example("٣")
@example("\0hunter")
@example("%")
def test_nothing_that_is_typed_raises_anything_else(library, text):
    try:
        row = find_track(library, text)
    except AmbiguousError as error:
        assert len(error.choices) > 1
    except sqlite3.Error as error:
        raise AssertionError(f"{text!r} reached SQLite: {error}") from error
    else:
        assert row is None or row.id in range(1, len(TRACKS) + 2)
