"""Search that ranks down the tracks that are near to everything; every score worked out in the plane."""

import numpy as np
import pytest

from earshot.data.ids import IdMap
from earshot.index.search import similarity_search
from earshot.index.search.excerpts import ExcerptVectors
from earshot.index.search.filters import SearchFilters
from earshot.index.search.similarity_search import Seed, similar
from earshot.index.vectors.neighbour_table import PER_TRACK, mean_neighbour_score
from earshot.index.vectors.spaces import AUDIO, read_vectors
from library_world import add, at, finish, heard, open_library, random_units, unit

NO_EXCERPTS = ExcerptVectors(np.empty((0, 2), dtype=np.float32), [])


def cos(degrees):
    return np.cos(np.radians(degrees))


@pytest.fixture
def crowd(tmp_path):
    """Tracks 1 to 4 at 20, 22, 24 degrees, close together, and alone at -25."""
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{angle}.mp3", at(angle)) for angle in (20, 22, 24, -25)])
        finish(library)
        yield library


def ask(library, vector, **filters):
    return similar(library, AUDIO, [Seed("here", vector, NO_EXCERPTS, 1e6)], [], SearchFilters(**filters)).matches


def test_the_loner_comes_before_the_crowd(crowd):
    assert [match.track.id for match in ask(crowd, at(0))] == [1, 2, 3, 4]
    fair = ask(crowd, at(0), fewer_hubs=True)
    assert [match.track.id for match in fair] == [4, 1, 2, 3]
    # twice the cosine with the query, less the mean cosine with the three others
    assert fair[0].score == pytest.approx(2 * cos(25) - (cos(45) + cos(47) + cos(49)) / 3, abs=1e-6)
    assert fair[1].score == pytest.approx(2 * cos(20) - (cos(2) + cos(4) + cos(45)) / 3, abs=1e-6)


def test_ranks_and_number_of_answers_stay_as_they_are(crowd):
    assert [match.rank for match in ask(crowd, at(0), fewer_hubs=True, k=2)] == [1, 2]


def test_nearness_is_that_of_the_vectors(tmp_path, rng):
    library, head = open_library(tmp_path)
    with library:
        vectors = random_units(rng, 60, 8)
        add(library, head, [heard(f"/{row}.mp3", vector) for row, vector in enumerate(vectors)])
        finish(library)
        ids, stored = read_vectors(library, AUDIO)
        others = (stored @ stored.T)[~np.eye(60, dtype=bool)].reshape(60, 59)
        expected = np.sort(others, axis=1)[:, -PER_TRACK:].mean(axis=1)
        np.testing.assert_allclose(mean_neighbour_score(library, AUDIO, ids), expected, atol=1e-6)
        some = IdMap([7, 3])
        np.testing.assert_allclose(mean_neighbour_score(library, AUDIO, some), expected[[6, 2]], atol=1e-6)


def test_a_track_without_neighbours_counts_as_an_average_one(crowd):
    with crowd.transaction():
        crowd.db.execute("DELETE FROM neighbours WHERE track_id = 4")
    known = [(cos(2) + cos(4) + cos(45)) / 3, (cos(2) + cos(2) + cos(47)) / 3, (cos(4) + cos(2) + cos(49)) / 3]
    assert mean_neighbour_score(crowd, AUDIO, IdMap([1, 2, 3, 4])) == pytest.approx([*known, np.mean(known)], abs=1e-6)
    with crowd.transaction():
        crowd.db.execute("DELETE FROM neighbours")
    assert mean_neighbour_score(crowd, AUDIO, IdMap([1, 2])).tolist() == [0.0, 0.0]
    assert [match.track.id for match in ask(crowd, at(0), fewer_hubs=True)] == [1, 2, 3, 4]


def test_a_library_of_one_has_no_hubs(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/only.mp3", at(10))])
        finish(library)
        (only,) = ask(library, at(0), fewer_hubs=True)
    assert only.score == pytest.approx(2 * cos(10), abs=1e-6)


def test_a_wide_pool_is_looked_at_before_any_is_preferred(tmp_path, rng, monkeypatch):
    """In the order of cosines a pool of a few would hold the crowd alone."""
    library, head = open_library(tmp_path)
    with library:
        near = [unit(1, 0.3, *(0.01 * rng.standard_normal(6))) for _ in range(300)]
        loner = unit(1, -0.35, 0, 0, 0, 0, 0, 0)
        far = [-vector for vector in random_units(rng, 4_000, 8) if vector[0] < 0][:1_500]
        far = [vector - 1.2 * vector[0] * np.eye(8, dtype=np.float32)[0] for vector in far]
        tracks = [*near, loner, *(unit(*vector) for vector in far)]
        ids = add(library, head, [heard(f"/{row}.mp3", vector) for row, vector in enumerate(tracks)])
        finish(library)
        query = unit(1, 0, 0, 0, 0, 0, 0, 0)
        assert ids[300] not in [match.track.id for match in ask(library, query)]
        assert ask(library, query, fewer_hubs=True)[0].track.id == ids[300]
        monkeypatch.setattr(similarity_search, "_HUB_POOL", 0)
        assert ids[300] not in [match.track.id for match in ask(library, query, fewer_hubs=True)]
