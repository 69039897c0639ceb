"""Hard negatives: the right ranks of the right lists, no answer among them, and the same again after a kill."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.data.catalog import Catalog
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import make_towers, towers_for
from earshot.towers.training.batches import Batches
from earshot.towers.training.negative_mining import mine_negatives
from earshot.towers.training.negatives import HardNegatives, KnownPairs
from earshot.towers.training.trainer import TowerTraining
from tower_world import checkerboard, listening

N = 12
TOWER = TowerConfig(dim=8, hidden=8, history=4, use_user=1)
QUICK = TowerTrainingConfig(
    batch_size=16, negatives=6, epochs=4, table_rate=0.2, hard_negatives=5, hard_from_epoch=1, hard_first=1, hard_last=4
)


def ranked():
    """Dot product towers in which every listener wants track 0 most, then 1, 2, ...; 9 was never played."""
    events = listening([(0, 1, 0), (0, 3, 0), (1, 0, 0), (2, 8, 0)], 4, 10)
    is_seen = np.arange(10) < 9
    towers = make_towers(TowerConfig(model="dot", dim=2), Catalog.unknown(10), is_seen, np.ones(4, bool))
    towers.tables["tracks"].weight[:] = 0
    towers.tables["tracks"].weight[:, -1] = torch.tensor([-1.0, -2, -3, -4, -5, -6, -7, -8, -9, 0])
    known = KnownPairs(events.user_rows, events.track_rows, 4, 10)
    return towers, events, known


def test_the_ranks_are_counted_among_what_was_not_played():
    towers, events, known = ranked()
    hard = mine_negatives(towers, events, known, first=2, last=5, seed=0)
    lists = {user: set(hard.track_rows[hard.place_of[user]].tolist()) for user in (0, 1, 2)}
    # 9 is on top but was never played: it has a rank and is no negative. Listener 0: 9 0 [2 4 5], the others alike.
    assert lists == {0: {2, 4, 5}, 1: {2, 3, 4}, 2: {1, 2, 3}}
    assert hard.place_of[3] == -1 and repr(hard) == "<HardNegatives of 3 users>"  # who plays nothing was not asked
    assert hard.has(np.array([3, 0])).tolist() == [False, True]


def test_a_list_may_be_shorter_than_its_ranks():
    towers, events, known = ranked()
    hard = mine_negatives(towers, events, known, first=7, last=50, seed=0)
    assert sorted(hard.track_rows[hard.place_of[0]].tolist())[-1:] == [8]
    none = mine_negatives(towers, events, known, first=20, last=50, seed=0)
    assert not none.has(np.arange(4)).any()
    assert none.draw(np.array([0, 3]), np.random.default_rng(0)).tolist() == [
        -1,
        -1,
    ]


def test_draws_are_even_over_a_list():
    hard = HardNegatives(
        np.array([[7, 5, 3, -1], [2, -1, -1, -1]], dtype=np.int32), np.array([0, -1, 1], dtype=np.int32)
    )
    drawn = hard.draw(np.tile([0, 1, 2], (3_000, 1)), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn[:, 0], minlength=8)[[3, 5, 7]] / 3_000, 1 / 3, atol=0.03)
    assert (drawn[:, 1] == -1).all() and (drawn[:, 2] == 2).all()


def mined(hard, **settings):
    """The batches of a checkerboard in which some listeners have a hard track each, and the first of them."""
    batches = Batches(checkerboard(N), TOWER, replace(QUICK, **settings))
    bare = batches.batch(3, 0)
    batches.sampler.hard = HardNegatives(
        np.array(hard, dtype=np.int32)[:, None], np.r_[: len(hard), [-1] * (N - len(hard))]
    )
    return bare, batches.batch(3, 0)


def test_all_events_of_a_step_share_what_was_mined():
    bare, batch = mined([5, 7, 9, 11])  # of listeners 0 to 3
    assert (bare.n_hard, batch.n_hard) == (0, 5) and batch.excluded.shape == (16, 16 + 6 + 5)
    np.testing.assert_array_equal(batch.candidate_rows[:-5], bare.candidate_rows)  # nothing else is drawn differently
    owners = [user for user in batch.inputs.user_rows if 0 <= user < 4]
    assert owners and set(batch.candidate_rows[-5:].tolist()) <= {5, 7, 9, 11}
    known = KnownPairs(checkerboard(N).user_rows, checkerboard(N).track_rows, N, N)
    users = batch_users(batch)
    np.testing.assert_array_equal(batch.excluded[:, -5:], known.grid(users, batch.candidate_rows[-5:]))


def batch_users(batch):
    """Whose events they are; the checkerboard's user rows may be withheld from the query."""
    whole = Batches(checkerboard(N), replace(TOWER, user_dropout=0.0), QUICK).batch(3, 0)
    return whole.inputs.user_rows


def test_of_bpr_each_event_has_its_own():
    bare, batch = mined([5, 7, 9, 11], loss="bpr", hard_negatives=2)
    assert batch.candidates.shape == (16, 1 + 6 + 2) and batch.n_hard == 0
    np.testing.assert_array_equal(batch.candidate_rows[:, :-2], bare.candidate_rows)
    for user, tracks in zip(batch_users(batch), batch.candidate_rows[:, -2:].tolist(), strict=True):
        if user < 4:
            assert tracks == [5 + 2 * user] * 2
        else:
            assert all(0 <= track < N for track in tracks)  # drawn from the catalog instead


def training(config=QUICK, tower=TOWER, events=None):
    events = checkerboard(N) if events is None else events
    return TowerTraining(towers_for(tower, Catalog.unknown(events.n_tracks), events), events, config)


def test_what_was_mined_stands_for_itself_alone():
    """The mixture of batch and draws is corrected by its expected counts; the mined ones by nothing: log 1 = 0."""
    world = training()
    world.batches.sampler.hard = HardNegatives(np.full((N, 1), 3, dtype=np.int32), np.arange(N))
    batch = world.batches.batch(0, 0)
    found = world._log_counts(batch)
    np.testing.assert_allclose(np.exp(found[:-5]), 16 * 5 / 60 + 6 / 12, rtol=1e-5)
    assert found[-5:].tolist() == [0.0] * 5


def test_they_come_from_the_towers_of_the_epoch_before(monkeypatch):
    lists = []

    def told(towers, *arguments, **settings):
        lists.append(towers.tables["tracks"].weight.clone())
        return mine_negatives(towers, *arguments, **settings)

    monkeypatch.setattr("earshot.towers.training.trainer.mine_negatives", told)
    world = training()
    for report in world.reports():
        if report.epoch == 0:
            assert world.batches.sampler.hard is None
            after_first = world.towers.tables["tracks"].weight.clone()
    assert len(lists) == 3 and torch.equal(lists[0], after_first)


@pytest.mark.parametrize(("loss", "n_stops"), [("sampled-softmax", 3), ("sampled-softmax", 2), ("bpr", 3)])
def test_a_killed_training_goes_on_with_the_same_negatives(loss, n_stops, monkeypatch):
    monkeypatch.setattr(
        "earshot.towers.training.trainer.STEPS_PER_REPORT", 2
    )  # two reports an epoch: inside one, and between two
    config = replace(QUICK, loss=loss)
    whole, first, second = training(config), training(config), training(config)
    expected = [report.loss for report in whole.reports()]
    told = [report.loss for _, report in zip(range(n_stops), first.reports(), strict=False)]
    second.restore(first.state())
    assert told + [report.loss for report in second.reports()] == expected and len(expected) == 8


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
@pytest.mark.parametrize("loss", ["sampled-softmax", "bpr"])
def test_every_model_can_be_asked(model, loss):
    temperature = 0.2 if model == "two-tower" else 1.0
    config = replace(QUICK, loss=loss, temperature=temperature)
    reports = list(training(config, replace(TOWER, model=model)).reports())
    assert np.isfinite([report.loss for report in reports]).all() and reports[-1].loss < reports[0].loss
