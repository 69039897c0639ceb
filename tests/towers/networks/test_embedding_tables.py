"""Tables of which a step touches a few rows: by hand, and beside torch's Adagrad."""

import numpy as np
import pytest
import torch

from earshot.towers.networks.embedding_tables import Table


def table(n, dim):
    return Table(n, dim, torch.Generator().manual_seed(0))


def test_a_step_by_hand():
    mine = table(3, 2)
    mine.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    block = mine.block(np.array([2, 0, 2]))
    torch.testing.assert_close(block.look_up(), torch.tensor([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]))
    block.look_up().sum().backward()  # row 2 was requested twice: its gradient is 2 in each place, its mean square 4
    mine.step(block, rate=0.1)
    expected = torch.tensor([[0.9, 1.9], [3.0, 4.0], [4.9, 5.9]])  # a first step is as long as the rate
    torch.testing.assert_close(mine.weight, expected)
    torch.testing.assert_close(mine.squares, torch.tensor([1.0, 0.0, 4.0]))
    block = mine.block(np.array([2]))
    block.look_up().sum().backward()  # the gradient is 1, the sum of squares 5
    mine.step(block, rate=0.1)
    assert mine.weight[2, 0].item() == pytest.approx(4.9 - 0.1 / 5**0.5)


def test_with_one_number_a_row_it_is_torchs_adagrad():
    mine = table(5, 1)
    theirs = torch.nn.Parameter(mine.weight.clone())
    optimizer = torch.optim.Adagrad([theirs], lr=0.3, eps=1e-8)
    rng = np.random.default_rng(1)
    for _ in range(10):
        rows = rng.integers(5, size=7)
        block = mine.block(rows)
        (block.look_up() ** 3).sum().backward()
        mine.step(block, rate=0.3)
        optimizer.zero_grad()
        (theirs[torch.from_numpy(rows)] ** 3).sum().backward()
        optimizer.step()
    torch.testing.assert_close(mine.weight, theirs.detach())


def test_nobody_is_a_vector_of_zeros_without_a_gradient():
    mine = table(4, 3)
    before = mine.weight.clone()
    block = mine.block(np.array([[-1, 2], [2, -1]]))
    found = block.look_up()
    assert found.shape == (2, 2, 3) and not found[0, 0].any() and torch.equal(found[0, 1], before[2])
    found.sum().backward()
    mine.step(block, rate=0.1)
    assert torch.equal(mine.weight[[0, 1, 3]], before[[0, 1, 3]])
    empty = mine.block(np.array([-1, -1]))
    assert not empty.look_up().any()
    empty.look_up().sum().backward()
    mine.step(empty, rate=0.1)
    assert torch.equal(mine.weight[[0, 1, 3]], before[[0, 1, 3]])


def test_decay_pulls_only_what_was_touched():
    mine = table(2, 2)
    mine.weight.copy_(torch.ones(2, 2))
    block = mine.block(np.array([0]))
    (block.look_up() * 0).sum().backward()
    mine.step(block, rate=0.5, decay=0.01)  # the gradient is the decay alone; a first step is as long as the rate
    torch.testing.assert_close(mine.weight, torch.tensor([[0.5, 0.5], [1.0, 1.0]]), atol=1e-4, rtol=0)


def test_without_gradients_a_block_is_only_read():
    mine = table(2, 2)
    with torch.no_grad():
        assert not mine.block(np.array([1])).values.requires_grad
    block = mine.block(np.array([1]))
    mine.step(block, rate=1.0)  # no loss reached it
    assert not mine.squares.any()
