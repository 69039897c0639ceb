"""Settings out of their ranges are refused; those of checkpoints are tried in test_ear.py."""

import pytest

from earshot.audio.config import DecodeConfig, MelConfig


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"workers": -1}, "workers is -1; it is at least 0"),
        ({"time_limit": 0.0}, "time_limit is 0.0; it is above 0"),
        ({"time_limit": float("nan")}, "time_limit is nan; it is a number"),
        ({"memory_limit": 10}, "memory_limit is 10; it is at least 256"),
    ],
)
def test_decoding(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        DecodeConfig(**settings)
    assert DecodeConfig(time_limit=float("inf"))  # no limit


def test_the_lower_edge_of_the_mel_bands_is_below_the_upper_one():
    with pytest.raises(ValueError, match="f_min is 5000 and f_max 5000; the lower edge is below the upper one"):
        MelConfig(f_min=5_000, f_max=5_000)
