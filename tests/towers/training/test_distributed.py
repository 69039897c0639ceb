"""Two processes learn what one would: the same loss, the same gradients, and equal weights on both."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from earshot.towers.training.distributed import Distributed
from rank_worker import CASES, PLAIN, TOWER, begun, gradients, trained

WORKER = Path(__file__).parents[2] / "support" / "rank_worker.py"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What two ranks of gloo found, by rank."""
    folder = tmp_path_factory.mktemp("ranks")
    torch.save(trained(stop=1)["state"], folder / "state.pt")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(WORKER)]
    processes = [
        subprocess.Popen([*command, str(rank), "2", str(folder)], env=environment, stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for process in processes:
        _, complaint = process.communicate(timeout=170)
        assert process.returncode == 0, complaint
    return [torch.load(folder / f"rank-{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_that_of_a_single_process(outcomes, name):
    alone = gradients(*CASES[name])
    assert alone["loss"] > 0 and alone["table tracks"].any() and alone["table users"].any()
    for outcome in outcomes:
        found = outcome["gradients"][name]
        assert found.keys() == alone.keys()
        for key, expected in alone.items():
            message = partial("{}: {}".format, key)
            torch.testing.assert_close(found[key], expected, rtol=1e-5, atol=1e-6, msg=message)


@pytest.mark.parametrize("which", ["whole", "gone on"])
def test_all_ranks_end_with_equal_weights_and_those_of_one(outcomes, which):
    first, second = (outcome[which] for outcome in outcomes)
    alone = trained()
    assert first["reports"] == second["reports"]
    assert first["reports"] == [
        pytest.approx(report, abs=1e-4) for report in alone["reports"][-len(first["reports"]) :]
    ]
    assert len(first["reports"]) == (3 if which == "whole" else 2)
    for name, weight in first["weights"].items():
        assert torch.equal(weight, second["weights"][name]), name
        torch.testing.assert_close(weight, alone["weights"][name], rtol=1e-3, atol=1e-3)


def test_the_shares_of_all_ranks_are_the_batch():
    batch = begun(TOWER, PLAIN).batches.batch(0, 0)
    shares = [Distributed(rank, 3).local_batch(batch) for rank in range(3)]
    assert sum(share.weight for share in shares) == pytest.approx(1)
    assert [len(share.batch.inputs) for share in shares] == [4, 4, 3]
    for share in shares:
        n, mine = len(share.batch.inputs), share.batch
        assert sorted(share.columns.tolist()) == list(range(len(batch.candidates)))
        own = mine.track_rows[mine.candidates]  # the vectors that this rank makes, its positives first
        assert own.tolist() == batch.candidate_rows[share.columns[: len(own)]].tolist()
        assert mine.excluded.shape == (n, len(batch.candidates)) and mine.excluded[range(n), range(n)].all()
        assert len(mine.track_rows) < len(batch.track_rows)


def test_a_rank_alone_takes_the_whole_batch():
    batch = begun(TOWER, PLAIN).batches.batch(0, 0)
    share = Distributed().local_batch(batch)
    assert share.batch is batch and share.weight == 1 and Distributed().broadcast_from_first(lambda: 3) == 3
