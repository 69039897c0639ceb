"""FAISS indexes: exact where claimed, else with the requested recall, and measured honestly."""

import faiss
import numpy as np
import pytest

from earshot.index.vectors.ann import TYPES, build, choose_type, exact_nearest, n_candidates, rank, recall_at_k
from library_world import random_units

DIM = 16


@pytest.fixture(scope="module")
def catalog():
    """12,000 vectors in 300 clusters, and ids that are no rows: 10 n + 7."""
    rng = np.random.default_rng(11)
    centers = rng.standard_normal((300, DIM))
    vectors = centers[rng.integers(300, size=12_000)] + 0.4 * rng.standard_normal((12_000, DIM))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors, 10 * np.arange(12_000) + 7


def brute_force(vectors, queries, k):
    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :k]


def test_exact_search_agrees_with_numpy(rng):
    vectors, queries = random_units(rng, 500, 7), random_units(rng, 20, 7)
    expected = brute_force(vectors, queries, 9)
    np.testing.assert_array_equal(exact_nearest(vectors, queries, 9), expected)
    ids = rng.permutation(10_000)[:500]
    built = build(vectors, ids, "flat")
    scores, found = built.index.search(queries, 9)
    np.testing.assert_array_equal(found, ids[expected])
    np.testing.assert_allclose(scores, np.take_along_axis(queries @ vectors.T, expected, axis=1), atol=1e-6)
    assert (built.type, built.recall_at_10, built.settings) == ("flat", 1.0, {})


@pytest.mark.parametrize("type", TYPES)
def test_every_type_reaches_its_recall(catalog, type):
    """The stated recall is that of 500 sampled vectors; on 300 others it may differ by a few hundredths."""
    vectors, ids = catalog
    built = build(vectors, ids, type, target=0.95)
    assert built.type == type
    assert built.recall_at_10 >= 0.95
    rows = np.random.default_rng(99).permutation(len(vectors))[:300]
    _, found = built.index.search(vectors[rows], n_candidates(10))
    truth = ids[brute_force(vectors, vectors[rows], 11)]
    assert np.isin(found, [-1, *ids]).all(), "ids, not rows; -1 where fewer are found than were asked for"
    assert abs(recall_at_k(found, truth) - built.recall_at_10) < 0.03


def test_more_recall_takes_more_effort(catalog):
    vectors, ids = catalog
    little, much = (build(vectors, ids, "ivf-sq8", target) for target in (0.0, 1.0))
    assert little.settings["nprobe"] == 4 < much.settings["nprobe"]
    assert much.recall_at_10 > 0.999 >= little.recall_at_10


def test_a_target_out_of_reach_ends_when_all_is_searched(catalog):
    vectors, ids = catalog
    built = build(vectors[:4_000], ids[:4_000], "ivf-sq8", target=1.1)
    assert built.settings["nprobe"] == built.settings["nlist"] == 4_000 // 39
    assert 0.99 < built.recall_at_10 <= 1


def test_building_twice_gives_the_same_index(catalog):
    vectors, ids = catalog
    one, other = (faiss.serialize_index(build(vectors[:2_000], ids[:2_000], "ivf-sq8").index) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("n", [1, 2, 10, 38, 39])
@pytest.mark.parametrize("type", [*TYPES, "auto"])
def test_a_handful_of_vectors(n, type, rng, capfd):
    """Too few to train anything: no warning of FAISS, no error, and the right answer."""
    vectors = random_units(rng, n, 5)
    built = build(vectors, np.arange(n) + 100, type)
    _, found = built.index.search(vectors, 1)
    assert found[:, 0].tolist() == list(range(100, 100 + n))
    assert built.recall_at_10 == 1.0
    assert built.type == {"hnsw": "hnsw", "ivf-sq8": "flat" if n < 39 else "ivf-sq8"}.get(type, "flat")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("dim", [1, 2, 3, 6, 10])
def test_any_dimension_can_be_quantised(dim, rng):
    vectors = random_units(rng, 10_000, dim)
    built = build(vectors, np.arange(10_000), "ivf-pq", target=0.0)
    assert built.type == "ivf-pq"
    assert built.index.ntotal == 10_000


@pytest.mark.parametrize("type", TYPES)
def test_duplicates_are_found_together(type, rng):
    vectors = np.repeat(random_units(rng, 60, 8), 2, axis=0)
    built = build(vectors, np.arange(120), type)
    _, found = built.index.search(vectors[::2], 2)
    np.testing.assert_array_equal(np.sort(found), np.arange(120).reshape(60, 2))


@pytest.mark.parametrize(
    ("n_vectors", "type"),
    [
        *[(1, "flat"), (300_000, "flat"), (300_001, "ivf-sq8")],
        *[(10_000_000, "ivf-sq8"), (10_000_001, "ivf-pq"), (1_000_000_000, "ivf-pq")],
    ],
)
def test_the_type_follows_the_size(n_vectors, type):
    assert choose_type(n_vectors) == type


def test_an_unknown_type_is_named(rng):
    with pytest.raises(ValueError, match="index type 'lsh'; there are flat, ivf-sq8, ivf-pq, hnsw and auto"):
        build(random_units(rng, 3, 4), np.arange(3), "lsh")


def test_recall_by_hand():
    # Each query's own row comes first and does not count. Of 8 and 9 one is found, of 5 and 6 both: 3 of 4.
    truth = np.array([[1, 8, 9], [2, 5, 6]])
    found = np.array([[1, 9, 3, -1], [5, 2, 7, 6]])
    assert recall_at_k(found, truth) == 3 / 4
    assert recall_at_k(truth, truth) == 1
    assert recall_at_k(np.array([[1, 2, 3], [2, 1, 3]]), truth) == 0


def test_there_is_nothing_to_find_for_a_vector_alone():
    assert recall_at_k(np.array([[1]]), np.array([[1]])) == 1


def test_ranking_candidates_by_hand():
    # Cosines with (1, 0): row 0 has 0.6, row 1 has 1, row 2 has 0; with (0, 1) they have 0.8, 0 and 1.
    vectors = np.array([[0.6, 0.8], [1, 0], [0, 1]], dtype=np.float32)
    queries = np.array([[1, 0], [0, 1]], dtype=np.float32)
    scores, rows = rank(queries, vectors, np.array([[2, -1, 0, 1], [1, 0, -1, -1]]))
    assert rows.tolist() == [[1, 0, 2, -1], [0, 1, -1, -1]]
    np.testing.assert_allclose(scores, [[1, 0.6, 0, -np.inf], [0.8, 0, -np.inf, -np.inf]], atol=1e-7)


def test_candidates_are_many_more_than_wanted():
    assert [n_candidates(k) for k in (1, 10, 100)] == [60, 150, 1_050]
