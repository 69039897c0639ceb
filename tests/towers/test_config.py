"""Settings that contradict themselves are refused by name and value."""

import hashlib
import json

import pytest

from earshot.data.settings import stored
from earshot.towers.config import TowerConfig, TowerTrainingConfig


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "tower"}, "model is 'tower'; it is one of two-tower, dot, neumf"),
        ({"encoder": "lstm"}, "encoder is 'lstm'; it is one of mean, attention, transformer"),
        ({"encoder": "transformer", "dim": 9}, "heads 2, dim 9; at least 1, and heads divide dim"),
        ({"encoder": "transformer", "layers": 0}, "layers is 0, heads 2, dim 64; at least 1"),
        ({"dim": 0}, "dim is 0; it lies between 1 and 4,096"),
        ({"dim": 4_096, "hidden": 65_536}, "dim is 4,096, hidden is 65,536; together these are more than 16,777,216"),
        (
            {"model": "dot", "start": "spectral"},
            "start 'spectral' of dot; only two-tower begins",
        ),
        ({"seed": -1}, "seed is -1; it lies between 0 and 9,223,372,036,854,775,807"),
        ({"seed": 2**63}, "seed is 9223372036854775808; it lies between 0 and"),
        ({"use_seed": 2}, "use_seed is 2; it is True or False"),
        ({"track_dropout": 1.0}, "track_dropout is 1.0; it is at least 0 and below 1"),
        ({"history": 0, "use_seed": False}, "a query must be made of something"),
    ],
)
def test_towers(settings, words):
    with pytest.raises(ValueError, match=words):
        TowerConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "mse"}, "loss is 'mse'; it is one of sampled-softmax, bpr"),
        ({"correction": "yes"}, "correction is 'yes'; it is one of both, negatives, refined, none"),
        ({"frequency": "guess"}, "frequency is 'guess'; it is one of exact, streaming"),
        ({"proposal": "zipf"}, "proposal is 'zipf'; it is one of uniform, popularity"),
        ({"weighted": 3}, "weighted is 3; it is True or False"),
        ({"directions": 3}, "directions is 3; it lies between 1 and 2"),
        ({"batch_size": 0}, "batch_size is 0; it is at least 1"),
        ({"in_batch": False, "negatives": 0}, "in_batch is False, batch_size 1024 and negatives 0; the positive needs"),
        ({"batch_size": 1, "negatives": 0}, "in_batch is True, batch_size 1 and negatives 0; the positive needs"),
        ({"in_batch": False, "directions": 2}, "directions is 2 and in_batch off"),
        ({"loss": "bpr", "frequency": "streaming"}, "frequency is streaming; only sampled-softmax heeds it"),
        ({"loss": "bpr", "in_batch": False}, "in_batch is False; only sampled-softmax heeds it"),
        ({"loss": "bpr", "directions": 2}, "directions is 2; only sampled-softmax heeds it, and the loss is bpr"),
        ({"loss": "bpr", "negatives": 0}, "bpr compares each positive with at least one"),
        ({"hard_first": 9, "hard_last": 9}, "hard_first is 9 and hard_last 9; the first is the lower"),
        ({"table_rate": -0.1}, "table_rate is -0.1; it lies between 0 and 1,000,000"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; it is a number"),
        ({"weight_decay": float("inf")}, "weight_decay is inf; it is a number"),
        (
            {"popularity_share": 0.5, "learn_temperature": True},
            "popularity_share is 0.5 and learn_temperature on; the popularity weight that gives it back is counted in",
        ),
        ({"temperature": 2.0}, "temperature is 2.0; it lies between 0.01 and 1"),
    ],
)
def test_training(settings, words):
    with pytest.raises(ValueError, match=words):
        TowerTrainingConfig(**settings)


def test_the_key_of_a_training_is_that_of_the_first_release():
    """A library whose towers were trained with 0 and 1 goes on, and its towers are not stale."""
    switches = {"use_events": 0, "use_user": 0, "use_seed": 1, "use_audio": 1}
    for tower in (TowerConfig(), TowerConfig(**switches), TowerConfig(use_events=False, use_seed=True)):
        settings = {"tower": stored(tower), "training": stored(TowerTrainingConfig())}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        assert digest == "21b5600bf6c269a2373650333044e3c2f75a7e7ccd472f770f6c5d984ef8c0ab"
