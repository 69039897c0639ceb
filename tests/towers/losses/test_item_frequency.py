"""Expected counts: exact ones by hand, streaming ones beside them."""

import numpy as np
import pytest

from earshot.towers.losses import item_frequency
from earshot.towers.losses.item_frequency import StreamingFrequency, expected_counts


def test_exact_counts_by_hand():
    # Track 0 makes 3 of 4 events: 6 of the 8 in a batch.
    np.testing.assert_allclose(expected_counts(np.array([0, 0, 2, 0]), 3, 8), [6, 0, 2])


def test_the_first_gaps_by_hand(monkeypatch):
    monkeypatch.setattr(item_frequency, "_RATE", 0.25)
    stream = StreamingFrequency(4, batch_size=2, n_tracks=8, n_hashes=1)
    assert stream.gaps[0, 1] == pytest.approx(4)  # the guess: 8 tracks, 2 at a time
    stream.observe(np.array([1, 1]), step=5)  # a first sighting has no gap
    assert stream.gaps[0, 1] == pytest.approx(4)
    stream.observe(np.array([1, 3]), step=7)  # the gap is 2, averaged with the guess of 4: (4 + 2) / 2
    assert stream.gaps[0, 1] == pytest.approx(3)
    stream.observe(np.array([1, 1]), step=13)  # the gap is 6, one third of the mean: 3 + (6 - 3) / 3
    assert stream.gaps[0, 1] == pytest.approx(4)
    # Seen 2, 1 and 2 times: 5 / 3 a sighting, so 5 / 12 a batch.
    assert stream.expected_counts(np.array([1]))[0] == pytest.approx(5 / 12)


def test_afterwards_the_mean_moves_at_its_rate(monkeypatch):
    monkeypatch.setattr(item_frequency, "_RATE", 0.5)
    stream = StreamingFrequency(2, batch_size=1, n_tracks=2, n_hashes=1)
    for step in (0, 4, 8, 12, 16):
        stream.observe(np.array([0]), step)
    before = stream.gaps[0, 0]
    stream.observe(np.array([0]), 26)  # a gap of 10 counts for half
    assert stream.gaps[0, 0] == pytest.approx(0.5 * before + 5)


def zipf_batches(rng, n_tracks=400, batch_size=64, n_steps=1_500):
    shares = 1 / np.arange(1, n_tracks + 1)
    shares /= shares.sum()
    return shares, rng.choice(n_tracks, (n_steps, batch_size), p=shares)


@pytest.mark.parametrize(("n_buckets", "n_hashes", "most"), [(400, 1, 0.05), (1_600, 3, 0.12)])
def test_a_stream_comes_to_the_exact_counts(rng, monkeypatch, n_buckets, n_hashes, most):
    monkeypatch.setattr(item_frequency, "_RATE", 0.005)
    shares, batches = zipf_batches(rng)
    stream = StreamingFrequency(n_buckets, batch_size=64, n_tracks=400, n_hashes=n_hashes)
    for step, batch in enumerate(batches):
        stream.observe(batch, step)
    estimated = stream.expected_counts(np.arange(400)) / 64
    assert 0.5 * np.abs(estimated - shares).sum() < most  # total variation distance
    # The head is in every batch, and several times: the gap alone says once.
    assert stream.gaps[0, 0] == pytest.approx(1, abs=0.01)
    assert stream.expected_counts(np.array([0]))[0] == pytest.approx(64 * shares[0], rel=0.1)


def test_crowded_buckets_are_told_apart_by_a_second_hash():
    # 8 and 0 share bucket 0 of the first hash; the second sets them apart.
    one, two = (StreamingFrequency(8, batch_size=1, n_tracks=16, n_hashes=n) for n in (1, 2))
    assert one._buckets(0, np.array([0]))[0] == one._buckets(0, np.array([8]))[0]
    assert two._buckets(1, np.array([0]))[0] != two._buckets(1, np.array([8]))[0]
    for step in range(400):
        for stream in (one, two):
            stream.observe(np.array([0]), step)
    assert one.expected_counts(np.array([8]))[0] == pytest.approx(1, rel=0.05)  # taken for track 0
    assert two.expected_counts(np.array([8]))[0] == pytest.approx(1 / 16)  # still the guess


def test_it_follows_a_world_that_changes(rng, monkeypatch):
    monkeypatch.setattr(item_frequency, "_RATE", 0.05)
    stream = StreamingFrequency(2, batch_size=8, n_tracks=2, n_hashes=1)
    for step in range(600):
        share = 0.75 if step < 300 else 0.25
        stream.observe((rng.random(8) > share).astype(np.int64), step)
    np.testing.assert_allclose(stream.expected_counts(np.array([0, 1])), [2, 6], rtol=0.35)


def test_a_state_goes_on_as_if_nothing_had_happened(rng):
    _, batches = zipf_batches(rng, n_steps=40)
    whole, first = (StreamingFrequency(64, batch_size=64, n_tracks=400, n_hashes=2) for _ in range(2))
    for step, batch in enumerate(batches):
        whole.observe(batch, step)
    for step in range(20):
        first.observe(batches[step], step)
    second = StreamingFrequency(64, batch_size=64, n_tracks=400, n_hashes=2)
    second.restore(first.state())
    for step in range(20, 40):
        second.observe(batches[step], step)
    rows = np.arange(400)
    np.testing.assert_array_equal(second.expected_counts(rows), whole.expected_counts(rows))
    assert "2 x 64 buckets" in repr(second)


def test_a_state_of_another_shape_is_refused():
    small, large = (StreamingFrequency(n, batch_size=1, n_tracks=8, n_hashes=1) for n in (4, 8))
    with pytest.raises(ValueError, match=r"last_steps is of shape \(1, 8\), and \(1, 4\) is needed"):
        small.restore(large.state())
