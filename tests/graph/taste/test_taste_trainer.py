"""Training on a small world whose taste is known: what is liked together shares a quiet trait, not the loud one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.audio.config import EncoderConfig, MelConfig
from earshot.audio.encoder import untrained_encoder
from earshot.data.files.training_state import write_training
from earshot.graph.config import TasteConfig
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste import taste_trainer
from earshot.graph.taste.excerpt_views import ExcerptDataset
from earshot.graph.taste.taste_trainer import (
    TasteTrainer,
    taste_training_key,
    training_metrics,
)
from earshot.graph.taste.track_graph import TrackGraph
from training_states import read_training

N_MELS, N_FRAMES, N_TRACKS, N_EXCERPTS = 8, 24, 90, 3
MEL, SMALL = MelConfig(n_mels=N_MELS), EncoderConfig(channels=6, stages=2, dim=8, dropout=0.2)
QUICK = TasteConfig(
    loss="graded", near_hops=1, gap=1, epochs=2, batch_size=40, projection_epochs=12, projection_crops=1, crops=1
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The tensors are tiny: threads would only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def world():
    """90 tracks by 30 artists. Taste is one of three: which of the lower bands carries a faint tone. The upper bands
    carry a loud colour that differs from track to track and says nothing. Artists of one taste are liked together."""
    rng = np.random.default_rng(5)
    artists = np.arange(N_TRACKS) // 3
    tastes = artists % 3
    log_mels = rng.uniform(0.3, 0.4, size=(N_TRACKS, N_EXCERPTS, N_MELS, N_FRAMES))
    log_mels[:, :, 4:] += rng.uniform(0, 0.6, size=(N_TRACKS, 1, 4, 1))
    log_mels[np.arange(N_TRACKS), :, tastes] += 0.12
    dataset = ExcerptDataset(
        log_mels.reshape(-1, N_MELS, N_FRAMES).astype(np.float16),
        [range(N_EXCERPTS * track, N_EXCERPTS * (track + 1)) for track in range(N_TRACKS)],
    )
    pairs = [(a, b) for a in range(30) for b in range(a) if a % 3 == b % 3]
    graph = TrackGraph("likes", build_graph(*np.array(pairs).T, n_nodes=30), artists)
    return dataset, graph, np.flatnonzero(artists >= 21)  # held out: three artists of each taste


def training(world, config=QUICK, with_graph=True, **kwargs):
    dataset, graph, held_out = world
    encoder = untrained_encoder(MEL, SMALL)
    return TasteTrainer(encoder, dataset, [graph] if with_graph else [], held_out, config, **kwargs)


@pytest.mark.parametrize("loss", ["triplet", "infonce", "graded"])
def test_taste_is_learned_and_holds_for_artists_never_heard(world, loss):
    trained = training(world, replace(QUICK, loss=loss, projection_epochs=40))
    reports = list(trained.epochs())
    before, after = trained.start_accuracy, trained.best_accuracy
    assert after > max(0.85, before + 0.08), f"{loss}: {before:.2f} before, {after:.2f} after"
    assert reports[0].phase == "convolutions" and reports[-1].phase == "projection"
    values = {metric.subject: metric.value for metric in training_metrics(trained)}
    assert values == {"before training": before, "audio": after}


def test_crops_alone_cannot_know_taste(world):
    """The control: without the graph the loud colour, which tells tracks apart, wins."""
    longer = replace(QUICK, projection_epochs=80)
    trained, blind = training(world, longer), training(world, longer, with_graph=False)
    for one in (trained, blind):
        list(one.epochs())
    blind.triplets = trained.triplets
    assert blind._held_out_accuracy() < trained.best_accuracy - 0.07


def test_the_same_seed_is_the_same_training(world):
    ends = []
    for _ in range(2):
        one = training(world)
        losses = [epoch.loss for epoch in one.epochs()]
        ends.append((losses, one.encoder.state_dict()))
    assert ends[0][0] == ends[1][0]
    assert all(torch.equal(ends[0][1][name], ends[1][1][name]) for name in ends[0][1])
    other = next(training(world, replace(QUICK, seed=1)).epochs())
    assert other.loss != ends[0][0][0]


def test_the_order_in_which_files_were_heard_does_not_matter(world):
    """Workers finish in any order, and a cache may hold log-mels of tracks that the library has no more."""
    dataset, graph, held_out = world
    spans = np.random.default_rng(1).permutation(N_TRACKS + 1) * N_EXCERPTS  # one of them is of no track
    log_mels = np.full((len(spans) * N_EXCERPTS, N_MELS, N_FRAMES), 0.5, dtype=np.float16)
    for start, own in zip(spans, dataset.excerpt_rows, strict=False):
        log_mels[start : start + N_EXCERPTS] = dataset.log_mels[own]
    elsewhere = ExcerptDataset(log_mels, [range(start, start + N_EXCERPTS) for start in spans[:N_TRACKS]])
    one, other = training(world), training((elsewhere, graph, held_out))
    assert [epoch.loss for epoch in one.epochs()] == [epoch.loss for epoch in other.epochs()]
    ours, theirs = one.encoder.state_dict(), other.encoder.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("stop_after", [1, 2, 7])
def test_interrupted_it_goes_on_along_its_trajectory(world, tmp_path, stop_after):
    whole = training(world)
    losses = [epoch.loss for epoch in whole.epochs()]

    first = training(world)
    for _, epoch in zip(range(stop_after), first.epochs(), strict=False):
        assert epoch.loss == losses[(epoch.number - 1) + (2 if epoch.phase == "projection" else 0)]
    write_training(tmp_path / "state.pt", "key", first.state())
    second = training(world)
    second.restore(read_training(tmp_path / "state.pt", "key"))
    assert [epoch.loss for epoch in second.epochs()] == losses[stop_after:]
    ours, theirs = second.encoder.state_dict(), whole.encoder.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert second.best_accuracy == whole.best_accuracy and second.start_accuracy == whole.start_accuracy


def test_the_key_knows_settings_tracks_and_edges(world):
    _, graph, _ = world
    none = np.empty(0, dtype=np.int64)
    key = taste_training_key({"loss": "triplet"}, ["a", "b"], none, [graph])
    assert key == taste_training_key({"loss": "triplet"}, ["a", "b"], none, [graph])
    others = [
        taste_training_key({"loss": "infonce"}, ["a", "b"], none, [graph]),
        taste_training_key({"loss": "triplet"}, ["b", "a"], none, [graph]),
        taste_training_key({"loss": "triplet"}, ["a", "b"], np.array([1]), [graph]),
        taste_training_key({"loss": "triplet"}, ["a", "b"], none, []),
        taste_training_key({"loss": "triplet"}, ["a", "b"], none, [replace(graph, share=2.0)]),
        taste_training_key({"loss": "triplet"}, ["a", "b"], none, [graph.without(np.array([0, 1, 2]))]),
    ]
    assert len({key, *others}) == 7


def test_the_key_is_that_of_version_0_1():
    """A training that was interrupted before an upgrade goes on after it."""
    edges = build_graph(np.array([0, 1]), np.array([1, 2]), n_nodes=3)
    graph = TrackGraph("likes", edges, np.array([0, 1, 2, -1]), 0.5)
    key = taste_training_key({"loss": "triplet", "a": 1}, ["a", "b"], np.array([1]), [graph])
    assert key == "8badb328865f1a289efe5c4ca2214302ceecdcd7abc746007250ef22830ca7ba"


def test_it_stops_when_it_gets_no_better(world):
    patient = training(world, replace(QUICK, epochs=0, projection_epochs=500, patience=3))
    epochs = list(patient.epochs())
    assert len(epochs) < 500 and not any(epoch.is_best for epoch in epochs[-3:])
    best = max(epoch.accuracy for epoch in epochs)
    assert patient.best_accuracy == max(best, patient.start_accuracy)
    assert patient._held_out_accuracy() == pytest.approx(patient.best_accuracy), "the encoder is the best one"


def test_what_the_convolutions_learned_is_kept_where_the_projection_falls_behind(world, monkeypatch):
    config = replace(QUICK, loss="triplet", epochs=6, projection_epochs=1, projection_rate=1e-9)
    found = training(world, config)
    epochs = found.epochs()
    first = [next(epochs) for _ in range(6)]
    noise = torch.randn(found.encoder.projection.weight.shape, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(taste_trainer, "calibrate", lambda encoder, *_: encoder.projection.weight.data.copy_(noise))
    (last,) = epochs
    best = max(found.start_accuracy, *(epoch.accuracy for epoch in first))
    assert last.accuracy < best and found.best_accuracy == best
    assert found._held_out_accuracy() == pytest.approx(best), "the encoder is that one"


def test_without_its_own_epochs_the_projection_stays_as_the_convolutions_left_it(world):
    found = training(world, replace(QUICK, projection_epochs=0))
    epochs = list(found.epochs())
    best = max(found.start_accuracy, *(epoch.accuracy for epoch in epochs))
    assert len(epochs) == 2 and found._held_out_accuracy() == pytest.approx(best)


def test_a_loss_that_is_no_number_ends_the_training(world):
    """Without held-out tracks every epoch counts as the best: an ear of nothing but NaN would be kept."""
    dataset, graph, _ = world
    config = replace(QUICK, learning_rate=1e30, epochs=5)
    diverging = TasteTrainer(untrained_encoder(MEL, SMALL), dataset, [graph], np.empty(0, dtype=np.int64), config)
    with pytest.raises(ValueError, match=r"the loss is nan in epoch \d of the convolutions; lower learning_rate"):
        list(diverging.epochs())


def test_an_ear_that_has_learned_goes_on_from_there(world):
    first = training(world, replace(QUICK, projection_epochs=40))
    list(first.epochs())
    dataset, graph, held_out = world
    none = replace(QUICK, epochs=0, projection_epochs=0)
    second = TasteTrainer(first.encoder, dataset, [graph], held_out, none, fresh=False)
    expected = {name: weight.clone() for name, weight in first.encoder.state_dict().items()}
    assert list(second.epochs()) == []
    assert all(torch.equal(expected[name], weight) for name, weight in second.encoder.state_dict().items())
    assert second.start_accuracy == pytest.approx(first.best_accuracy)


def test_track_vectors_are_those_of_a_scan(world):
    one = training(world)
    _ = next(one.epochs())
    vectors = one.track_vectors(np.array([3, 8]))
    with torch.no_grad():
        excerpts = one.encoder.eval()(torch.from_numpy(one.dataset.log_mels[9:12]).float())
    mean = excerpts.mean(dim=0)
    np.testing.assert_allclose(vectors[0], (mean / mean.norm()).numpy(), atol=1e-5)


def test_one_track_teaches_nothing(world):
    dataset, _, _ = world
    with pytest.raises(ValueError, match="1 track is left to learn from; it takes at least two"):
        TasteTrainer(untrained_encoder(MEL, SMALL), dataset, [], np.arange(1, N_TRACKS), QUICK)
