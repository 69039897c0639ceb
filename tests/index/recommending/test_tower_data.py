"""What the towers read from a library and leave in it."""

from dataclasses import replace

import numpy as np
import pytest

from earshot.data.events.interactions import without_dislikes
from earshot.data.events.splits import default_protocol
from earshot.data.ids import IdMap
from earshot.index.library import Library, LibraryError
from earshot.index.listens.stored_interactions import find_user
from earshot.index.recommending.tower_data import read_catalog, read_tower_data
from earshot.index.recommending.tower_runs import tower_run
from earshot.index.recommending.tower_vectors import store_tower_vectors
from earshot.index.runs import start_run
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space, read_vector, read_vectors
from library_world import add, heard, open_library, unit
from tower_world import checkerboard, import_table, listening


@pytest.fixture
def library(tmp_path):
    """Three heard tracks of two artists, and three that only listens know."""
    library, head = open_library(tmp_path / "library")
    facts = [("a.mp3", unit(1, 0), "Ann", "One", "First"), ("b.mp3", unit(0, 1), "Ann", "Two", "First")]
    facts.append(("c.mp3", unit(1, 1), "Bob", "Three", None))
    add(library, head, [heard(p, v, artist=a, title=t, album=al, duration=120.0) for p, v, a, t, al in facts])
    rows = ["user,artist,title,timestamp", "eve,Ann,Two,100", "eve,Cid,Four,200", "sam,Bob,Three,50"]
    rows += ["sam,Cid,Four,300", "sam,Cid,Five,400"]
    import_table(library, tmp_path / "listens.csv", rows)
    yield library
    library.close()


def names(library, ids):
    return [library.db.execute("SELECT title FROM tracks WHERE id = ?", [int(track)]).fetchone()[0] for track in ids]


def test_listened_tracks_come_first_and_all_others_follow(library):
    data = read_tower_data(library)
    ids = data.tracks.all_ids
    assert sorted(names(library, ids)) == ["Five", "Four", "One", "Three", "Two"]
    assert names(library, ids)[-1] == "One"  # nobody listened to it
    assert data.listens.n_tracks == 5 and data.listens.n_users == 2


def test_what_is_known_of_tracks(library):
    data = read_tower_data(library)
    catalog, rows = data.catalog, {name: row for row, name in enumerate(names(library, data.tracks.all_ids))}
    np.testing.assert_allclose(catalog.audio[rows["Three"]], unit(1, 1))
    assert not catalog.audio[rows["Four"]].any()
    assert catalog.artist_rows[rows["One"]] == catalog.artist_rows[rows["Two"]] >= 0
    assert catalog.artist_rows[rows["Four"]] == catalog.artist_rows[rows["Five"]] != catalog.artist_rows[rows["One"]]
    assert catalog.album_rows[rows["One"]] == 0 and catalog.album_rows[rows["Three"]] == -1
    assert catalog.seconds[rows["One"]] == 120 and np.isnan(catalog.seconds[rows["Four"]])
    assert (len(data.artists), len(data.albums), catalog.n_artists, catalog.n_albums) == (3, 1, 3, 1)


def test_what_is_known_of_few_tracks_is_what_is_known_of_all(library, monkeypatch):
    tracks = IdMap(library.db.execute("SELECT group_concat(id) FROM tracks").fetchone()[0].split(","))
    few, artists, albums = read_catalog(library, tracks)
    monkeypatch.setattr("earshot.index.recommending.tower_data._MAX_SELECTED", 0)
    whole, all_artists, all_albums = read_catalog(library, tracks)
    for name in ("artist_rows", "album_rows", "seconds", "audio"):
        np.testing.assert_array_equal(getattr(few, name), getattr(whole, name))
    assert (len(artists), len(albums)) == (len(all_artists), len(all_albums)) == (3, 1)
    monkeypatch.undo()
    silent, _, _ = read_catalog(library, IdMap([5]))  # one that nobody heard: the others still have a sound
    assert silent.audio.shape == (1, 2) and not silent.audio.any()


def test_a_library_without_audio_has_a_catalog_too(tmp_path):
    with Library.open_to_write(tmp_path) as library:
        catalog, artists, albums = read_catalog(library, IdMap([]))
        assert len(catalog) == len(artists) == len(albums) == 0 and catalog.audio is None


def test_listens_to_a_track_that_is_gone_do_not_stop_the_storing(library):
    library.db.execute("DELETE FROM tracks WHERE title = 'Two'")
    data = read_tower_data(library)
    assert len(data.tracks) == 5  # the listens still know it
    run, _ = start_run(library, "train-tower", {})
    store_tower_vectors(library, run, data.tracks.all_ids, np.tile(unit(1, 0), (5, 1)))
    assert len(read_vectors(library, TOWER)[0]) == 4


def test_vectors_of_a_later_run_take_the_place_of_earlier_ones(library):
    with pytest.raises(LibraryError, match="This library has no trained towers yet"):
        tower_run(library)
    for number, vector in enumerate((unit(1, 0), unit(0, 1))):
        run, _ = start_run(library, "train-tower", {"number": number})
        store_tower_vectors(library, run, np.array([1, 2]), np.stack([vector, vector]), {"popularity": number / 2})
        np.testing.assert_array_equal(read_vector(library, TOWER, 2), vector)
        now = tower_run(library)
        assert (now.id, now.sound, now.popularity, now.tower, now.split) == (run, AUDIO, number / 2, {}, {})
        assert current_space(library, TOWER).run_id == run
    (n,) = library.db.execute("SELECT count(*) FROM vectors WHERE space = 'tower'").fetchone()
    assert n == 2


def test_nobody_of_that_name(library):
    with pytest.raises(LibraryError, match=r"No listener is called 'bob'; there are eve, sam\.\n"):
        find_user(library, "bob")
    library.db["users"].insert_all({"name": name} for name in ("ann", "ben", "cid", "dan"))
    with pytest.raises(LibraryError, match=r"'bob'; among 6 there are ann, ben, cid, dan, eve\.\n"):
        find_user(library, "bob")


def test_a_dislike_is_no_listen():
    events = listening([(0, track, track) for track in range(5)], 1, 5)
    kinds = np.arange(5, dtype=np.uint8)  # listen, like, dislike, unlike, undislike
    assert without_dislikes(replace(events, kinds=kinds)).track_rows.tolist() == [0, 1]
    assert without_dislikes(events) is events


def test_how_a_log_is_parted_when_nobody_says_how():
    assert default_protocol(checkerboard(4)) == "random"
    timed = listening([(0, 0, 5)], 1, 1)
    assert default_protocol(timed) == "global"
    given = type(timed)(
        timed.user_rows, timed.track_rows, timed.times, timed.weights, 1, 1, splits=np.zeros(1, np.uint8)
    )
    assert default_protocol(given) == "given"
