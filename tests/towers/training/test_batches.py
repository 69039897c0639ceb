"""Batches gathered from arrays: the right histories and targets, and the same again from the same seed."""

import hashlib
from dataclasses import fields, replace

import numpy as np
import pytest

from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.training.batches import Batches
from tower_world import checkerboard, listening

PLAIN = TowerConfig(history=2, user_dropout=0.0, history_dropout=0.0, track_dropout=0.0, audio_dropout=0.0)
QUICK = TowerTrainingConfig(batch_size=16, negatives=3)
DAY = 86_400
# User 0 plays 5, 6, 7, 8 on four days; user 1 plays 1 twice; track 0 was never played.
EVENTS = [(0, 5, DAY), (0, 6, 2 * DAY), (0, 7, 3 * DAY), (0, 8, 4 * DAY), (1, 1, 2 * DAY), (1, 1, 4 * DAY)]


def batches(tower=PLAIN, training=QUICK, events=None):
    return Batches(listening(EVENTS, 3, 9) if events is None else events, tower, training)


def described(batch):
    """User, positive, history and seed as tracks, and days of each event, in the order of the first two."""
    rows = np.append(batch.track_rows, -1)  # place -1 is no track
    columns = (batch.candidates, batch.inputs.history, batch.inputs.seeds)
    positives, histories, seeds = (rows[places].tolist() for places in columns)
    return sorted(
        zip(batch.inputs.user_rows.tolist(), positives, histories, seeds, batch.inputs.days.tolist(), strict=False)
    )


def test_the_history_is_what_came_before():
    assert described(batches().batch(0, 0)) == [
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
            seen |= {(user, positive, last) for user, positive, (last,), *_ in described(world.batch(epoch, step))}
    of_one = {last for user, positive, last in seen if user == 0 and positive == 2}
    assert len(of_one) > 3 and -1 not in of_one and 2 not in of_one


def test_an_epoch_has_every_event_once():
    world = batches(training=replace(QUICK, batch_size=7), events=checkerboard(8))
    pairs = []
    for step in range(len(world)):
        batch = world.batch(0, step)
        pairs += list(zip(batch.inputs.user_rows, batch.candidate_rows[: len(batch.inputs)], strict=True))
    events = checkerboard(8)
    assert sorted(pairs) == sorted(zip(events.user_rows, events.track_rows, strict=True))
    assert len(world) == 4 and repr(world) == "<Batches 4 steps of 7, 24 targets>"


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


def test_an_event_of_weight_0_is_history_but_no_target():
    events = listening([(0, 1, 1, 1.0), (0, 2, 2, 0.0), (0, 3, 3, 7.0)], 1, 4)
    world = batches(events=events)
    batch = world.batch(0, 0)
    assert sorted(batch.candidate_rows[:2].tolist()) == [1, 3]
    assert described(batch)[1] == (0, 3, [2, 1], 2, 0.0)
    assert batch.weights.tolist() == [1.0, 1.0]  # seven plays of a track are no reason to learn it seven times harder
    with pytest.raises(ValueError, match="there is no event to learn from"):
        batches(events=listening([(0, 1, 1, 0.0)], 1, 4))


def test_without_times_an_event_keeps_its_own_weight():
    """Track t was played to the share t/8, and the order within a user is another one each epoch."""
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
