"""Settings out of their ranges are refused by name and value."""

import pytest

from earshot.graph.config import DiffusionConfig, TasteConfig


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "magic"}, "method is 'magic'; it is one of clamp, ppr, lightgcn"),
        ({"steps": 0}, "steps is 0; it is at least 1"),
        ({"alpha": 1.0}, "alpha is 1.0; it is at least 0 and below 1"),
        ({"centre": -0.5}, "centre is -0.5; it lies between 0 and 1"),
    ],
)
def test_diffusion(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        DiffusionConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"loss": "quadruplet"}, "loss is 'quadruplet'; it is one of triplet, infonce, graded"),
        ({"near_hops": 200, "gap": 56}, "near_hops is 200 and gap is 56; together they are at most 255"),
        ({"own_share": -1.0}, "own_share is -1.0; it is at least 0"),
        ({"augmentation": float("nan")}, "augmentation is nan; it is a number"),
        ({"projection_rate": 0.0}, "projection_rate is 0.0; it is above 0"),
        ({"decay": 1.5}, "decay is 1.5; it is above 0 and at most 1"),
        ({"batch_size": 1}, "batch_size is 1; it is at least 2"),
    ],
)
def test_taste(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        TasteConfig(**settings)
