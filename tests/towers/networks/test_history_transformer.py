"""The transformer over a history: against PyTorch's own, over padding, over nothing, and at a task only it can do."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import towers_for
from earshot.towers.networks.history_transformer import HistoryTransformer
from earshot.towers.retrieval.best_tracks import recommend
from earshot.towers.training.training_loop import TowerTraining
from tower_world import catalog, listening


def made(dim=6, length=4, layers=2, heads=2, dropout=0.0):
    generator = torch.Generator().manual_seed(3)
    config = TowerConfig(encoder="transformer", dim=dim, history=length, layers=layers, heads=heads, dropout=dropout)
    encoder = HistoryTransformer(config, generator)
    with torch.no_grad():  # what begins at zero would hide the rest
        encoder.out.weight.normal_(generator=generator)
        encoder.recency.normal_(generator=generator)
    return encoder.eval()


def events(n=3, length=4, dim=6):
    return torch.randn(n, length, dim, generator=torch.Generator().manual_seed(1))


THERE = torch.tensor([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], dtype=torch.bool)


def test_it_begins_as_the_mean():
    config = TowerConfig(encoder="transformer", dim=6, history=4, dropout=0)
    encoder, x = HistoryTransformer(config, torch.Generator().manual_seed(0)), events()
    expected = torch.stack([x[0].mean(dim=0), (x[1, 0] + x[1, 2]) / 2])
    torch.testing.assert_close(encoder(x, THERE)[:2], expected)


def torchs_own(encoder, x, is_there):
    """The same by nn.MultiheadAttention, for every place and not only the token."""
    dim = x.shape[-1]
    tokens = encoder.token.expand(len(x), 1, -1)
    h = torch.cat([x + encoder.recency[: x.shape[1]], tokens], dim=1)
    for layer in encoder.layers:
        attention = nn.MultiheadAttention(dim, layer.heads, batch_first=True)
        attention.in_proj_weight.copy_(torch.cat([layer.query.weight, layer.key_value.weight]))
        attention.in_proj_bias.copy_(torch.cat([layer.query.bias, layer.key_value.bias]))
        attention.out_proj.load_state_dict(layer.mix.state_dict())
        normal = layer.attention_norm(h)
        events = normal[:, :-1]
        found, _ = attention(normal, events, events, key_padding_mask=~is_there)
        h = h + found
        h = h + layer.narrow(nn.functional.gelu(layer.widen(layer.hidden_norm(h))))
    mean = torch.stack([row[there].mean(dim=0) for row, there in zip(x, is_there, strict=True)])
    return mean + encoder.out(encoder.norm(h[:, -1]))


@torch.no_grad()
def test_it_is_what_torch_computes():
    encoder, x = made(), events()[:2]
    torch.testing.assert_close(encoder(x, THERE[:2]), torchs_own(encoder, x, THERE[:2]))


def test_padding_is_never_looked_at():
    encoder, x = made(), events()
    other = x.clone()
    other[~THERE] = 9.0
    found, again = encoder(x, THERE), encoder(other, THERE)
    torch.testing.assert_close(again[:2], found[:2], rtol=0, atol=0)
    assert found.isfinite().all()  # of nothing whatever, but a number
    longer = torch.cat([x, x], dim=1)
    padded = torch.cat([THERE, torch.zeros_like(THERE)], dim=1)
    torch.testing.assert_close(encoder(longer, padded)[:2], found[:2])


def test_a_longer_history_of_the_same_is_the_same():
    """Histories without an order are read longer in recommendations than in training."""
    encoder, x = made(), events(1)
    with torch.no_grad():
        encoder.recency.zero_()
    there = THERE[:1]
    torch.testing.assert_close(encoder(x.repeat(1, 4, 1), there.repeat(1, 4)), encoder(x, there))


def test_dropout_is_of_training_only():
    encoder, x = made(dropout=0.5), events()
    torch.testing.assert_close(encoder(x, THERE), encoder(x, THERE), rtol=0, atol=0)
    encoder.train()
    assert not torch.allclose(encoder(x, THERE)[0], encoder(x, THERE)[0])


TOWER = TowerConfig(dim=16, hidden=16, history=4, use_seed=0, encoder="transformer", history_dropout=0.0)
QUICK = TowerTrainingConfig(batch_size=64, negatives=0, epochs=60, table_rate=0.1, learning_rate=3e-3)


def riddle(rng):
    """Two letters, then the track that stands for the pair: 0 0 -> 2, 0 1 -> 3, 1 0 -> 3, 1 1 -> 2.

    A sum over the events, however each is weighed, cannot tell an exclusive or.
    """
    table = []
    for user in range(200):
        first, second = rng.integers(2, size=2).tolist()
        table += [(user, first, 1, 0.0), (user, second, 2, 0.0), (user, 2 + (first ^ second), 3, 1.0)]
    return listening(table, 200, 4)


def test_it_solves_what_a_sum_cannot(rng):
    world = riddle(rng)
    past = world.select(world.times < 3)
    answers = world.track_rows[world.times == 3]
    right = {}
    for encoder in ("transformer", "attention"):
        tower = replace(TOWER, encoder=encoder, hidden=0)
        training = TowerTraining(towers_for(tower, catalog(4, seconds=np.nan), world), world, QUICK)
        list(training.reports())
        letters = [np.array([0, 1])] * 200
        (found, _), *_ = recommend(training.towers, past, np.arange(200), 1, excluded=letters)
        right[encoder] = (found[:, 0] == answers).mean()
    assert right["transformer"] > 0.99
    assert right["attention"] < 0.8  # three of the four pairs at best


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_stopped_training_goes_on_with_the_same_dropout(rng, monkeypatch, dropout):
    monkeypatch.setattr("earshot.towers.training.training_loop.STEPS_PER_REPORT", 2)
    world, config = riddle(rng), replace(QUICK, epochs=1, batch_size=32)

    def begun():
        return TowerTraining(
            towers_for(replace(TOWER, dropout=dropout), catalog(4, seconds=np.nan), world), world, config
        )

    whole = begun()
    expected = [report.loss for report in whole.reports()]
    first, second = begun(), begun()
    losses = [next(first.reports()).loss]
    second.restore(first.state())
    torch.rand(7)  # another draw in between
    assert losses + [report.loss for report in second.reports()] == expected
