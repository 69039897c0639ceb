"""Matrix factorisation and NeuMF by hand, and by the formula of the paper."""

import numpy as np
import torch
import torch.nn.functional as F

from earshot.towers.config import TowerConfig
from earshot.towers.networks.factorization import DotProduct, NeuralFactorization
from earshot.towers.query_inputs import QueryInputs
from tower_world import catalog


def made(kind, dim=3, hidden=8, seen=None):
    seen = np.ones(5, dtype=bool) if seen is None else seen
    return kind(TowerConfig(dim=dim, hidden=hidden), catalog(5, seconds=np.nan), seen, np.ones(4, dtype=bool))


def both(model, users, history=None):
    rows = np.arange(5)
    nothing = np.full((len(users), 2), -1)
    inputs = QueryInputs(
        np.array(users), nothing if history is None else np.array(history), nothing[:, 0], np.zeros(len(users))
    )
    blocks = model.blocks(rows, inputs.user_rows)
    features = model.features(blocks, rows)
    return model.queries(features, blocks, inputs).detach(), model.items(features).detach()


def test_a_dot_product_with_a_bias():
    model = made(DotProduct)
    tracks, users = model.tables["tracks"].weight, model.tables["users"].weight
    assert not tracks[:, -1].any()  # nothing is popular before it was played
    tracks[:, -1] = torch.arange(5.0)
    queries, items = both(model, [2, 0])
    expected = users[[2, 0]] @ tracks[:, :3].T + torch.arange(5.0)
    torch.testing.assert_close(model.scores(queries, items), expected)
    torch.testing.assert_close(model.pair_scores(queries, items[[4, 1]]), expected[[0, 1], [4, 1]])


def test_a_stranger_is_what_they_heard():
    model = made(DotProduct)
    tracks = model.tables["tracks"].weight
    queries, _ = both(model, [-1, -1], [[1, 4], [-1, -1]])
    torch.testing.assert_close(queries[0], torch.cat([(tracks[1] + tracks[4])[:3] / 2, torch.ones(1)]))
    torch.testing.assert_close(queries[1], torch.tensor([0.0, 0, 0, 1]))  # without a history only popularity is left


def test_neumf_is_the_papers_formula():
    model = made(NeuralFactorization)
    tracks, users = model.tables["tracks"].weight, model.tables["users"].weight
    tracks[:, -1] = 0.5
    queries, items = both(model, [3, 1])
    for row, user in enumerate((3, 1)):
        for track in range(5):
            product = users[user, :3] * tracks[track, :3]
            first = torch.cat([model.of_user.weight, model.of_track.weight], dim=1)  # one layer over [u; v]
            h = F.relu(first @ torch.cat([users[user, 3:], tracks[track, 3:6]]) + model.of_user.bias)
            h = F.relu(model.last(F.relu(model.middle(h))))
            expected = model.out(torch.cat([product, h])) + 0.5
            torch.testing.assert_close(model.scores(queries, items)[row, track : track + 1], expected)
    pairs = model.pair_scores(queries[:, None], items[torch.tensor([[0, 1, 2], [4, 4, 0]])])
    torch.testing.assert_close(pairs[1, 0], model.scores(queries, items)[1, 4])


def test_an_unseen_track_is_nobodys_favourite():
    model = made(DotProduct, seen=np.array([1, 1, 1, 1, 0], dtype=bool))
    model.tables["tracks"].weight[4] = 9.0
    queries, items = both(model, [0])
    assert model.scores(queries, items)[0, 4] == 0
