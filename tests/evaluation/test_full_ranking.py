"""Lists over the full catalog: the same in blocks, and the same from one order for all queries."""

import numpy as np

from earshot.evaluation import full_ranking
from earshot.evaluation.full_ranking import GlobalScores, ranked


def test_blocks_change_nothing(rng, monkeypatch):
    scores = rng.random((23, 300), dtype=np.float32)
    excluded = [rng.choice(300, 20, replace=False) for _ in range(23)]
    probes = rng.integers(-1, 300, (23, 4))

    def ask():
        def write(start, stop, out):
            out[:] = scores[start:stop]

        return ranked(write, 23, 300, 6, excluded=excluded, probes=probes)

    lists, probed = ask()
    monkeypatch.setattr(full_ranking, "_SCORES_AT_ONCE", 700)  # two queries at a time
    for whole, part in zip((lists, probed), ask(), strict=True):
        np.testing.assert_array_equal(whole, part)
    assert all(
        not set(found) & set(out) for found, out in zip(lists.tolist(), map(np.ndarray.tolist, excluded), strict=True)
    )
    assert probed[5, 2] == (scores[5, probes[5, 2]] if probes[5, 2] >= 0 else -np.inf)  # excluded or not
    assert np.isneginf(probed[probes < 0]).all()


def test_one_order_for_all_queries_is_what_blocks_give(rng):
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


def test_ties_are_ordered_by_the_ids_of_tracks(rng):
    """The same tracks in another order of rows make the same lists."""
    ids, order = np.arange(1_000, 1_300), rng.permutation(300)
    row = rng.integers(0, 3, 300).astype(np.float32)
    for scores_of in (GlobalScores, lambda row: lambda start, stop, out: out.__setitem__(slice(None), row)):
        lists, _ = ranked(scores_of(row), 2, 300, 20, track_ids=ids)
        others, _ = ranked(scores_of(row[order]), 2, 300, 20, track_ids=ids[order])
        np.testing.assert_array_equal(ids[lists], ids[order][others])
