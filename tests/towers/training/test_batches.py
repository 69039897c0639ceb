"""Batches gathered from arrays: who is asked about what, what is hidden, and the same again from the same seed."""

import hashlib
from dataclasses import fields, replace

import numpy as np
import pytest

from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.query_inputs import inputs_for_new_users, inputs_now
from earshot.towers.training.batches import Batches
from earshot.towers.training.negatives import KnownPairs
from tower_world import checkerboard, listening

PLAIN = TowerConfig(history=2, user_dropout=0.0, history_dropout=0.0, track_dropout=0.0, audio_dropout=0.0)
QUICK = TowerTrainingConfig(batch_size=16, negatives=3)
DAY = 86_400
# User 0 plays 5, 6, 7, 8 on four days; user 1 plays 1 twice; track 0 was never played.
EVENTS = [(0, 5, DAY), (0, 6, 2 * DAY), (0, 7, 3 * DAY), (0, 8, 4 * DAY), (1, 1, 2 * DAY), (1, 1, 4 * DAY)]


def batches(tower=PLAIN, training=QUICK, events=None):
    return Batches(listening(EVENTS, 3, 9) if events is None else events, tower, training)


def told(batch):
    """Of each event: user, positive, history and seed as tracks, the days since; in the order of the first two."""
    rows = np.append(batch.track_rows, -1)  # place -1 is nobody
    columns = (batch.candidates, batch.inputs.history, batch.inputs.seeds)
    positives, histories, seeds = (rows[places].tolist() for places in columns)
    return sorted(
        zip(batch.inputs.user_rows.tolist(), positives, histories, seeds, batch.inputs.days.tolist(), strict=False)
    )


def test_the_history_is_what_came_before():
    assert told(batches().batch(0, 0)) == [
        (0, 5, [-1, -1], -1, 3.0),
        (0, 6, [5, -1], 5, 2.0),
        (0, 7, [6, 5], 6, 1.0),
        (0, 8, [7, 6], 7, 0.0),
        (1, 1, [-1, -1], -1, 2.0),
        (1, 1, [1, -1], 1, 0.0),  # a track that is played again is in its own history
    ]


def test_without_times_it_is_everything_else():
    world = batches(replace(PLAIN, history=9), events=checkerboard(8))
    batch = world.batch(3, 0)
    rows = np.append(batch.track_rows, -1)
    for user, positive, history in zip(batch.inputs.user_rows, batch.candidates, batch.inputs.history, strict=False):
        loved = {track for track in range(8) if track % 2 == user % 2 and track != user}
        assert set(rows[history].tolist()) - {-1} == loved - {int(rows[positive])}
    assert (batch.inputs.seeds == -1).all() and (batch.inputs.days == 0).all()


def test_a_short_history_without_times_is_another_one_each_epoch():
    world = batches(replace(PLAIN, history=1), events=checkerboard(20))
    seen = set()
    for epoch in range(8):
        for step in range(len(world)):
            seen |= {(user, positive, last) for user, positive, (last,), *_ in told(world.batch(epoch, step))}
    of_one = {last for user, positive, last in seen if user == 0 and positive == 2}
    assert len(of_one) > 3 and -1 not in of_one and 2 not in of_one


def test_an_epoch_asks_about_every_event_once():
    world = batches(training=replace(QUICK, batch_size=7), events=checkerboard(8))
    asked = []
    for step in range(len(world)):
        batch = world.batch(0, step)
        asked += list(zip(batch.inputs.user_rows, batch.candidate_rows[: len(batch.inputs)], strict=True))
    events = checkerboard(8)
    assert sorted(asked) == sorted(zip(events.user_rows, events.track_rows, strict=True))
    assert len(world) == 4 and repr(world) == "<Batches 4 steps of 7, 24 targets>"


def test_what_a_listener_plays_is_hidden_from_them():
    batch = batches().batch(0, 0)
    known = {0: {5, 6, 7, 8}, 1: {1}}
    for row, user in enumerate(batch.inputs.user_rows):
        np.testing.assert_array_equal(batch.excluded[row], [track in known[user] for track in batch.candidate_rows])
    blind = batches(training=replace(QUICK, mask_known=0)).batch(0, 0)
    np.testing.assert_array_equal(blind.excluded, blind.candidate_rows == blind.candidate_rows[:6, None])
    alone = batches(training=replace(QUICK, in_batch=0)).batch(0, 0)
    assert alone.excluded[:, :6].all() and not alone.excluded[:, 6:].all()


def test_of_bpr_each_event_has_its_own_negatives():
    batch = batches(training=replace(QUICK, loss="bpr", negatives=4)).batch(0, 0)
    assert batch.candidates.shape == (6, 5) and batch.excluded.shape == (6, 4)
    known = {0: {5, 6, 7, 8}, 1: {1}}
    for user, tracks, hidden in zip(batch.inputs.user_rows, batch.candidate_rows, batch.excluded, strict=True):
        assert hidden.tolist() == [track in known[user] for track in tracks[1:]]


@pytest.mark.parametrize("proposal", ["uniform", "popularity"])
def test_draws_have_the_chances_that_are_told(proposal):
    world = batches(training=replace(QUICK, proposal=proposal))
    chances = world.sampler.draw_probabilities(np.arange(9))
    drawn = np.bincount(world.sampler._draw(60_000, np.random.default_rng(0)), minlength=9) / 60_000
    np.testing.assert_allclose(drawn, chances, atol=0.01)
    # Track 1 was played twice: 2^0.75 against 1 of four others. Nobody played 0, 2, 3 and 4.
    share = 1 / 5 if proposal == "uniform" else 2**0.75 / (2**0.75 + 4)
    assert chances[1] == pytest.approx(share) and chances[[0, 2, 3, 4]].sum() == 0


def test_any_step_can_be_made_again():
    tower = TowerConfig(history=4)
    one, other = batches(tower), batches(tower)
    for epoch, step in ((0, 0), (2, 0), (1, 0)):
        one.batch(epoch, step)
    again, fresh = one.batch(2, 0), other.batch(2, 0)
    for field in fields(again):
        if field.name not in ("inputs", "dropout"):
            np.testing.assert_array_equal(getattr(again, field.name), getattr(fresh, field.name))
    for part in ("inputs", "dropout"):
        for name, array in vars(getattr(again, part)).items():
            np.testing.assert_array_equal(array, getattr(getattr(fresh, part), name))


PINNED = {  # SHA-256 of two steps of `digest`, as of the first release
    "sampled-softmax": "0ac9e467241a0f97277ff311065e2e036ea92074a88407b8a19a0306108c9d76",
    "bpr": "7d5fe4035d57889d6a13d474445617357c7bd108815205529d599dbb29934e33",
}


@pytest.mark.parametrize("loss", PINNED)
def test_a_seed_gives_the_batches_of_every_release(loss):
    """An interrupted training goes on with another version along the same trajectory."""
    tower = TowerConfig(history=4, use_events=True, use_user=True, seed=3)
    world = batches(tower, TowerTrainingConfig(batch_size=4, negatives=3, loss=loss))
    digest = hashlib.sha256()
    for batch in (world.batch(0, 0), world.batch(1, 1)):
        inputs, dropout = batch.inputs, batch.dropout
        for array in (inputs.user_rows, inputs.history, inputs.seeds, inputs.codes, batch.track_rows):
            digest.update(np.asarray(array, dtype="<i8").tobytes())
        for array in (dropout.vectors, dropout.audio, dropout.names, batch.excluded, batch.candidates):
            digest.update(np.asarray(array, dtype="<i8").tobytes())
    assert digest.hexdigest() == PINNED[loss]


def test_an_event_of_weight_nought_is_history_but_no_target():
    events = listening([(0, 1, 1, 1.0), (0, 2, 2, 0.0), (0, 3, 3, 7.0)], 1, 4)
    world = batches(events=events)
    batch = world.batch(0, 0)
    assert sorted(batch.candidate_rows[:2].tolist()) == [1, 3]
    assert told(batch)[1] == (0, 3, [2, 1], 2, 0.0)
    assert batch.weights.tolist() == [1.0, 1.0]  # seven plays of a track are no reason to learn it seven times harder
    with pytest.raises(ValueError, match="there is no event to learn from"):
        batches(events=listening([(0, 1, 1, 0.0)], 1, 4))


def test_without_times_an_event_keeps_its_own_weight():
    """Track t was played to the share t/8, and the order within a listener is another one each epoch."""
    world = batches(events=listening([(user, track, 0, track / 8) for user in range(2) for track in range(9)], 2, 9))
    for epoch in range(3):
        batch = world.batch(epoch, 0)
        positives = batch.candidate_rows[: len(batch.inputs)]
        assert len(positives) == 16 and 0 not in positives
        np.testing.assert_array_equal(batch.weights, positives / 8)


def test_a_query_is_made_of_something():
    nothing = replace(PLAIN, history=0)  # but the seed: the latest track, which only time tells
    with pytest.raises(ValueError, match="without times no track is the latest: all queries are the same"):
        batches(nothing, events=checkerboard(4))
    assert len(batches(nothing)) == len(batches(replace(nothing, use_user=1), events=checkerboard(8))) - 1 == 1
    assert len(batches(replace(nothing, model="dot"), events=checkerboard(4))) == 1


@pytest.mark.parametrize("loss", ["sampled-softmax", "bpr"])
def test_a_listener_alone_tells_now_from_other_times(loss):
    """All tracks are known to whoever is the only listener, and yet there must be negatives."""
    alone = listening([(0, track, track) for track in range(5)], 1, 5)
    batch = batches(events=alone, training=TowerTrainingConfig(batch_size=5, negatives=8, loss=loss)).batch(0, 0)
    rows = batch.candidate_rows if loss == "bpr" else np.broadcast_to(batch.candidate_rows, (5, 13))
    drawn = rows[:, 1:] if loss == "bpr" else rows
    positives = rows[:, 0] if loss == "bpr" else batch.candidate_rows[:5]
    np.testing.assert_array_equal(batch.excluded, drawn == positives[:, None])
    together = listening([(0, track, track) for track in range(5)] + [(1, 5, 0)], 2, 6)
    batch = batches(events=together, training=TowerTrainingConfig(batch_size=6, negatives=0)).batch(0, 0)
    users = batch.candidate_rows[:6] == 5  # the second listener's only event
    np.testing.assert_array_equal(batch.excluded, users[:, None] == users[None])


def test_what_is_known_is_told_the_same_from_both_sides(rng):
    users, tracks = rng.integers(30, size=200), rng.integers(40, size=200)
    known = KnownPairs(users, tracks, 30, 40)
    pairs = set(zip(users.tolist(), tracks.tolist(), strict=True))
    for n_users, n_tracks in ((3, 60), (50, 2)):  # the fewer pairs lie with the users, then with the tracks
        asked_users, asked_tracks = rng.integers(30, size=n_users), rng.integers(40, size=n_tracks)
        expected = [[(user, track) in pairs for track in asked_tracks] for user in asked_users]
        np.testing.assert_array_equal(known.grid(asked_users, asked_tracks), expected)
        np.testing.assert_array_equal(known.contains(asked_users[:, None], asked_tracks[None]), expected)
    assert set(known.of_user(7).tolist()) == {track for user, track in pairs if user == 7}
    assert not known.contains(np.array([-1]), np.array([0])).any()
    assert not KnownPairs(users[:0], tracks[:0], 3, 3).contains(np.array([0]), np.array([1])).any()


def test_at_serving_it_is_now():
    asked, rows = inputs_now(listening(EVENTS, 3, 9), np.array([0, 1, 2]), 3, np.array([True, False, True]))
    named = np.append(rows, -1)
    assert named[asked.history].tolist() == [[8, 7, 6], [1, 1, -1], [-1, -1, -1]]
    assert named[asked.seeds].tolist() == [8, 1, -1]
    assert asked.user_rows.tolist() == [0, -1, 2]  # 1 has no vector
    assert asked.days.tolist() == [0, 0, 0]


def test_a_stranger_has_a_history_too():
    asked, rows = inputs_for_new_users([np.array([4, 2, 7]), np.array([], dtype=int)], 2)
    named = np.append(rows, -1)
    assert named[asked.history].tolist() == [[7, 2], [-1, -1]]
    assert named[asked.seeds].tolist() == [7, -1] and asked.user_rows.tolist() == [-1, -1]
    liked, _ = inputs_for_new_users([np.array([4, 2])], 2, ordered=False)  # what was named in no order has no latest
    assert liked.seeds.tolist() == [-1]
