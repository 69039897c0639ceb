"""A setting is described once: its annotation is the range that is validated and the range that is shown."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from earshot.data.settings import Range, check_product, settings_of, stored, validate


@dataclass(frozen=True)
class Config:
    dim: Annotated[int, "numbers in a vector", Range(1, 4_096)] = 64
    share: Annotated[float, "of tracks", Range(0, below=1)] = 0.5
    rate: Annotated[float, "of a step", Range(above=0)] = 0.1
    seconds: Annotated[float, "of patience", Range(above=0, high=float("inf"))] = 9.0
    offset: Annotated[float, "of anything"] = -3.0
    half: Annotated[bool, "multiply in bfloat16"] = True
    loss: Annotated[Literal["softmax", "bpr"], "of the training"] = "bpr"

    def __post_init__(self) -> None:
        validate(self)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dim": 0}, "dim is 0; it lies between 1 and 4,096"),
        ({"dim": 4_097}, "dim is 4097; it lies between 1 and 4,096"),
        ({"dim": 8.0}, r"dim is 8\.0; it is a whole number"),
        ({"dim": True}, "dim is True; it is a whole number"),
        ({"dim": "8"}, "dim is '8'; it is a whole number"),
        ({"dim": 10**40}, "dim is a number of more than 30 digits; it lies between"),
        ({"share": 1}, "share is 1; it is at least 0 and below 1"),
        ({"share": float("nan")}, "share is nan; it is a number"),
        ({"rate": 0.0}, r"rate is 0\.0; it is above 0$"),
        ({"rate": float("inf")}, "rate is inf; it is a number"),
        ({"rate": "fast" * 30}, r"rate is 'fast[fast]*\.\.\.; it is a number"),
        ({"half": 2}, "half is 2; it is True or False, or 1 or 0"),
        ({"half": 1.0}, r"half is 1\.0; it is True or False"),
        ({"loss": "mse"}, "loss is 'mse'; it is one of softmax, bpr"),
        ({"loss": 7}, "loss is 7; it is one of softmax, bpr"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_value_and_range(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        Config(**settings)


@pytest.mark.parametrize(
    "settings",
    [{"dim": 1}, {"dim": 4_096}, {"share": 0}, {"rate": 10**400}, {"seconds": float("inf")}, {"offset": -1e9}],
)
def test_bounds_are_allowed_themselves(settings):
    Config(**settings)


@pytest.mark.parametrize("value", [True, 1])
def test_a_switch_is_stored_as_0_or_1(value):
    """Keys of trainings are hashes of what is stored: True and 1 must not make two of them."""
    facts = stored(Config(half=value))
    assert facts == {"dim": 64, "share": 0.5, "rate": 0.1, "seconds": 9.0, "offset": -3.0, "half": 1, "loss": "bpr"}
    assert type(facts["half"]) is int and Config(**facts) == Config(half=value) and Config(**facts).half is True


def test_a_setting_knows_its_annotation():
    dim, *_, loss = settings_of(Config)
    assert (dim.kind, dim.text, dim.default, dim.range) == (int, "numbers in a vector", 64, Range(1, 4_096))
    assert (loss.kind, loss.choices, loss.range) == (str, ("softmax", "bpr"), Range())


def test_sizes_that_are_too_much_together():
    check_product(100, dim=10, layers=10)
    with pytest.raises(ValueError, match="dim is 10, layers is 11; together these are more than 100"):
        check_product(100, dim=10, layers=11)
