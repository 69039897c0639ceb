"""The neighbours table equals brute force after any change."""

import numpy as np
import pytest

from earshot.index.tracks.track_store import set_status
from earshot.index.vectors import neighbour_table
from earshot.index.vectors.faiss_file import build_index
from earshot.index.vectors.neighbour_table import PER_TRACK, fill_neighbours
from earshot.index.vectors.spaces import AUDIO, read_vectors
from library_world import add, at, heard, open_library, random_units


@pytest.fixture
def world(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        yield library, head


def held(library):
    """Neighbours and scores by track, in the order of their ranks, which count from 1."""
    table: dict[int, list] = {}
    rows = library.db.execute("SELECT track_id, rank, neighbour_id, score FROM neighbours ORDER BY track_id, rank")
    for track_id, rank, neighbour_id, score in rows:
        places = table.setdefault(track_id, [])
        assert rank == len(places) + 1
        places.append((neighbour_id, score))
    return table


def brute_force(library, k):
    """The same from all pairs."""
    ids, vectors = read_vectors(library, AUDIO)
    track_ids = ids.all_ids.tolist()
    scores = (vectors @ vectors.T).astype(np.float64)
    np.fill_diagonal(scores, -np.inf)
    table = {}
    for row, track_id in enumerate(track_ids):
        best = np.argsort(-scores[row], kind="stable")[: min(k, len(ids) - 1)]
        table[track_id] = [(track_ids[other], scores[row, other]) for other in best]
    return {track_id: places for track_id, places in table.items() if places}


def assert_right(library, k=PER_TRACK):
    """Equal scores, and every neighbour has the score that it is listed with; ties may stand in any order."""
    ids, vectors = read_vectors(library, AUDIO)
    ours, theirs = held(library), brute_force(library, k)
    assert ours.keys() == theirs.keys()
    for track_id, places in ours.items():
        np.testing.assert_allclose([s for _, s in places], [s for _, s in theirs[track_id]], atol=1e-6)
        neighbours = [neighbour_id for neighbour_id, _ in places]
        assert track_id not in neighbours and len(set(neighbours)) == len(neighbours)
        cosines = vectors[ids.rows(neighbours)] @ vectors[ids.rows(track_id)]
        np.testing.assert_allclose([s for _, s in places], cosines, atol=1e-6)
    row = library.db.execute("SELECT neighbours_revision = revision FROM spaces").fetchone()
    assert row == (1,), "the table says that it is up to date"


def test_neighbours_by_hand(world):
    # At 0, 10, 30 and 65 degrees: from 30 the nearest are 10 (20 away), 0 (30) and 65 (35).
    library, head = world
    add(library, head, [heard(f"/{degrees}.mp3", at(degrees)) for degrees in (0, 10, 30, 65)])
    assert list(fill_neighbours(library, AUDIO, k=2)) == [(4, 4)]
    names = {1: [2, 3], 2: [1, 3], 3: [2, 1], 4: [3, 2]}
    assert {track_id: [i for i, _ in places] for track_id, places in held(library).items()} == names
    assert held(library)[4][0][1] == pytest.approx(np.cos(np.radians(35)), abs=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, PER_TRACK, PER_TRACK + 1, PER_TRACK + 2, 300])
def test_a_full_table_is_what_brute_force_says(world, n, rng):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(random_units(rng, n, 5))])
    list(fill_neighbours(library, AUDIO))
    if n:
        assert_right(library)
    else:
        assert held(library) == {}


def test_a_library_that_has_no_space_yet(world):
    library, _ = world
    library.db.execute("DELETE FROM spaces")
    assert list(fill_neighbours(library, AUDIO)) == []


def test_duplicates_are_neighbours_of_each_other_and_not_of_themselves(world):
    """30 copies of one vector: more than fit among the nearest, so the track itself may not be found."""
    library, head = world
    vectors = [at(0)] * 30 + [at(50), at(90)]
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(vectors)])
    list(fill_neighbours(library, AUDIO))
    assert_right(library)
    assert {score for _, score in held(library)[1]} == {1.0}


def test_nothing_is_done_twice(world, rng):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(random_units(rng, 50, 5))])
    assert list(fill_neighbours(library, AUDIO)) == [(50, 50)]
    before = library.db.conn.total_changes
    assert list(fill_neighbours(library, AUDIO)) == []
    assert library.db.conn.total_changes == before


def test_a_new_track_costs_one_search(world, rng):
    """The others are not searched again: it is offered to them."""
    library, head = world
    vectors = random_units(rng, 200, 5)
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(vectors)])
    list(fill_neighbours(library, AUDIO))
    (new,) = add(library, head, [heard("/new.mp3", vectors[0])])
    assert list(fill_neighbours(library, AUDIO)) == [(1, 1)]
    assert held(library)[1][0] == (new, 1.0)
    assert_right(library)


def test_a_track_that_goes_costs_as_many_searches_as_it_was_mentioned(world, rng):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(random_units(rng, 200, 5))])
    list(fill_neighbours(library, AUDIO))
    n_mentions = sum(7 in [i for i, _ in places] for places in held(library).values())
    library.db.execute("DELETE FROM tracks WHERE id = 7")
    assert list(fill_neighbours(library, AUDIO)) == [(n_mentions, n_mentions)]
    assert_right(library)


def change_at_random(library, head, rng, number):
    """A few additions, deletions, new vectors and changes of status."""
    ids = [track_id for (track_id,) in library.db.execute("SELECT id FROM tracks")]
    for step in range(rng.integers(1, 8)):
        path = f"/{number}-{step}.mp3"
        kind = rng.choice(["add", "add", "twin", "delete", "again", "missing", "back"])
        track_id = int(rng.choice(ids)) if ids else None
        if kind == "add" or track_id is None:
            add(library, head, [heard(path, random_units(rng, 1, 4)[0])])
        elif kind == "twin":
            vector = np.frombuffer(library.db.execute("SELECT vector FROM vectors LIMIT 1").fetchone()[0], "<f4")
            add(library, head, [heard(path, vector)])
        elif kind == "delete":
            library.db.execute("DELETE FROM tracks WHERE id = ?", [track_id])
            ids.remove(track_id)
        elif kind == "again":
            vector = random_units(rng, 1, 4)[0].tobytes()
            library.db.execute("UPDATE vectors SET vector = ? WHERE track_id = ?", [vector, track_id])
        else:
            status = "missing" if kind == "missing" else "embedded"
            library.db.execute("UPDATE tracks SET status = ? WHERE id = ?", [status, track_id])


@pytest.mark.parametrize("seed", range(12))
def test_any_changes_between_any_fills(world, seed):
    """From nothing to some sixty tracks and through every size at which k is cut short."""
    library, head = world
    rng = np.random.default_rng(seed)
    for number in range(25):
        change_at_random(library, head, rng, number)
        if rng.random() < 0.7:
            list(fill_neighbours(library, AUDIO, k=6))
            assert_right(library, k=6)


@pytest.mark.parametrize("seed", range(12))
def test_a_fill_may_be_killed_anywhere(world, seed, monkeypatch):
    """Each transaction of its own may be the last; what is missing is done the next time, and nothing is wrong."""
    library, head = world
    rng = np.random.default_rng(100 + seed)
    monkeypatch.setattr(neighbour_table, "_QUERIES_AT_ONCE", 5)  # many transactions
    monkeypatch.setattr(neighbour_table, "_SCORES_AT_ONCE", 16)
    original, left = neighbour_table._replace, 0

    def fail_after_a_while(*arguments):
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        original(*arguments)

    for number in range(8):
        change_at_random(library, head, rng, number)
        change_at_random(library, head, rng, 100 + number)
        monkeypatch.setattr(neighbour_table, "_replace", fail_after_a_while)
        for _ in range(int(rng.integers(1, 4))):
            left = int(rng.integers(0, 12))
            try:
                list(fill_neighbours(library, AUDIO, k=6))
            except KeyboardInterrupt:
                if rng.random() < 0.5:
                    change_at_random(library, head, rng, 200 + 10 * number + left)
        monkeypatch.setattr(neighbour_table, "_replace", original)
        list(fill_neighbours(library, AUDIO, k=6))
        assert_right(library, k=6)


def test_anew_trusts_nothing(world, rng):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(random_units(rng, 40, 5))])
    list(fill_neighbours(library, AUDIO))
    library.db.execute("UPDATE neighbours SET score = 0.5, neighbour_id = 40 WHERE track_id = 3 AND rank = 2")
    assert list(fill_neighbours(library, AUDIO)) == []
    assert list(fill_neighbours(library, AUDIO, anew=True)) == [(40, 40)]
    assert_right(library)


@pytest.mark.parametrize("type", ["ivf-sq8", "hnsw"])
def test_beyond_a_size_the_index_is_searched_and_scores_stay_exact(world, rng, monkeypatch, type):
    library, head = world
    vectors = random_units(rng, 1_500, 8)
    add(library, head, [heard(f"/{number}.mp3", vector, excerpts=[]) for number, vector in enumerate(vectors)])
    state = build_index(library, AUDIO, type, target=0.999)
    monkeypatch.setattr(neighbour_table, "_EXACT_UP_TO", 1_000)
    monkeypatch.setattr(neighbour_table, "build", None)  # exact search is not to be had
    list(fill_neighbours(library, AUDIO))
    ours, theirs = held(library), brute_force(library, PER_TRACK)
    n_found = sum(len({i for i, _ in ours[track]} & {i for i, _ in theirs[track]}) for track in theirs)
    assert n_found / (PER_TRACK * len(theirs)) > 0.99, state
    for track_id, places in ours.items():
        cosines = vectors[[i - 1 for i, _ in places]] @ vectors[track_id - 1]
        np.testing.assert_allclose([score for _, score in places], cosines, atol=1e-6)


def test_a_track_that_comes_back_finds_its_place(world, rng):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(random_units(rng, 60, 3))])
    list(fill_neighbours(library, AUDIO))
    before = held(library)
    set_status(library, "/5.mp3", 1, 1, "missing", None)
    list(fill_neighbours(library, AUDIO))
    assert 6 not in held(library)
    set_status(library, "/5.mp3", 1, 1, "embedded", None)
    list(fill_neighbours(library, AUDIO))
    after = held(library)
    assert {t: [i for i, _ in places] for t, places in after.items()} == {
        t: [i for i, _ in places] for t, places in before.items()
    }
