"""Training on worlds whose answer is known, and that a stopped training goes on as if nothing had happened."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import make_towers
from earshot.towers.retrieval.best_tracks import best_tracks, recommend
from earshot.towers.retrieval.query_vectors import item_vectors, query_vectors
from earshot.towers.training.negative_mining import HardNegatives, mine_negatives
from earshot.towers.training.training_loop import DivergedError, TowerTraining
from tower_world import catalog, checkerboard, inputs_of_new_users, listening

N = 12
TOWER = TowerConfig(dim=8, hidden=8, history=4, use_user=1)
QUICK = TowerTrainingConfig(batch_size=16, negatives=6, epochs=40, table_rate=0.2)
MINED = replace(QUICK, epochs=4, hard_negatives=5, hard_from_epoch=1, hard_first=1, hard_last=4)


@pytest.fixture(autouse=True)
def one_thread():
    """These tensors are so small that a second thread only waits for the first."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def training(tower=TOWER, config=QUICK, events=None, tracks=None, validator=None):
    events = checkerboard(N) if events is None else events
    seen = np.bincount(events.track_rows, minlength=events.n_tracks) > 0
    users = np.bincount(events.user_rows, minlength=events.n_users) > 0
    tracks = tracks or catalog(events.n_tracks, seconds=np.nan)
    return TowerTraining(make_towers(tower, tracks, seen, users), events, config, validator)


def recommended(towers, events, k=1):
    starts = events.user_offsets()
    played = [events.track_rows[starts[user] : starts[user + 1]] for user in range(events.n_users)]
    return np.concatenate(
        [rows for rows, _ in recommend(towers, events, np.arange(events.n_users), k, excluded=played)]
    )


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("two-tower", {}),
        ("two-tower", {"loss": "bpr", "temperature": 0.2, "learn_temperature": 0}),
        ("two-tower", {"directions": 2, "correction": "refined", "proposal": "popularity"}),
        ("two-tower", {"frequency": "streaming", "correction": "negatives"}),
        ("dot", {"temperature": 1.0}),
        ("dot", {"temperature": 1.0, "loss": "bpr"}),
        ("neumf", {"temperature": 1.0}),
        ("neumf", {"temperature": 1.0, "loss": "bpr"}),
    ],
)
def test_the_missing_square_is_recommended(model, settings):
    """Even users love even tracks; user i has not yet played track i."""
    world = training(replace(TOWER, model=model), replace(QUICK, **settings))
    reports = list(world.reports())
    assert reports[-1].loss < reports[0].loss
    assert recommended(world.towers, checkerboard(N))[:, 0].tolist() == list(range(N))


def test_a_training_that_was_stopped_goes_on_along_its_trajectory(monkeypatch):
    monkeypatch.setattr("earshot.towers.training.training_loop.STEPS_PER_REPORT", 3)  # also in the middle of an epoch
    config = replace(QUICK, epochs=3, frequency="streaming")

    def validator(towers):
        return float(towers.tables["tracks"].weight[0, 0])

    whole = training(config=config, validator=validator)
    expected = [(report.epoch, report.step, report.loss) for report in whole.reports()]
    first = training(config=config, validator=validator)
    reports = first.reports()
    reported = [(report.epoch, report.step, report.loss) for _, report in zip(range(3), reports, strict=False)]
    state = first.state()
    second = training(config=config, validator=validator)
    second.restore(state)
    reported += [(report.epoch, report.step, report.loss) for report in second.reports()]
    assert reported == expected and len(reported) == 6
    for name, weight in whole.towers.state_dict().items():
        torch.testing.assert_close(second.towers.state_dict()[name], weight, rtol=0, atol=0, msg=name)


def test_it_stops_without_progress_on_validation_and_keeps_the_best():
    values = iter([0.1, 0.5, 0.4, 0.3, 0.2])
    seen = []

    def validator(towers):
        seen.append(towers.tables["users"].weight.clone())
        return next(values)

    world = training(config=replace(QUICK, epochs=9, patience=2), validator=validator)
    reports = [(report.validation, world.n_since_best) for report in world.reports()]
    assert reports == [(0.1, 0), (0.5, 0), (0.4, 1), (0.3, 2)] and world.best_epochs == 2
    assert torch.equal(world.towers.tables["users"].weight, seen[1])


@pytest.mark.parametrize(("at_once", "words"), [(True, "the loss of epoch 1 is"), (False, "a weight is")])
def test_a_training_that_diverges_says_so(at_once, words):
    """A validator does not notice: it ranks scores that are no numbers somehow. The last step has no later loss."""
    world = training(config=replace(QUICK, epochs=1), validator=lambda towers: spoiled(towers, 0.5))

    def spoiled(towers, value=None):
        towers.tables["users"].weight.fill_(np.nan)
        return value

    if at_once:
        spoiled(world.towers)
    with pytest.raises(DivergedError, match=f"{words} no number any more, with learning_rate 0.0003, table_rate 0.2"):
        list(world.reports())


def test_a_report_counts_its_events():
    world = training(config=replace(QUICK, epochs=1, batch_size=25))
    (report,) = list(world.reports())
    assert (report.epoch, report.step, report.n_events) == (0, 3, 60)
    assert report.validation is None and world.best_epochs == 1
    assert report.seconds > 0


def test_log_counts_are_those_of_the_whole_mixture():
    """A batch of 16 among 60 events, each track in 5 of them; 6 draws from 12 tracks."""
    world = training()
    batch = world.batches.batch(0, 0)
    expected = 16 * 5 / 60 + 6 / 12
    np.testing.assert_allclose(np.exp(world._log_counts(batch)), expected, rtol=1e-5)
    last = world.batches.batch(0, 3)  # of only 12 events
    np.testing.assert_allclose(np.exp(world._log_counts(last)), 12 * 5 / 60 + 6 / 12, rtol=1e-5)
    alone = training(config=replace(QUICK, in_batch=0))
    np.testing.assert_allclose(np.exp(alone._log_counts(alone.batches.batch(0, 0))), 6 / 12, rtol=1e-5)


def test_the_popularity_share_is_left_out_of_the_vectors():
    """Track 0 is played three times as often; its logit in training is higher by the offset of recommendations."""
    events = listening([(user, track, 0) for user in range(6) for track in ((0,) if user < 4 else (0, 1, 2))], 6, 3)
    plain = training(events=events)
    shared = training(config=replace(QUICK, popularity_share=0.5), events=events)
    batch = plain.batches.batch(0, 0)
    given = plain._log_counts(batch) - shared._log_counts(batch)
    np.testing.assert_allclose(given, 0.5 * np.log(np.array([7, 3, 3]) / 13)[batch.candidate_rows], rtol=1e-4)


def test_the_streaming_estimate_comes_to_the_exact_counts():
    world = training(config=replace(QUICK, frequency="streaming", epochs=30))
    list(world.reports())
    np.testing.assert_allclose(world.frequency.expected_counts(np.arange(N)), world._exact, rtol=0.35)


def test_the_temperature_is_learned_only_where_scores_are_cosines():
    fixed = training(config=replace(QUICK, learn_temperature=0, epochs=1, temperature=0.3))
    dot = training(replace(TOWER, model="dot"), replace(QUICK, epochs=1, temperature=0.3))
    learned = training(config=replace(QUICK, epochs=1, temperature=0.3, learn_temperature=1, learning_rate=0.05))
    for world in (fixed, dot, learned):
        list(world.reports())
    assert fixed.temperature().item() == dot.temperature().item() == pytest.approx(0.3)
    assert learned.temperature().item() != pytest.approx(0.3)


def sounding_world(rng):
    """Two genres; 20 tracks were played, 10 are new. Sound tells the genre, but for noise."""
    genres = np.arange(30) % 2
    audio = np.eye(2)[genres] @ rng.standard_normal((2, 6)) * 2 + 0.3 * rng.standard_normal((30, 6))
    events = [
        (user, track, 1 + at)
        for user in range(30)
        for at, track in enumerate(rng.choice(np.flatnonzero(genres[:20] == user % 2), 6, replace=False).tolist())
    ]
    return genres, audio, listening(events, 30, 30)


def test_new_tracks_are_found_by_their_sound_and_by_nothing_else(rng):
    genres, audio, events = sounding_world(rng)
    config = replace(QUICK, epochs=15, batch_size=32, table_rate=0.05, learning_rate=3e-3)
    shares = {}
    for use_audio in (1, 0):
        world = training(replace(TOWER, use_audio=use_audio), config, events, catalog(30, audio=audio))
        list(world.reports())
        queries = next(recommend(world.towers, events, np.arange(30), 30))[0]
        new = [[track for track in row if track >= 20][:5] for row in queries.tolist()]
        shares[use_audio] = np.mean([genres[track] == user % 2 for user, row in enumerate(new) for track in row])
    assert shares[1] > 0.95 and shares[0] == pytest.approx(0.5, abs=0.15)


def test_a_new_user_needs_no_training(rng):
    _, audio, events = sounding_world(rng)
    world = training(TOWER, replace(QUICK, epochs=15, batch_size=32), events, catalog(30, audio=audio))
    list(world.reports())
    inputs, rows = inputs_of_new_users([[21, 23, 25], [0, 2, 24]], 4, n_tracks=30)  # some of it never played by anyone
    found, _ = best_tracks(world.towers, query_vectors(world.towers, inputs, rows), item_vectors(world.towers), 5)
    assert (found[0] % 2 == 1).all() and (found[1] % 2 == 0).all()


@pytest.mark.parametrize("encoder", ["mean", "attention", "transformer"])
@pytest.mark.parametrize("loss", ["sampled-softmax", "bpr"])
def test_a_device_of_halves_learns_nearly_the_same(encoder, loss, rng, monkeypatch):
    """What is for CUDA, where this machine can follow it: bfloat16 products of the CPU's autocast."""
    _, audio, events = sounding_world(rng)
    tower = replace(TOWER, encoder=encoder, use_events=1, dropout=0.0)
    outcomes = []
    for devices in (("cuda",), ("cuda", "cpu")):
        monkeypatch.setattr("earshot.towers.training.training_loop.MIXED_PRECISION_DEVICES", devices)
        world = training(tower, replace(QUICK, loss=loss), events, catalog(30, audio=audio))
        assert world._is_mixed == ("cpu" in devices)
        found, blocks = world.loss_of(world.batches.batch(0, 0))
        found.backward()
        weights = [*world.towers.parameters(), *(block.values for block in blocks.values())]
        grads = [weight.grad for weight in weights if weight.grad is not None]
        assert found.dtype == torch.float32 and all(grad.dtype == torch.float32 for grad in grads)
        outcomes.append((found, torch.cat([grad.flatten() for grad in grads])))
    (exact, gradient), (half, half_gradient) = outcomes
    assert half.item() == pytest.approx(exact.item(), rel=0.02) and half.item() != exact.item()
    assert torch.cosine_similarity(gradient, half_gradient, dim=0) > 0.99


def test_a_hard_negative_stands_for_itself_alone():
    """The mixture of batch and draws is corrected by its expected counts; the mined ones by nothing: log 1 = 0."""
    world = training(config=MINED)
    world.batches.sampler.hard = HardNegatives(np.full((N, 1), 3, dtype=np.int32), np.arange(N))
    batch = world.batches.batch(0, 0)
    found = world._log_counts(batch)
    np.testing.assert_allclose(np.exp(found[:-5]), 16 * 5 / 60 + 6 / 12, rtol=1e-5)
    assert found[-5:].tolist() == [0.0] * 5


def test_hard_negatives_come_from_the_towers_of_the_epoch_before(monkeypatch):
    lists = []

    def mine(towers, *arguments, **settings):
        lists.append(towers.tables["tracks"].weight.clone())
        return mine_negatives(towers, *arguments, **settings)

    monkeypatch.setattr("earshot.towers.training.training_loop.mine_negatives", mine)
    world = training(config=MINED)
    for report in world.reports():
        if report.epoch == 0:
            assert world.batches.sampler.hard is None
            after_first = world.towers.tables["tracks"].weight.clone()
    assert len(lists) == 3 and torch.equal(lists[0], after_first)


@pytest.mark.parametrize(("loss", "n_stops"), [("sampled-softmax", 3), ("sampled-softmax", 2), ("bpr", 3)])
def test_a_stopped_training_resumes_with_the_same_hard_negatives(loss, n_stops, monkeypatch):
    monkeypatch.setattr("earshot.towers.training.training_loop.STEPS_PER_REPORT", 2)  # inside an epoch, and between two
    config = replace(MINED, loss=loss)
    whole, first, second = training(config=config), training(config=config), training(config=config)
    expected = [report.loss for report in whole.reports()]
    losses = [report.loss for _, report in zip(range(n_stops), first.reports(), strict=False)]
    second.restore(first.state())
    assert losses + [report.loss for report in second.reports()] == expected and len(expected) == 8


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
@pytest.mark.parametrize("loss", ["sampled-softmax", "bpr"])
def test_hard_negatives_of_every_model(model, loss):
    temperature = 0.2 if model == "two-tower" else 1.0
    config = replace(MINED, loss=loss, temperature=temperature)
    reports = list(training(replace(TOWER, model=model), config).reports())
    assert np.isfinite([report.loss for report in reports]).all() and reports[-1].loss < reports[0].loss
