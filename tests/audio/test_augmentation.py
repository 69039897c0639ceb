"""Augmentation: by hand, and as laws."""

import torch

from earshot.audio.augmentation import augment


def log_mels():
    return torch.rand(200, 40, 30, generator=torch.manual_seed(1)) * 0.5 + 0.2


def test_nothing_is_nothing():
    assert torch.equal(augment(log_mels(), 0.0, torch.manual_seed(0)), log_mels())


def test_half_lose_their_top_and_never_more_than_a_quarter():
    silent = (augment(log_mels(), 1.0, torch.manual_seed(0)) == 0).all(dim=2)  # (batch, bands)
    lost = silent.sum(dim=1)
    assert lost.max() <= 10 and 0.35 < (lost > 0).float().mean() < 0.6
    tops = silent.long().diff(dim=1) >= 0
    assert tops.all(), "what is lost lies above what is kept"


def test_colour_is_a_constant_of_a_band_and_smooth():
    original = log_mels()
    change = augment(original, 1.0, torch.manual_seed(0)) - original
    kept = (augment(original, 1.0, torch.manual_seed(0)) > 0).all(dim=2)
    assert change.std(dim=2)[kept].max() < 1e-6, "the same in every frame"
    whole = change.mean(dim=2)[kept.all(dim=1)]
    assert 0.005 < whole.std() < 0.03  # four cosines of deviation 0.01: 0.01 * sqrt(1 + 3 / 2) = 0.016
    assert whole.diff(dim=1).abs().max() < 0.02


def test_silence_stays_silent_and_nothing_leaves_the_range():
    dark = torch.zeros(5, 40, 30)
    assert (augment(dark, 3.0, torch.manual_seed(0)) == 0).all()
    found = augment(torch.rand(50, 40, 30, generator=torch.manual_seed(2)), 5.0, torch.manual_seed(0))
    assert found.min() >= 0 and found.max() <= 1


def test_the_seed_decides():
    one, same, other = (augment(log_mels(), 1.0, torch.manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
