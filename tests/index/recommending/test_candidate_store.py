"""Candidates and histories for serving: of today's tracks rather than those of training."""

import numpy as np
import pytest

from earshot.data.events.interactions import dislikes
from earshot.index.listens.stored_interactions import find_user, read_interactions
from earshot.index.recommending.candidate_store import candidate_pools, play_counts, read_candidates, request_for_user
from earshot.index.recommending.tower_runs import store_tower_vectors
from earshot.index.recordings.recordings import group_recordings
from earshot.index.runs import finish_run, start_run
from earshot.index.vectors.faiss_file import build_index
from library_world import add, at, heard, open_library, unit
from tower_world import import_table


@pytest.fixture
def library(tmp_path):
    """Three heard tracks of two artists, two more that only listens know, vectors of all but the last one heard."""
    library, head = open_library(tmp_path / "library")
    tracks = [("a.mp3", "Ann", "One"), ("b.mp3", "Ann", "Two"), ("c.mp3", "Bob", "Three")]
    add(library, head, [heard(path, unit(1, 0), artist=artist, title=title) for path, artist, title in tracks])
    rows = ["user,artist,title,timestamp", "eve,Ann,Two,100", "eve,Cid,Four,200", "eve,Ann,Two,300", "sam,Cid,Five,4"]
    import_table(library, tmp_path / "listens.csv", rows)
    run, _ = start_run(library, "train-tower", {})
    store_tower_vectors(library, run, np.array([1, 2, 4, 5]), np.eye(4, dtype=np.float32))
    finish_run(library, run, {})
    with library:
        yield library, run


def test_new_tracks_follow_those_with_a_vector(library):
    library, run = library
    candidates = read_candidates(library, run, with_vectors=True)
    assert candidates.tracks.all_ids.tolist() == [1, 2, 4, 5, 3] and candidates.new_ids.tolist() == [3]
    np.testing.assert_array_equal(candidates.vectors, np.eye(4))
    assert candidates.artists[0] == candidates.artists[1] != candidates.artists[4] and candidates.artists.min() > 0
    assert repr(candidates) == "<Candidates 5 tracks, 4 with a vector>"
    everybody = read_candidates(library, run, with_vectors=False)
    assert everybody.new_ids.tolist() == [1, 2, 3, 4, 5] and len(everybody.vectors) == 0


def test_spellings_of_one_artist_share_a_cap(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        names = ["Beyoncé", "BEYONCE feat. JAY-Z", "Beyoncé; Solange", "Unknown Artist", "Solange"]
        add(library, head, [heard(f"{row}.mp3", unit(1, row), artist=name) for row, name in enumerate(names)])
        import_table(
            library, tmp_path / "l.csv", ["user,artist,title,timestamp", "eve,The Beyoncé,Halo,1", "eve,VA,X,2"]
        )
        artists = read_candidates(library, 0, with_vectors=False).artists.tolist()
        assert artists == [artists[0]] * 3 + [-1, artists[4], artists[0], -1] and artists[4] not in (artists[0], -1)


def test_missing_and_linked_tracks_are_no_candidates(library):
    library, run = library
    before = read_candidates(library, run, with_vectors=True).digest()
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 1")
    library.db.execute("UPDATE tracks SET linked_id = 2 WHERE id = 4")
    group_recordings(library)
    library.db.execute("UPDATE tracks SET artist_id = NULL WHERE id = 5")
    candidates = read_candidates(library, run, with_vectors=True)
    assert candidates.tracks.all_ids.tolist() == [2, 5, 3] and candidates.artists[1] == -1
    np.testing.assert_array_equal(candidates.vectors, np.eye(4)[[1, 3]])
    assert candidates.digest() != before


def test_histories_and_play_counts(library):
    library, run = library
    read = read_interactions(library)
    named = dict(library.db.execute("SELECT title, id FROM tracks"))
    eve = request_for_user(library, find_user(library, "eve"), seed_id=1)
    assert eve.track_ids().tolist() == [named["Two"], named["Four"], named["Two"], 1]
    assert (
        eve.times.tolist() == [100, 200, 300] and eve.is_ordered and repr(eve) == "<RecommendRequest user 1, 3 plays>"
    )
    assert request_for_user(library, 99).track_ids().tolist() == []
    candidates = read_candidates(library, run, with_vectors=True)
    plays = candidates.plays(*play_counts(read))
    expected = {"One": 0, "Two": 2, "Three": 0, "Four": 1, "Five": 1}
    assert {title: plays[candidates.tracks.rows([track])[0]] for title, track in named.items()} == expected


def test_a_dislike_is_no_play(tmp_path):
    library, _ = open_library(tmp_path / "library")
    with library:
        rows = ["user,artist,title,timestamp,event_type", "eve,Ann,One,1,listen", "eve,Ann,Two,2,dislike"]
        import_table(library, tmp_path / "listens.csv", rows)
        read = read_interactions(library)
        (one,) = library.db.execute("SELECT id FROM tracks WHERE title = 'One'").fetchone()
        request = request_for_user(library, find_user(library, "eve"))
        assert (request.played.tolist(), request.times.tolist(), request.kinds.tolist()) == ([one], [1], [0])
        assert request.disliked.tolist() == [3 - one] and dislikes(read.interactions)[1].tolist() == [2 - one]
        ids, counts = play_counts(read)
        assert counts[ids == one].tolist() == [1] and counts.sum() == 1


@pytest.fixture
def many(tmp_path):
    """A thousand tracks around a circle, track n at n degrees / 10, four by each artist; searched by their index."""
    library, _ = open_library(tmp_path / "many")
    with library:
        library.db.conn.executemany(
            "INSERT INTO artists (id, name) VALUES (?, ?)", [(n, str(n)) for n in range(1, 251)]
        )
        rows = [(n, f"Song {n}", (n - 1) // 4 + 1) for n in range(1, 1_001)]
        library.db.conn.executemany(
            "INSERT INTO tracks (id, title, artist_id, status) VALUES (?, ?, ?, 'catalog')", rows
        )
        run, _ = start_run(library, "train-tower", {})
        store_tower_vectors(library, run, np.arange(1, 1_001), np.stack([at(n / 10) for n in range(1, 1_001)]))
        build_index(library, "tower")
        yield library


def pools(library, **options):
    return list(candidate_pools(library, at(50), **{"k": 5, "n_excluded": 0} | options))


def test_the_index_finds_ever_more_tracks_near_a_query(many, monkeypatch):
    assert pools(many) == []  # so few are read at once
    monkeypatch.setattr("earshot.index.recommending.candidate_store._MIN_INDEXED", 1_000)
    (candidates,) = pools(many)
    assert set(candidates.tracks.all_ids[:99].tolist()) <= set(range(450, 551)) and len(candidates) == 100
    assert candidates.new_ids.tolist() == [] and 500 in candidates.tracks
    (track,) = candidates.tracks.ids([7])
    assert candidates.artists[7] == (track - 1) // 4 + 1
    np.testing.assert_allclose(candidates.vectors[7], at(track / 10), rtol=1e-6)
    assert [len(candidates) for candidates in pools(many, k=1, n_excluded=-50)] == [10, 80]
    assert pools(many, n_excluded=150) == []  # a quarter of all is better read at once


@pytest.mark.parametrize("change", ["a newcomer", "a gone file", "no index", "a damaged index"])
def test_an_incomplete_index_is_not_used(many, monkeypatch, change):
    monkeypatch.setattr("earshot.index.recommending.candidate_store._MIN_INDEXED", 1_000)
    if change == "a newcomer":
        many.db.execute("INSERT INTO tracks (title, status) VALUES ('new', 'catalog')")
    elif change == "a gone file":
        many.db.execute("DELETE FROM vectors WHERE track_id = 3")
    elif change == "no index":
        many.db.execute("DELETE FROM index_files")
    else:
        next(many.folder.glob("tower-*.faiss")).write_bytes(b"damaged")
    assert pools(many) == []


def test_a_track_under_another_name_is_not_near(many, monkeypatch):
    monkeypatch.setattr("earshot.index.recommending.candidate_store._MIN_INDEXED", 900)
    many.db.execute("UPDATE tracks SET linked_id = 1 WHERE id = 500")
    group_recordings(many)
    assert pools(many) == []  # the index is out of date
    build_index(many, "tower")
    (candidates,) = pools(many)
    assert 500 not in candidates.tracks and 499 in candidates.tracks and len(candidates) == 100
