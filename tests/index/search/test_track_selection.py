"""Tracks found by path, id or words."""

import os
import sqlite3
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.search.selected import AmbiguousError
from earshot.index.search.track_selection import find_tracks
from earshot.index.search.word_search import search_words
from earshot.index.tracks.track_lookup import track_rows
from earshot.index.tracks.track_store import set_status
from library_world import add, at, find_track, heard, open_library

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
        one_recording(library, 2, 3)
        yield library


def one_recording(library, one, other):
    with library.transaction():
        store_same(library, [(one, other, "sound", 0.9)])
        group_recordings(library)


def found(library, text):
    row = find_track(library, text)
    return row and row.id


def choices(library, text):
    with pytest.raises(AmbiguousError) as refused:
        find_track(library, text)
    return [choice.address for choice in refused.value.choices]


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
    """File names from a Mac hold o and its dots as two characters."""
    text = unicodedata.normalize("NFD", "Björk Jóga")
    assert text != "Björk Jóga"
    assert found(library, text) == 1


def test_only_the_last_word_may_be_a_beginning(library):
    assert found(library, "joga homo") == 1
    assert found(library, "homo joga") is None


def test_ambiguous_words_list_the_choices(library):
    assert choices(library, "hunt") == ["id:2", "id:4", "id:5"], "two files of one recording are no choice"
    with pytest.raises(AmbiguousError, match="'hunt' could be any of 3 tracks"):
        find_track(library, "hunt")


def test_an_exact_title_outweighs_a_part_of_one(library):
    assert choices(library, "hunter") == ["id:2", "id:4"], "by Björk and by Dido, and not the Hunter's Song"
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


@pytest.mark.parametrize("text", ["", " ", "\0", "'", '"', "*", "-", "AND", "zzz", "日", "…", ".", "Untitled zzz"])
def test_what_means_nothing(library, text):
    assert find_track(library, text) is None or text in ("日", "AND"), text


@pytest.mark.parametrize("text", ["/music/joga.mp3", "Jóga", "artist:Björk", "album:Homogenic", "genre:Jazz"])
def test_no_name_is_looked_up_through_all_embedded_tracks(library, text):
    asked: list[tuple] = []
    with library.db.tracer(lambda *query: asked.append(query)):
        find_tracks(library, text)
    plans = [library.db.execute(f"EXPLAIN QUERY PLAN {sql}", values or ()).fetchall() for sql, values in asked]
    assert plans and "tracks_by_status (status=?)" not in str(plans)


def test_tracks_that_are_not_embedded_are_not_found(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/joga.mp3", at(0), title="Jóga 群青日和", artist="Björk")])
        set_status(library, "/joga.mp3", 1, 1, "missing", None)
        for text in ("/joga.mp3", "1", "joga", "青日"):
            assert find_track(library, text) is None
        assert track_rows(library, [1]) == {}


OTHERS = [  # path, title, artist, album, genre
    ("/m/Queen/1.mp3", "Mustapha", "Queen", "Jazz", "Rock"),
    ("/m/Queen/2.mp3", "Let Me Entertain You", "Queen", "Jazz", "Rock; Glam"),
    ("/m/Duke/1.mp3", "Take the A Train", "Duke Ellington", "Best Of", "Jazz"),
    ("/m/Sting/1.mp3", "Roxanne", "Sting", "Best Of", None),
    ("/m/Swift/22.mp3", "22", "Taylor Swift", "Red", "Pop"),
    ("/m/Swift/1.mp3", "Red", "Taylor Swift", "Red", "Pop"),
    ("/m/311/1.mp3", "Down", "311", "311", "Rock"),
    ("/m/311/2.mp3", "Hive", "311", "311", "Rock"),
    ("/m/gk/1.mp3", "Bamboléo", "Gipsy Kings", "Gipsy Kings", "Flamenco"),
    ("/m/gk/2.mp3", "Volare", "The Gipsy Kings feat. Nicolas", "Mosaïque", "Flamenco"),
    ("/m/chk/1.mp3", "Myth Takes", "!!!", "Myth Takes", None),
    ("/m/x/1.mp3", "?", "XXX", "...", None),
    ("/m/x/2.mp3", "🔥❤\ufe0f", "Emoji", "÷", None),
    ("/m/jp/1.mp3", "First Love", "宇多田ヒカル", "First Love", "J-Pop"),
    ("/m/bw/1.mp3", "C’est la vie", "B*Witched", None, None),
    ("/m/fish/1.mp3", "Let's Go Fishin'", "Karissa Hobbs", None, None),
    ("/m/m/1.mp3", "Je dis aime", "-M-", None, None),
    ("/m/m/2.mp3", "Pop Muzik", "M", None, None),
    ("/m/acdc/1.mp3", "T.N.T.", "AC/DC", None, None),
    ("/m/wide/1.mp3", "Ｗａｔｅｒｌｏｏ", "ＡＢＢＡ", None, None),
    ("/m/nfd/1.mp3", unicodedata.normalize("NFD", "Ágætis byrjun ガラス"), "Sigur Rós", None, None),
    ("/m/Allegro/1.mp3", "Allegro", "Pianist", "Sonata 1", None),
    ("/m/Allegro/2.mp3", "Allegro", "Pianist", "Sonata 2", None),
    ("/m/signs/1.mp3", "_", "Under", "__", None),
    ("/m/signs/2.mp3", "Line", "_._", None, None),
    ("/m/signs/3.mp3", "²", "Square", "½", None),
    ("/m/signs/4.mp3", "Part 2", "Two", "1 2 3", None),
    ("/m/signs/5.mp3", "™", "ⅣX²", None, None),
    ("/m/signs/6.mp3", "Atm of TM", None, None, None),
    ("/m/keys/1.mp3", "Eple", "Røyksopp", "Mélodie A.M.", None),
    ("/m/keys/2.mp3", "Прованс", "Ёлка", "Großstadt", None),
    ("/m/keys/3.mp3", "The Cave", "Mumford & Sons", None, None),
    ("/m/keys/4.mp3", "Adam's Song", "blink-182", None, None),
]


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    library, head = open_library(tmp_path_factory.mktemp("others"))
    with library:
        names = ("title", "artist", "album", "genre")
        add(library, head, [heard(path, at(0), **dict(zip(names, facts, strict=True))) for path, *facts in OTHERS])
        yield library


def meant(library, text):
    selected = find_tracks(library, text)
    return selected and (selected.kind, selected.ids)


@pytest.mark.parametrize(
    ("text", "kind", "ids"),
    [
        ("gipsy kings", "artist", [9, 10]),  # the album of that name holds one of them
        ("The Gipsy Kings", "artist", [9, 10]),
        ("flamenco", "genre", [9, 10]),
        ("rock", "genre", [1, 2, 7, 8]),
        ("glam", "genre", [2]),
        ("album:jazz", "album", [1, 2]),
        ("queen - jazz", "album", [1, 2]),
        ("genre:JAZZ", "genre", [3]),
        ("id:22", "track", [22]),
        ("title:22", "track", [5]),
        ("artist:311", "artist", [7, 8]),
        ("311", "artist", [7, 8]),  # there is no track of that id, and the album is the same two
        ("/m/Queen", "folder", [1, 2]),
        ("/m/Queen/", "folder", [1, 2]),
        ("file:///m/Swift/22.mp3", "track", [5]),
        ("FILE://localhost/m/Swift/%322.mp3", "track", [5]),
        ("file:/m/nfd", "folder", [21]),
        ("!!!", "artist", [11]),
        ("?", "track", [12]),
        ("...", "album", [12]),
        ("÷", "album", [13]),
        ("🔥❤", "track", [13]),
        ("❤", "track", [13]),
        ("ヒカル First", "track", [14]),
        ("first ヒカル", "track", [14]),
        ("ヒカ", "track", [14]),
        ("cest la vie", "track", [15]),
        ("C'EST LA VIE", "track", [15]),
        ("bwitched", "artist", [15]),
        ("lets go fishin", "track", [16]),
        ("-M-", "artist", [17]),
        ("m", "artist", [18]),
        ("acdc", "artist", [19]),
        ("tnt", "track", [19]),
        ("abba", "artist", [20]),
        ("ＡＢＢＡ", "artist", [20]),
        ("waterloo", "track", [20]),
        ("ágætis ガラス", "track", [21]),
        ("ラス", "track", [21]),
        ("_", "track", [24]),
        ("under - _", "track", [24]),
        ("__", "album", [24]),
        ("_._", "artist", [25]),
        ("_._ line", "track", [25]),
        ("²", "track", [26]),
        ("square - ²", "track", [26]),
        ("½", "album", [26]),
        ("ⅳx²", "artist", [28]),
        ("™", "track", [28]),
        ("part ²", "track", [27]),
        ("royksopp", "artist", [30]),
        ("grossstadt", "album", [31]),
        ("елка", "artist", [31]),
        ("mumford and sons", "artist", [32]),
        ("blink182", "artist", [33]),
        ("red", "track", [6]),  # the title track rather than its album
    ],
)
def test_what_people_type(others, text, kind, ids):
    assert meant(others, text) == (kind, ids)


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("22", ["id:22", "id:5"]),
        ("jazz", ["album:Queen - Jazz", "genre:Jazz"]),
        ("best of", ["album:Duke Ellington - Best Of", "album:Sting - Best Of"]),
        ("allegro", ["id:22", "id:23"]),
        ("gipsy", ["artist:Gipsy Kings", "id:9", "id:10"]),
    ],
)
def test_nobody_guesses_between_several(others, text, addresses):
    assert choices(others, text) == addresses
    assert all(find_tracks(others, address) is not None for address in addresses)


def test_what_says_that_it_is_an_id_is_nothing_else(others):
    assert meant(others, "id:99") is None and meant(others, "id: 5") == ("track", [5])
    assert meant(others, "id:five") is None


def test_a_number_of_a_table_is_a_name(others):
    assert find_tracks(others, "22", digits_are_ids=False).ids == [5]
    assert find_tracks(others, "12", digits_are_ids=False) is None and meant(others, "12") == ("track", [12])


def test_a_bare_word_may_be_a_folder_or_a_name(others, monkeypatch):
    monkeypatch.chdir("/")
    assert choices(others, "m") == ["artist:M", "/m"], "the only track of the artist M, and all that lies in /m"
    for text in ("./m", "m/"):
        assert sorted(find_tracks(others, text).ids) == [*range(1, len(OTHERS) + 1)]


def test_a_playlist_file_is_its_tracks_in_their_order(others, tmp_path):
    playlist = tmp_path / "mix.M3U8"
    playlist.write_text("/m/Swift/22.mp3\n/m/gone.mp3\n/m/Queen/1.mp3\n")
    selected = find_tracks(others, str(playlist))
    assert (selected.kind, selected.ids, selected.unknown) == ("playlist", [5, 1], ["/m/gone.mp3"])
    assert selected.name == f"{playlist} (playlist, 2 of 3 entries)"
    playlist.write_text("/m/gone.mp3\n")
    assert find_tracks(others, str(playlist)) is None


def test_several_files_of_one_recording_are_no_choice_but_equal_names_are(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        same = {"title": "Song", "artist": "A"}
        add(library, head, [heard("/1.mp3", at(0), **same, album="X"), heard("/2.flac", at(0), **same, album="x")])
        assert choices(library, "song") == ["id:1", "id:2"], "names alone make no recording"
        one_recording(library, 1, 2)
        assert find_track(library, "song").id == 1
        add(library, head, [heard("/3.mp3", at(0), **same, album="X", duration=300.0)])
        assert choices(library, "a - song") == ["id:1", "id:3"]


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
@example("\ufe70")  # a letter that is none in the compatible form
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
