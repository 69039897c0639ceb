"""Excerpts and features of tracks: views of a batch by hand, and features as the encoder computes them."""

import numpy as np
import pytest
import torch

from earshot.audio.config import EncoderConfig, MelConfig
from earshot.audio.encoder import untrained_encoder
from earshot.graph.config import TasteConfig
from earshot.graph.taste.excerpt_views import ExcerptDataset, FeatureTable
from earshot.graph.taste.triplet_sampler import TripletBatch

N_MELS, N_FRAMES = 8, 24


@pytest.fixture
def dataset(rng):
    """Three tracks of 3, 1 and 2 excerpts; the first is last in the array, and excerpt 3 is of no track."""
    log_mels = rng.uniform(size=(7, N_MELS, N_FRAMES)).astype(np.float16)
    return ExcerptDataset(log_mels, [range(4, 7), range(2, 3), range(0, 2)])


def test_all_excerpts_by_hand(dataset):
    excerpts, owners = dataset.all_excerpts(np.array([2, 0]))
    assert excerpts.tolist() == [0, 1, 4, 5, 6] and owners.tolist() == [0, 0, 1, 1, 1]
    assert len(dataset) == 3


def test_chunks_are_the_whole(dataset, monkeypatch):
    monkeypatch.setattr("earshot.graph.taste.excerpt_views.CHUNK_SIZE", 2)
    excerpts = np.array([6, 0, 2])
    chunks = list(dataset.load_chunks(excerpts, "cpu"))
    assert [len(chunk) for chunk in chunks] == [2, 1]
    assert torch.equal(torch.cat(chunks), torch.from_numpy(dataset.log_mels[excerpts]).float())


def test_views_of_a_track_share_no_excerpt_where_there_are_enough(dataset, rng):
    drawn = dataset.draw(np.array([0, 2]), 1, rng)
    assert drawn.shape == (2, 2, 1) and (drawn[0] != drawn[1]).all()
    assert set(drawn[:, 0].ravel().tolist()) <= {4, 5, 6} and set(drawn[:, 1].ravel().tolist()) == {0, 1}
    many = dataset.draw(np.array([0]), 4, rng)
    assert set(many.ravel().tolist()) == {4, 5, 6}, "with too few, all of them, again and again"


def test_views_of_a_batch_are_those_of_its_candidates(dataset, rng):
    """Track 1 has one excerpt. Track 0 is its own positive, by other excerpts than the anchor's."""
    batch = TripletBatch(np.array([0, 1]), np.array([0, 2]))
    for _ in range(20):
        anchor, other, second_0, second_1, positive_0, positive_1 = dataset.draw_views(batch, 1, rng)[:, 0].tolist()
        assert {anchor, second_0} <= {4, 5, 6} and anchor != second_0 and positive_0 == second_0
        assert other == second_1 == 2 and positive_1 in (0, 1)


@pytest.mark.parametrize("augmentation", [0.0, 1.0])
def test_features_are_those_of_the_encoder(dataset, rng, monkeypatch, augmentation):
    monkeypatch.setattr("earshot.graph.taste.excerpt_views.CHUNK_SIZE", 4)
    encoder = untrained_encoder(MelConfig(n_mels=N_MELS), EncoderConfig(channels=6, stages=2, dim=5))
    table = FeatureTable.compute(encoder, dataset, TasteConfig(augmentation=augmentation, seed=3), "cpu")
    assert table.features.shape == (2 if augmentation else 1, 6, sum(encoder.blocks))
    excerpts = np.array([5, 0])
    with torch.no_grad():
        features = encoder.standardize(encoder.features(dataset.load(excerpts, "cpu")))
    torch.testing.assert_close(table.unaugmented(excerpts), features, atol=2e-3, rtol=2e-3)  # float16
    views = table.draw(np.array([[5, 5], [0, 2]]), rng)
    assert views.shape == (2, sum(encoder.blocks))
    if augmentation:
        assert not torch.equal(table.features[0], table.features[1])
    else:
        assert torch.equal(views[0], table.unaugmented(np.array([5]))[0])
