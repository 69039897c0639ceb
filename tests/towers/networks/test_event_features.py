"""Facts of the events of a history: the vectors by hand, the same in recommendations and training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.data.events.interactions import KINDS
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import towers_for
from earshot.towers.networks.event_features import EventFacts
from earshot.towers.networks.two_tower import TwoTower
from earshot.towers.query_inputs import N_GAPS, N_PLAYS, QueryInputs
from earshot.towers.retrieval.best_tracks import recommend
from earshot.towers.retrieval.query_vectors import query_vectors
from earshot.towers.training.batches import Batches
from earshot.towers.training.training_loop import TowerTraining
from tower_world import catalog, inputs_now, listening

HOUR, DAY = 3_600, 86_400
TOWER = TowerConfig(
    dim=8, hidden=8, history=3, use_events=1, user_dropout=0, history_dropout=0, track_dropout=0, dropout=0
)
QUICK = TowerTrainingConfig(batch_size=8, negatives=3, example_age=0)


def world(kinds=(0, 1, 0, 0, 0)):
    """User 0 plays a whole track, likes one an hour on, hears 30 % of one a day on, then two whole ones."""
    events = [(0, 1, DAY, 1.0), (0, 2, DAY + HOUR, 1.0), (0, 3, 2 * DAY, 0.3), (0, 4, 3 * DAY, 1.0), (1, 5, DAY, 1.0)]
    return replace(listening(events, 2, 6), kinds=np.array(kinds, dtype=np.uint8))


def towers(tower=TOWER, is_trained=True):
    made = TwoTower(tower, catalog(6), np.ones(6, bool), np.ones(2, bool))
    if is_trained and made.facts is not None:
        with torch.no_grad():
            for number, table in enumerate(made.facts.parameters()):
                table.normal_(generator=torch.Generator().manual_seed(number))
    return made


def test_a_code_is_the_sum_of_three_vectors():
    facts = EventFacts(2)
    with torch.no_grad():
        for scale, table in zip((1.0, 100.0, 10_000.0), facts.parameters(), strict=True):
            table.copy_(scale * torch.arange(1, len(table) + 1)[:, None].expand(-1, 2))
    table = facts()[:, 0]
    assert len(table) == N_GAPS * N_PLAYS * 2
    assert table[0] == 0 and table[7] == 7 and table[7 + N_GAPS * 3] == 307
    assert table[7 + N_GAPS * (3 + N_PLAYS)] == 10_307


@pytest.mark.parametrize("encoder", ["mean", "attention", "transformer"])
def test_training_and_recommending_make_one_query_of_one_history(encoder, monkeypatch):
    monkeypatch.setattr("earshot.towers.training.batches._WITHHELD_CODES_SHARE", 0.0)
    events, made = world(), towers(replace(TOWER, encoder=encoder)).eval()
    batch = Batches(events, made.config, QUICK).batch(0, 0)
    learned = query_vectors(made, batch.inputs, batch.track_rows)
    for row, position in enumerate(batch.candidates[: len(batch.inputs)]):
        track = batch.track_rows[position]
        event = int(np.flatnonzero(events.track_rows == track)[0])
        user = int(events.user_rows[event])
        past = events.select((np.arange(5) < event) | (events.user_rows != user))
        inputs, rows = inputs_now(past, [user], 3)
        torch.testing.assert_close(query_vectors(made, inputs, rows)[0], learned[row])


@pytest.mark.parametrize("encoder", ["mean", "attention", "transformer"])
def test_codes_change_a_query_and_ordinary_ones_do_not(encoder):
    made = towers(replace(TOWER, encoder=encoder))
    inputs, rows = inputs_now(world(), [0], 3)
    with_codes = query_vectors(made, inputs, rows)
    unknown = query_vectors(made, replace(inputs, codes=None), rows)
    assert not torch.allclose(with_codes, unknown)
    ordinary = query_vectors(made, replace(inputs, codes=np.zeros_like(inputs.codes)), rows)
    torch.testing.assert_close(ordinary, unknown)
    new = towers(made.config, is_trained=False)  # and before training no code does
    torch.testing.assert_close(query_vectors(new, inputs, rows), query_vectors(new, replace(inputs, codes=None), rows))


def test_some_histories_are_tracks_without_codes():
    """Histories of new users may be tracks alone."""
    events = listening([(user, at % 5, DAY * (1 + at), 0.3) for user in range(100) for at in range(4)], 100, 6)
    batch = Batches(events, TOWER, replace(QUICK, batch_size=400)).batch(0, 0)
    bare = ~batch.inputs.codes.any(axis=1)
    assert 0.05 < bare.mean() < 0.2
    assert Batches(events, replace(TOWER, use_events=0), QUICK).batch(0, 0).inputs.codes is None


def test_without_times_there_are_no_codes():
    untimed = replace(world(), times=np.zeros(5, dtype=np.int64))
    assert Batches(untimed, TOWER, QUICK).batch(0, 0).inputs.codes is None


def test_likes_are_learned():
    """All users play 0 and 1, like one of them, and then play 2 if it was 0, else 3."""
    rng, rows, kinds = np.random.default_rng(0), [], []
    for user in range(200):
        liked = int(rng.integers(2))
        rows += [(user, 0, 1, 0.0), (user, 1, 2, 0.0), (user, 2 + liked, 3, 1.0)]
        kinds += [KINDS.index("like") if liked == track else 0 for track in (0, 1)] + [0]
    events = replace(listening(rows, 200, 4), kinds=np.array(kinds, dtype=np.uint8))
    right = {}
    for use_events in (1, 0):
        tower = replace(TOWER, use_events=use_events, use_seed=0, encoder="transformer")
        config = TowerTrainingConfig(batch_size=64, negatives=0, epochs=40, table_rate=0.1, learning_rate=3e-3)
        training = TowerTraining(towers_for(tower, catalog(4), events), events, config)
        list(training.reports())
        past = events.select(events.times < 3)
        (found, _), *_ = recommend(training.towers, past, np.arange(200), 1, excluded=[np.array([0, 1])] * 200)
        right[use_events] = (found[:, 0] == events.track_rows[events.times == 3]).mean()
    assert right[1] > 0.99 and right[0] < 0.7


def test_inputs_without_codes():
    inputs = QueryInputs(np.array([0]), np.array([[0, -1]]), np.array([-1]), np.zeros(1, np.float32))
    assert inputs.codes is None
    assert query_vectors(towers(), inputs, np.array([3])).shape == (1, 8)
