"""Candidates of a step: excluded positives, draws by their probabilities, and mined tracks behind them."""

from dataclasses import replace

import numpy as np
import pytest

from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.training.batches import Batches
from earshot.towers.training.known_pairs import KnownPairs
from earshot.towers.training.negative_mining import HardNegatives
from tower_world import checkerboard, listening

N = 12
TOWER = TowerConfig(dim=8, hidden=8, history=4, use_user=True)
PLAIN = TowerConfig(history=2, user_dropout=0.0, history_dropout=0.0, track_dropout=0.0, audio_dropout=0.0)
QUICK = TowerTrainingConfig(batch_size=16, negatives=3)
MINED = replace(QUICK, negatives=6, hard_negatives=5)
# User 0 plays 5, 6, 7, 8; user 1 plays 1 twice; track 0 was never played.
EVENTS = listening([(0, 5, 1), (0, 6, 2), (0, 7, 3), (0, 8, 4), (1, 1, 2), (1, 1, 4)], 3, 9)


def batches(training=QUICK, events=EVENTS):
    return Batches(events, PLAIN, training)


def test_known_tracks_of_a_user_are_excluded():
    batch = batches().batch(0, 0)
    known = {0: {5, 6, 7, 8}, 1: {1}}
    for row, user in enumerate(batch.inputs.user_rows):
        np.testing.assert_array_equal(batch.excluded[row], [track in known[user] for track in batch.candidate_rows])
    blind = batches(replace(QUICK, mask_known=False)).batch(0, 0)
    np.testing.assert_array_equal(blind.excluded, blind.candidate_rows == blind.candidate_rows[:6, None])
    alone = batches(replace(QUICK, in_batch=False)).batch(0, 0)
    assert alone.excluded[:, :6].all() and not alone.excluded[:, 6:].all()


def test_of_bpr_each_event_has_its_own_negatives():
    batch = batches(replace(QUICK, loss="bpr", negatives=4)).batch(0, 0)
    assert batch.candidates.shape == (6, 5) and batch.excluded.shape == (6, 4)
    known = {0: {5, 6, 7, 8}, 1: {1}}
    for user, tracks, excluded in zip(batch.inputs.user_rows, batch.candidate_rows, batch.excluded, strict=True):
        assert excluded.tolist() == [track in known[user] for track in tracks[1:]]


@pytest.mark.parametrize("proposal", ["uniform", "popularity"])
def test_draws_have_their_probabilities(proposal):
    world = batches(replace(QUICK, proposal=proposal))
    probabilities = world.sampler.draw_probabilities
    drawn = np.bincount(world.sampler._draw(60_000, np.random.default_rng(0)), minlength=9) / 60_000
    np.testing.assert_allclose(drawn, probabilities, atol=0.01)
    # Track 1 was played twice: 2^0.75 against 1 of four others. 0, 2, 3 and 4 were never played.
    share = 1 / 5 if proposal == "uniform" else 2**0.75 / (2**0.75 + 4)
    assert probabilities[1] == pytest.approx(share) and probabilities[[0, 2, 3, 4]].sum() == 0


@pytest.mark.parametrize("loss", ["sampled-softmax", "bpr"])
def test_only_the_positive_is_excluded_for_a_single_user(loss):
    """All tracks are known to the only user, and yet there must be negatives."""
    alone = listening([(0, track, track) for track in range(5)], 1, 5)
    batch = batches(events=alone, training=TowerTrainingConfig(batch_size=5, negatives=8, loss=loss)).batch(0, 0)
    rows = batch.candidate_rows if loss == "bpr" else np.broadcast_to(batch.candidate_rows, (5, 13))
    drawn = rows[:, 1:] if loss == "bpr" else rows
    positives = rows[:, 0] if loss == "bpr" else batch.candidate_rows[:5]
    np.testing.assert_array_equal(batch.excluded, drawn == positives[:, None])
    together = listening([(0, track, track) for track in range(5)] + [(1, 5, 0)], 2, 6)
    batch = batches(events=together, training=TowerTrainingConfig(batch_size=6, negatives=0)).batch(0, 0)
    users = batch.candidate_rows[:6] == 5  # the second user's only event
    np.testing.assert_array_equal(batch.excluded, users[:, None] == users[None])


def mined(hard, **settings):
    """The batches of a checkerboard without and with hard negatives, one for each of the first users."""
    made = Batches(checkerboard(N), TOWER, replace(MINED, **settings))
    bare = made.batch(3, 0)
    made.sampler.hard = HardNegatives(
        np.array(hard, dtype=np.int32)[:, None], np.r_[: len(hard), [-1] * (N - len(hard))]
    )
    return bare, made.batch(3, 0)


def test_all_events_of_a_step_share_the_hard_negatives():
    bare, batch = mined([5, 7, 9, 11])  # of users 0 to 3
    assert (bare.n_hard, batch.n_hard) == (0, 5) and batch.excluded.shape == (16, 16 + 6 + 5)
    np.testing.assert_array_equal(batch.candidate_rows[:-5], bare.candidate_rows)  # nothing else is drawn differently
    owners = [user for user in batch.inputs.user_rows if 0 <= user < 4]
    assert owners and set(batch.candidate_rows[-5:].tolist()) <= {5, 7, 9, 11}
    known = KnownPairs(checkerboard(N).user_rows, checkerboard(N).track_rows, N, N)
    users = batch_users(batch)
    np.testing.assert_array_equal(batch.excluded[:, -5:], known.grid(users, batch.candidate_rows[-5:]))


def batch_users(batch):
    """The users of the events; those of the query inputs may be withheld."""
    whole = Batches(checkerboard(N), replace(TOWER, user_dropout=0.0), MINED).batch(3, 0)
    return whole.inputs.user_rows


def test_of_bpr_each_event_has_its_own_hard_negatives():
    bare, batch = mined([5, 7, 9, 11], loss="bpr", hard_negatives=2)
    assert batch.candidates.shape == (16, 1 + 6 + 2) and batch.n_hard == 0
    np.testing.assert_array_equal(batch.candidate_rows[:, :-2], bare.candidate_rows)
    for user, tracks in zip(batch_users(batch), batch.candidate_rows[:, -2:].tolist(), strict=True):
        if user < 4:
            assert tracks == [5 + 2 * user] * 2
        else:
            assert all(0 <= track < N for track in tracks)  # drawn from the catalog instead
