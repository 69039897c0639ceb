"""Training data of towers: listens, and the facts of every track."""

import numpy as np
import pytest

from earshot.data.ids import IdMap
from earshot.index.library import Library
from earshot.index.recommending.tower_data import read_catalog, read_tower_data
from library_world import add, heard, open_library, unit
from tower_world import import_table


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
