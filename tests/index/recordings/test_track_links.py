"""Links of catalog tracks to the files that are the same recording."""

import polars as pl
import pytest

from earshot.data.listens.event_batch import Batch
from earshot.index.graphs.item_groups import read_groups
from earshot.index.library import LibraryError
from earshot.index.listens.listen_store import import_listens
from earshot.index.listens.stored_interactions import read_interactions
from earshot.index.recordings.recordings import group_recordings, recording_ids, store_same
from earshot.index.recordings.track_links import find_links, remove_links, store_links
from earshot.index.search.selected import AmbiguousError
from library_world import add, at, collected_events, find_track, heard, open_library

FILES = [
    ("/1.mp3", "Air", "La Femme d'Argent"),
    ("/2.flac", "Air", "La femme d'argent"),  # the same again, in another encoding
    ("/3.mp3", "Beyoncé", "Halo"),
    ("/4.mp3", "Can", "Vitamin C"),
    ("/5.mp3", "Can", "Vitamin C (2004 Remaster)"),
    ("/6.mp3", None, "Neu! - Hallogallo"),
    ("/7.mp3", "Radiohead", "Paranoid Android"),
]
LISTENED = [
    ("AIR", "La Femme d’Argent - Remastered", None),
    ("Beyonce", "Halo (feat. Nobody)", None),
    ("Can", "Vitamin C - Remastered", None),  # could be 4 or 5
    ("NEU", "Hallogallo", None),
    ("Radiohed", "Paranoid Android", None),
    ("Radiohead", "Paranoid Androids", None),
    ("Radiohead", "Idioteque", None),
    ("Somebody", "Entirely Else", "mbid of 7"),
]


@pytest.fixture
def library(tmp_path):
    """Files 1 to 7, and what was listened to as 8 to 15, once each at the time of its place."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(
            library,
            head,
            [heard(path, at(n), artist=artist, title=title) for n, (path, artist, title) in enumerate(FILES)],
        )
        rows = [("me", artist, title, mbid, place) for place, (artist, title, mbid) in enumerate(LISTENED)]
        names = ["user", "artist", "title", "mbid", "time_s"]
        with collected_events(library, Batch(pl.DataFrame(rows, schema=names, orient="row"))) as collector:
            import_listens(library, collector, "digest", origin="x")
        yield library


def ids(pairs):
    return [(pair.catalog.id, pair.file.id, pair.why) for pair in pairs]


def test_matches_near_misses_and_conflicts(library, monkeypatch):
    library.db.execute("UPDATE tracks SET mbid = 'mbid of 7' WHERE id = 7")
    found = find_links(library)
    assert found.n_catalog == 8
    assert ids(found.matches) == [(8, 1, "name"), (9, 3, "name"), (11, 6, "name"), (15, 7, "mbid")]
    assert ids(found.conflicts) == [(10, 4, "name"), (10, 5, "name")]
    # paranoid android has 12 different pairs, and androids ds as well; ra ad di io oh he are shared, ea and ed not
    assert ids(found.near_misses) == [(13, 7, "artist"), (12, 7, "title")]
    assert [pair.likeness for pair in found.near_misses] == pytest.approx([2 * 12 / (12 + 13), 2 * 6 / (7 + 7)])
    assert found.near_misses[1].row() == {
        "catalog_id": 12, "catalog": "Radiohed - Paranoid Android", "track_id": 7,
        "track": "Radiohead - Paranoid Android", "why": "title", "likeness": 0.857,
    }  # fmt: skip
    monkeypatch.setattr("earshot.index.recordings.track_links._MAX_NEAR", 1)
    assert len(find_links(library).near_misses) == 1


def test_blanks_and_other_artists_of_a_file(tmp_path):
    library, head = open_library(tmp_path / "names")
    files = [
        ("AC/DC", "T.N.T."),
        ("坂本龍一", "Aqua"),
        ("Simon & Garfunkel", "The Boxer"),
        ("Jay-Z & Kanye West", "Run"),
    ]
    names = [
        ("ACDC", "TNT"),
        ("坂本 龍一", "Aqua"),
        ("Simon", "The Boxer"),
        ("Kanye West", "Run"),
        ("Kanye East", "Run"),
    ]
    with library:
        add(library, head, [heard(f"/{n}", at(n), artist=name[0], title=name[1]) for n, name in enumerate(files)])
        rows = [(node, artist, title, "catalog") for node, (artist, title) in enumerate(names, start=5)]
        library.insert("tracks", "id, artist, title, status", rows)
        found = find_links(library)
    assert ids(found.matches) == [(5, 1, "name"), (6, 2, "name")]
    assert sorted(ids(found.near_misses)) == [(7, 3, "title"), (8, 4, "title")]


def test_codes_of_a_file_are_kept_while_its_music_stays(library):
    def codes(**facts):
        add(library, library.db.execute("SELECT run_id FROM spaces").fetchone()[0], [heard("/3.mp3", at(2), **facts)])
        return library.db.execute("SELECT mbid, isrc FROM tracks WHERE id = 3").fetchone()

    assert codes(mbid="m", isrc="USABC1234567") == ("m", "USABC1234567")
    assert codes() == ("m", "USABC1234567") and codes(mbid="n") == ("n", "USABC1234567")
    library.db.execute("UPDATE tracks SET isrc = 'us-abc-12-34567' WHERE id = 14")  # as a table may write it
    assert (14, 3, "isrc") in ids(find_links(library).matches)
    assert codes(content_hash="other music") == (None, None)


def test_without_an_artist_only_a_code_tells(library):
    for node in (3, 9):
        library.db.execute("UPDATE tracks SET artist = NULL, title = 'Track 01' WHERE id = ?", [node])
    found = find_links(library)
    assert found.n_catalog == 8 and 9 not in [pair.catalog.id for pair in found.matches + found.near_misses]
    library.db.execute("UPDATE tracks SET isrc = 'USABC1234567' WHERE id IN (3, 9)")
    assert (9, 3, "isrc") in ids(find_links(library).matches)


def test_a_code_that_contradicts_the_name_is_a_conflict(library):
    library.db.execute("UPDATE tracks SET isrc = 'x' WHERE id IN (3, 8)")
    found = find_links(library)
    assert [pair for pair in ids(found.conflicts) if pair[0] == 8] == [(8, 1, "name"), (8, 2, "name"), (8, 3, "isrc")]


def test_the_very_same_spelling_settles_it(library):
    library.db.execute("UPDATE tracks SET title = 'vitamin c' WHERE id = 10")
    assert (10, 4, "name") in ids(find_links(library).matches)


def test_a_linked_track_is_its_file_to_all_who_read_listens(library):
    pairs = [(pair.catalog.id, pair.file.id) for pair in find_links(library).matches]
    assert store_links(library, pairs) == 3 and recording_ids(library) == {8: 1, 9: 3, 11: 6}
    heard_listens = read_interactions(library)
    assert heard_listens.items.ids(heard_listens.interactions.track_rows).tolist() == [1, 3, 10, 6, 12, 13, 14, 15]
    assert read_groups(library, "listens")["listens"].item_ids.tolist() == [1, 3, 6, 10, 12, 13, 14, 15]
    assert find_links(library).n_catalog == 5  # nothing is linked twice
    assert remove_links(library, [8, 8, 12]) == 1 and recording_ids(library) == {9: 3, 11: 6}
    assert read_interactions(library).items.ids([0, 1]).tolist() == [3, 6]


def test_a_linked_track_is_found_as_its_file(library):
    assert find_track(library, "Halo (feat. Nobody)") is None and find_track(library, "9") is None
    assert find_track(library, "Halo (feat. Nobody)", catalog=True).id == 9
    store_links(library, [(9, 3), (10, 4)])
    for text in ("Halo (feat. Nobody)", "9", "Beyonce - Halo (feat. Nobody)"):
        assert find_track(library, text).path == find_track(library, text, catalog=True).path == "/3.mp3"
    with pytest.raises(AmbiguousError, match="'vitamin' could be any of 2 tracks"):
        find_track(library, "vitamin")
    assert find_track(library, "Idioteque") is None and find_track(library, "Idioteque", catalog=True).id == 14


def test_a_file_that_is_pruned_takes_its_links_along(library):
    store_links(library, [(8, 1)])
    library.db.execute("DELETE FROM tracks WHERE id = 1")
    assert recording_ids(library) == {}


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ((1, 2), "1 is the id of no catalog track"),
        ((8, 9), "9 is the id of no track with audio"),
        ((99, 1), r"99 is the id of no catalog track\.\n\nRun `cli link --dry-run`"),
    ],
)
def test_only_a_catalog_track_is_linked_and_only_to_a_file(library, pair, words):
    with pytest.raises(LibraryError, match=words):
        store_links(library, [(9, 3), pair])
    assert recording_ids(library) == {}  # all or nothing


def test_catalog_tracks_of_equal_names_are_one_recording(tmp_path):
    """Two services write them in two ways; a live take and a remix stay apart."""
    library, _ = open_library(tmp_path)
    with library:
        titles = ["Song", "Song - Remastered 2009", "Song (Live)", "song (feat. Guest)", "Song (Club Remix)"]
        library.db.conn.executemany(
            "INSERT INTO tracks (artist, title, status) VALUES ('Band', ?, 'catalog')", [(title,) for title in titles]
        )
        found = find_links(library)
        assert ids(found.variants) == [(2, 1, "name"), (4, 1, "name")] and not found.matches
        store_links(library, [], [(pair.catalog.id, pair.file.id) for pair in found.variants])
        assert recording_ids(library) == {2: 1, 4: 1}
        remove_links(library, [4])
        assert recording_ids(library) == {2: 1}


def test_files_of_one_recording_are_no_conflict(library):
    with library.transaction():
        store_same(library, [(4, 5, "sound", 0.9)])
        group_recordings(library)
    found = find_links(library)
    assert found.conflicts == [] and (10, 4, "name") in ids(found.matches)


SAMPLED = [  # artist, title, album and album artist of files
    ("Kool & The Gang", "Celebration", "Funk Hits", "Various Artists"),
    ("JAY-Z & Kanye West", "No Church in the Wild", "Watch the Throne", None),
    ("P!nk", "So What", "Funhouse", None),
    ("Air", "Run", "Talkie Walkie", None),
    ("The The", "Run", "Dusk", None),
    ("Nirvana", "Lithium", "Live!", None),
    ("Nirvana", "Lithium", "Nevermind", None),
]


@pytest.mark.parametrize(
    ("artist", "title", "album", "result"),
    [
        ("Various Artists", "Celebration", "Funk Hits", "1 album"),
        ("Various Artists", "Celebration", "Other Hits", "1 near"),
        ("Various Artists", "Run", "Other Hits", ""),
        ("JAY-Z", "No Church In The Wild", "Watch The Throne (Deluxe)", "2 album"),
        ("JAY-Z", "No Church In The Wild", None, "2 near"),
        ("JAY-Z", "No Church In The Wild (Live)", "Watch The Throne", ""),
        ("Kanye East", "No Church In The Wild", "Watch The Throne", ""),
        ("Pink", "So What", "Funhouse (Deluxe Edition)", "3 album"),
        ("Pink", "So What", "Greatest Hits So Far", "3 near"),
        ("Air - Topic", "Run", None, "4 name"),
        ("AirVEVO", "Run - Remastered 2009 / Mono", None, "4 name"),
        ("Nirvana", "Lithium - Remastered", "Nevermind (Super Deluxe)", "7 name"),
        ("Nirvana", "Lithium", "Best Of", "6 name"),
        ("The Nirvanas", "Lithium", "Nevermind", "7 near"),
    ],
)
def test_other_words_for_one_track(tmp_path, artist, title, album, result):
    """A title and an album tell more than the name of an artist; without the album a person decides."""
    library, head = open_library(tmp_path / "names")
    with library:
        add(
            library,
            head,
            [
                heard(f"/{n}", at(n), artist=artist_, title=title_, album=album_, album_artist=owner)
                for n, (artist_, title_, album_, owner) in enumerate(SAMPLED)
            ],
        )
        library.insert("tracks", "artist, title, album, status", [(artist, title, album, "catalog")])
        found = find_links(library)
    links = [f"{pair.file.id} {pair.why}" for pair in found.matches]
    nears = [f"{pair.file.id} near" for pair in found.near_misses if pair.why == "title"]
    assert result in nears if result.endswith("near") else links + nears == ([result] if result else [])
    assert not found.conflicts and (not result.endswith("near") or not links)
