"""The best of many scores are those that sorting everything would give, also where scores are equal."""

import numpy as np
import pytest

from earshot.evaluation import full_ranking
from earshot.evaluation.full_ranking import GlobalScores, _hash_order, ranked, top_k_columns


def sorted_whole(scores, k):
    """All columns by falling score, equal ones by lot, without those that are minus infinity."""
    rows, columns = [], np.arange(scores.shape[1])
    chunks = columns % max(len(columns) // 128, 1)
    for row in scores:
        order = [
            column for column in np.lexsort((_hash_order(columns), _hash_order(chunks), -row)) if row[column] > -np.inf
        ]
        rows.append((order + [-1] * k)[:k])
    return np.array(rows)


@pytest.mark.parametrize("n", [1, 5, 127, 128, 1_300, 3_001])
@pytest.mark.parametrize("n_values", [2, 7, 100_000])
def test_it_is_a_whole_sort(rng, n, n_values):
    scores = rng.integers(0, n_values, (4, n)).astype(np.float32)
    scores[0, rng.random(n) < 0.9] = -np.inf
    scores[1] = -np.inf
    for k in (1, 3, 10):
        np.testing.assert_array_equal(top_k_columns(scores, k), sorted_whole(scores, k))


@pytest.mark.parametrize("n", [40, 1_000, 20_001])
def test_equals_stand_in_no_order_that_their_rows_tell(n):
    """Listened tracks come first among the rows, those of the test included: ties must not prefer them."""
    listened = n // 10
    (found,) = top_k_columns(np.zeros((1, n), dtype=np.float32), max(n // 20, 20))
    share = (found < listened).mean()
    assert abs(share - 0.1) < 0.06, share
    assert len(set(found.tolist())) == len(found)


def test_blocks_change_nothing(rng, monkeypatch):
    scores = rng.random((23, 300), dtype=np.float32)
    excluded = [rng.choice(300, 20, replace=False) for _ in range(23)]
    probes = rng.integers(-1, 300, (23, 4))

    def ask():
        def write(start, stop, out):
            out[:] = scores[start:stop]

        return ranked(write, 23, 300, 6, excluded=excluded, probes=probes)

    lists, probed = ask()
    monkeypatch.setattr(full_ranking, "_AT_ONCE", 700)  # two queries at a time
    for whole, part in zip((lists, probed), ask(), strict=True):
        np.testing.assert_array_equal(whole, part)
    assert all(
        not set(found) & set(out) for found, out in zip(lists.tolist(), map(np.ndarray.tolist, excluded), strict=True)
    )
    assert probed[5, 2] == (scores[5, probes[5, 2]] if probes[5, 2] >= 0 else -np.inf)  # hidden or not
    assert np.isneginf(probed[probes < 0]).all()


def test_one_order_for_everybody_is_what_blocks_give(rng):
    row = rng.integers(0, 9, 400).astype(np.float32)
    row[rng.random(400) < 0.3] = -np.inf
    excluded = [rng.choice(400, n, replace=False) for n in (0, 1, 30, 399)]
    probes = rng.integers(-1, 400, (4, 3))
    same = GlobalScores(row)
    for out in (excluded, None):
        once, blocks = (
            ranked(how, 4, 400, 12, excluded=out, probes=probes) for how in (same, lambda *args: same(*args))
        )
        for ours, expected in zip(once, blocks, strict=True):
            np.testing.assert_array_equal(ours, expected)
