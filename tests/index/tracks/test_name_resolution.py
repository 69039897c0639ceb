"""Names become ids: by path, by artist and title, by name, by id; unknown names become new nodes."""

import sqlite3

import numpy as np
import pytest

from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.tracks.name_resolution import UNKNOWN, ids_with_audio, likeliest_level, match_nodes, node_names
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Tracks 1 to 5; artists 1 Air, 2 Björk; albums 1 Moon Safari of Air, 2 Debut of Björk, 3 Debut of Air."""
    library, head = open_library(tmp_path / "library")
    facts = [
        ("/m/air/a1.mp3", "La Femme", "Air", "Moon Safari"),
        ("/m/air/a1.flac", "La Femme", "Air", "Moon Safari"),
        ("/m/björk/intro.mp3", "Intro", "Björk", "Debut"),
        ("/m/air/intro.mp3", "Intro", "Air", "Debut"),
        ("/m/other/untitled.ogg", None, None, None),
    ]
    with library:
        tracks = (heard(path, at(0), title=title, artist=artist, album=album) for path, title, artist, album in facts)
        assert add(library, head, tracks) == [1, 2, 3, 4, 5]
        # albums: 1 Moon Safari, 2 Debut of Björk, 3 Debut of Air; each was met in this order
        yield library


def matched(library, names, level, **options):
    with library.transaction():
        return match_nodes(library, names, level, **options)


def test_a_track_by_path(library):
    names = ["/m/air/a1.flac", "air/intro.mp3", "a1.mp3", "../air/a1.mp3"]
    assert matched(library, names, "track", folders=["/m/lists"]).ids.tolist() == [2, 4, 1, 1]
    assert matched(library, ["intro.mp3"], "track", folders=["/m/björk"]).ids.tolist() == [3]


def test_a_path_of_another_machine_must_agree_in_its_folder(library):
    names = ["/Users/me/Music/air/a1.mp3", "/Users/me/a1.mp3", "intro.mp3"]  # the last fits two tracks
    match = matched(library, names, "track", create=False)
    assert match.ids.tolist() == [1, UNKNOWN, UNKNOWN]
    assert (match.n_nodes, match.n_matched, match.n_with_audio) == (1, 1, 1)


def test_the_longest_common_ending_wins_among_many_files_of_one_name(library):
    rng = np.random.default_rng(7)
    folders = [["ab", "cd", "AB"][letter] for letter in rng.integers(0, 3, 4_000)]
    paths = ["/".join(("/disk", *folders[n : n + 5], "01.mp3")) for n in range(0, 600, 5)]
    paths = sorted(set(paths))
    names = ["/".join(("/other", *folders[n : n + 5], "01.mp3")) for n in range(600, 1_800, 5)]
    with library.transaction():
        library.insert("tracks", "id, path, status", [(n, path, "missing") for n, path in enumerate(paths, start=100)])

    def expected(name):
        for fold in (str, str.casefold):
            parts = [fold(path).split("/")[::-1] for path in (name, *paths)]
            agreeing = [next(n for n in range(9) if path[n] != parts[0][n]) for path in parts[1:]]
            if max(agreeing) >= 2 and agreeing.count(max(agreeing)) == 1:
                return 100 + agreeing.index(max(agreeing))
        return UNKNOWN

    answers = [expected(name) for name in names]
    assert len(set(answers)) > 20 and UNKNOWN in answers
    assert matched(library, names, "track", create=False).ids.tolist() == answers


@pytest.mark.parametrize(
    ("name", "track"),
    [
        ("C:\\Music\\air\\a1.mp3", 1),
        ("\\\\NAS\\Music\\AIR\\A1.flac", 2),
        ("air\\a1.mp3", 1),
        ("D:\\a1.mp3", UNKNOWN),
        ("file:///home/x/bj%C3%B6rk/intro.mp3", 3),
        ("file:/m/air/intro.mp3", 4),
        ("../bj%C3%B6rk/intro.mp3", 3),
        ("http://radio/air/a1.mp3", UNKNOWN),
    ],
)
def test_a_path_as_windows_or_an_address_writes_it(library, name, track):
    assert matched(library, [name], "track", folders=["/m/air"], create=False).ids.tolist() == [track]


def test_an_umlaut_in_two_parts_is_the_same_path(library):
    decomposed = "/Volumes/m/bjo\u0308rk/intro.mp3"  # as a Mac writes it
    assert matched(library, [decomposed], "track", create=False).ids.tolist() == [3]


def test_a_track_by_artist_and_title(library):
    # Of two encodings of one recording the first; a bare title only where one artist has it.
    names = ["air - la femme", "LA FEMME", "Björk - Intro", "untitled", "Intro"]
    assert matched(library, names, "track", create=False).ids.tolist() == [1, 1, 3, 5, UNKNOWN]


@pytest.mark.parametrize("artists", [("Air", "Air", "Zero 7"), ("Air", "Zero 7", "Air"), ("Zero 7", "Air", "Air")])
def test_a_title_of_two_artists_is_neither_s_however_often_one_has_it(library, artists):
    with library.transaction():
        library.insert("tracks", "title, artist, status", [("Home", artist, "catalog") for artist in artists])
    assert matched(library, ["Home"], "track", create=False).ids.tolist() == [UNKNOWN]


def test_unknown_tracks_become_catalog_items_and_are_found_again(library):
    match = matched(library, ["Intro", "Nobody - Nothing", "intro", "Air - Intro"], "track")
    assert match.ids.tolist() == [6, 7, 6, 4]  # names that differ in case only are one node
    assert (match.n_nodes, match.n_matched, match.n_with_audio, match.were_ids) == (3, 1, 1, False)
    rows = library.db.execute("SELECT id, path, title, artist, status FROM tracks WHERE id > 5").fetchall()
    assert rows == [(6, None, "Intro", None, "catalog"), (7, None, "Nobody - Nothing", None, "catalog")]
    again = matched(library, ["Intro", "Nobody - Nothing"], "track")
    assert again.ids.tolist() == [6, 7] and again.n_matched == 2 and again.n_with_audio == 0


def test_words_find_catalog_items_like_any_track(library):
    matched(library, ["Nobody - Nothing"], "track")
    find = "SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH ?"
    assert library.db.execute(find, ["nothing"]).fetchall() == [(6,)]
    library.db.execute("UPDATE tracks SET title = 'Else' WHERE id = 6")  # the triggers still stand
    assert library.db.execute(find, ["nothing"]).fetchall() == []
    library.db.execute("INSERT INTO tracks (title, status) VALUES ('Later', 'catalog')")
    assert library.db.execute(find, ["later"]).fetchall() == [(7,)]
    assert library.column("SELECT recording_id FROM recordings WHERE track_id > 5 ORDER BY track_id") == [6, 7]
    library.db.execute("INSERT INTO tracks_fts (tracks_fts) VALUES ('integrity-check')")


def test_many_new_tracks_leave_indexes_and_triggers_as_they_were(library):
    schema = sorted(library.db.execute("SELECT type, name, sql FROM sqlite_master"), key=str)
    matched(library, [f"Nobody - {n}" for n in range(10)], "track")  # more than there were
    assert sorted(library.db.execute("SELECT type, name, sql FROM sqlite_master"), key=str) == schema
    assert library.column("SELECT id FROM tracks WHERE title = 'Nobody - 9'") == [15]
    assert library.value("PRAGMA integrity_check") == "ok"


def test_albums(library):
    names = ["moon safari", "Air - Debut", "Björk - Debut", "Debut", "Homework"]
    match = matched(library, names, "album")
    assert match.ids.tolist() == [1, 3, 2, 4, 5]  # "Debut" alone could be either, so it is a third
    assert (match.n_nodes, match.n_matched, match.n_with_audio) == (5, 3, 3)
    assert library.db.execute("SELECT name, artist_id FROM albums WHERE id > 3").fetchall() == [
        ("Debut", None),
        ("Homework", None),
    ]
    assert matched(library, names, "album").ids.tolist() == [1, 3, 2, 4, 5]


def test_artists(library):
    match = matched(library, ["AIR", "Can", "Björk", "can", "Air"], "artist")
    assert match.ids.tolist() == [1, 3, 2, 3, 1]
    assert (match.n_nodes, match.n_matched, match.n_with_audio) == (3, 2, 2)
    assert library.db.execute("SELECT name FROM artists ORDER BY id").fetchall() == [("Air",), ("Björk",), ("Can",)]


def test_digits_are_ids_only_if_somebody_says_so(library):
    taken = matched(library, ["2", "1"], "artist", names_are="ids")
    assert taken.ids.tolist() == [2, 1] and taken.were_ids and taken.n_matched == 2
    numbers = matched(library, ["2", "1"], "artist")  # of another program, or bands
    assert numbers.ids.tolist() == [3, 4] and not numbers.were_ids and numbers.n_matched == 0
    assert matched(library, ["2"], "artist").ids.tolist() == [3]


def test_ids_that_are_none_are_refused(library):
    with pytest.raises(ValueError, match="'9' is the id of no artist in this library"):
        matched(library, ["1", "9"], "artist", names_are="ids")
    with pytest.raises(ValueError, match="'01' is the id of no artist"):  # only what the library itself would write
        matched(library, ["01"], "artist", names_are="ids")
    with pytest.raises(ValueError, match="'Air' is the id of no artist"):
        matched(library, ["Air"], "artist", names_are="ids")
    with pytest.raises(ValueError, match="level 'song'"):
        matched(library, ["Air"], "song")


def test_what_can_be_heard_and_what_it_is_called(library):
    matched(library, ["Nobody - Nothing"], "track")
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 3")
    assert ids_with_audio(library, "track").tolist() == [1, 2, 4, 5]
    assert ids_with_audio(library, "artist").tolist() == [1]
    assert ids_with_audio(library, "album").tolist() == [1, 3]
    assert node_names(library, "track", [6, 5, 1, 99]) == ["Nobody - Nothing", "untitled", "Air - La Femme", "track 99"]
    store_same(library, [(4, 5, "sound", 0.9)])
    group_recordings(library)
    assert node_names(library, "track", [5, 4]) == ["Air - Intro"] * 2, "an untagged file is called as its copy"
    assert node_names(library, "album", np.array([3, 1])) == ["Air - Debut", "Air - Moon Safari"]
    assert node_names(library, "artist", [2, 1, 2]) == ["Björk", "Air", "Björk"]


def test_a_level_is_guessed_from_what_is_known(library):
    assert likeliest_level(library, ["air", "Björk", "Neu!"]) == "artist"
    assert likeliest_level(library, ["Moon Safari", "Björk - Debut", "Air"]) == "album"
    assert likeliest_level(library, ["a1.flac", "Neu!"], folders=["/m/air"]) == "track"
    assert likeliest_level(library, ["Neu!", "17"]) == "track"
    assert likeliest_level(library, []) == "track"
    assert likeliest_level(library, ["Air", *["nobody"] * 5_000]) == "artist"
    matched(library, ["Air", "Can"], "track")  # taken for tracks by mistake, once: without audio
    assert likeliest_level(library, ["Air", "Can"]) == "artist"


def test_nothing_to_match(library):
    match = matched(library, [], "track")
    assert match.ids.tolist() == [] and match.n_nodes == 0 and match.ids.dtype == np.int64


def test_a_failed_import_leaves_no_nodes_behind(library):
    with pytest.raises(sqlite3.IntegrityError), library.transaction():
        match_nodes(library, ["Nobody - Nothing"], "track")
        library.db.execute("INSERT INTO artists (name) VALUES ('Air')")
    assert library.db.execute("SELECT count(*) FROM tracks").fetchone() == (5,)
    library.db.execute("INSERT INTO tracks (title, status) VALUES ('Later', 'catalog')")
    assert library.db.execute("SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH 'later'").fetchall() == [(6,)]


def test_spellings_of_one_artist_are_one_node(library):
    """Also two unknown ones; a name of nobody is a node by itself, and no track's artist."""
    names = ["BJÖRK", "The Air", "Björk feat. Anna", "Guns N\u2019 Roses", "Guns N' Roses", "Various Artists"]
    assert matched(library, names, "artist").ids.tolist() == [2, 1, 2, 3, 3, 4]
    query = "SELECT name, key FROM artists WHERE id > 2"
    assert library.db.execute(query).fetchall() == [("Guns N\u2019 Roses", "guns n roses"), ("Various Artists", "")]
    assert matched(library, ["various artists", "Various Artists"], "artist", create=False).ids.tolist() == [UNKNOWN, 4]
