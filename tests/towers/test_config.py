"""Settings that contradict themselves are refused by name and value."""

import pytest

from earshot.towers.config import TowerConfig, TowerTrainingConfig


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "tower"}, "model 'tower'; there are two-tower, dot, neumf"),
        ({"encoder": "lstm"}, "encoder 'lstm'; there are mean, attention, transformer"),
        ({"encoder": "transformer", "dim": 9}, "heads 2, dim 9; at least 1, and heads divide dim"),
        ({"dim": 0}, "dim is 0, hidden 128, history 50"),
        (
            {"model": "dot", "start": "spectral"},
            "start 'spectral' of dot; only two-tower begins",
        ),
        ({"seed": -1}, "seed is -1; it is at least 0"),
        ({"seed": 2**63}, "seed is 9223372036854775808; it is at least 0 and below 2"),
        ({"use_seed": 2}, "use_seed is 2; it is 0 or 1"),
        ({"track_dropout": 1.0}, "track_dropout is 1; it is a share"),
        ({"history": 0, "use_user": 0, "use_seed": 0}, "a query must be made of something"),
    ],
)
def test_towers(settings, words):
    with pytest.raises(ValueError, match=words):
        TowerConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "mse"}, "loss 'mse'; there are sampled-softmax, bpr"),
        ({"correction": "yes"}, "correction 'yes'; there are both, negatives, refined, none"),
        ({"frequency": "guess"}, "frequency 'guess'; there are exact, streaming"),
        ({"proposal": "zipf"}, "proposal 'zipf'; there are uniform, popularity"),
        ({"weighted": 3}, "weighted is 3; it is 0 or 1"),
        ({"directions": 3}, "directions is 3; it is 1 or 2"),
        ({"batch_size": 0}, "batch_size is 0, patience 3, epochs 20, negatives 1024; the first two are at least 1"),
        ({"in_batch": 0, "negatives": 0}, "in_batch is 0, batch_size 1024 and negatives 0; something must be told"),
        ({"batch_size": 1, "negatives": 0}, "in_batch is 1, batch_size 1 and negatives 0; something must be told"),
        ({"in_batch": 0, "directions": 2}, "directions is 2 and in_batch 0"),
        ({"loss": "bpr", "frequency": "streaming"}, "frequency is streaming; only sampled-softmax heeds it"),
        ({"loss": "bpr", "in_batch": 0}, "in_batch is 0; only sampled-softmax heeds it"),
        ({"loss": "bpr", "directions": 2}, "directions is 2; only sampled-softmax heeds it, and the loss is bpr"),
        ({"loss": "bpr", "negatives": 0}, "bpr compares each positive with at least one"),
        ({"hard_first": 9, "hard_last": 9}, "places 9 to 9; none is negative, and the first is below the last"),
        ({"table_rate": -0.1}, "table_rate is -0.1; it lies between 0 and"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; it lies between 0 and"),
        ({"weight_decay": float("inf")}, "weight_decay is inf; it lies between 0 and 1e"),
        (
            {"popularity_share": 0.5, "learn_temperature": 1},
            "popularity_share is 0.5 and learn_temperature 1; the dial that gives it back is counted in temperatures",
        ),
        ({"temperature": 2.0}, "temperature is 2; it lies between 0.01 and 1"),
    ],
)
def test_training(settings, words):
    with pytest.raises(ValueError, match=words):
        TowerTrainingConfig(**settings)
