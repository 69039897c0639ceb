"""One process of several in the tests of `towers.training.distributed`.

python rank_worker.py RANK N_RANKS FOLDER
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import towers_for
from earshot.towers.training.distributed import Distributed
from earshot.towers.training.training_loop import TowerTraining
from tower_world import catalog, listening

TOWER = TowerConfig(dim=8, hidden=6, history=4, use_user=1, use_events=1)
PLAIN = TowerTrainingConfig(batch_size=11, negatives=5, half=0, learn_temperature=1)
CASES = {  # everything that shares a step out in another way
    "attention": (TOWER, PLAIN),
    "transformer": (replace(TOWER, encoder="transformer", dropout=0.0), PLAIN),
    "both directions": (TOWER, replace(PLAIN, directions=2)),
    "refined": (TOWER, replace(PLAIN, correction="refined")),
    "negatives only": (TOWER, replace(PLAIN, correction="negatives", directions=2)),
    "no negatives but the batch's": (TOWER, replace(PLAIN, negatives=0)),
    "bpr": (TOWER, replace(PLAIN, loss="bpr", negatives=3)),
    "dot": (replace(TOWER, model="dot"), replace(PLAIN, temperature=1.0)),
    "neumf": (replace(TOWER, model="neumf"), replace(PLAIN, temperature=1.0, loss="bpr")),
    "neumf softmax": (replace(TOWER, model="neumf"), replace(PLAIN, temperature=1.0, directions=2)),
    "hard": (TOWER, replace(PLAIN, hard_negatives=5, hard_from_epoch=0, hard_first=0, hard_last=9)),
}
MINED = {"hard_negatives": 3, "hard_from_epoch": 1, "hard_first": 0, "hard_last": 9}
# 61 events in steps of 12: the last has a single one, and nothing is left for the second rank.
LONG = replace(PLAIN, batch_size=12, epochs=3, frequency="streaming", **MINED)


def world():
    rng = np.random.default_rng(0)
    events = [
        (user, int(rng.integers(20)), 3_600 * at, float(rng.choice([0.3, 0.8, 1.0])))
        for user in range(6)
        for at in range(1, 11)
    ]
    events.append((0, 3, 90_000, 0.7))
    audio = rng.standard_normal((20, 5))
    audio[15:] = 0
    return listening(events, 6, 20), catalog(20, artists=rng.integers(-1, 4, size=20), audio=audio)


def begun(tower, config, distributed=None, validator=None):
    events, tracks = world()
    towers = towers_for(tower, tracks, events)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # what begins at zero would hide what it multiplies
        for weight in [*towers.parameters(), *(table.weight for table in towers.tables.values())]:
            weight.add_(0.2 * torch.randn(weight.shape, generator=generator))
            weight.add_(0 if distributed is None else distributed.rank)  # who begins elsewhere is put right
    return TowerTraining(towers, events, config, validator, distributed=distributed or Distributed())


def gradients(tower, config, distributed=None):
    """The loss of one step, and the gradients of everything after they were added up over the ranks."""
    training = begun(tower, config, distributed)
    training._mine()
    training.towers.train()
    loss, blocks = training.loss_of(training.batches.batch(0, 1))
    loss.backward()
    named = dict(training.towers.named_parameters()) | {"temperature": training.temperature.log}
    named |= {f"table {name}": block.values for name, block in blocks.items()}
    training.distributed.all_reduce_gradients(named.values())
    found = {name: weight.grad for name, weight in named.items() if weight.grad is not None}
    return found | {"loss": training.distributed.all_reduce(loss.detach())}


def validator(towers):
    """Only rank 0 validates; another value elsewhere must not matter."""
    return float(towers.tables["tracks"].weight[3, 0]) + (dist.get_rank() if dist.is_initialized() else 0)


def trained(distributed=None, stop=None, state=None):
    """Losses, validations and weights of a whole training, or of one that goes on from a state."""
    training = begun(TOWER, LONG, distributed, validator)
    if state is not None:
        training.restore(state)
    reports = []
    for report in training.reports():
        reports.append((report.loss, report.validation))
        if len(reports) == stop:
            return {"reports": reports, "state": training.state()}
    return {"reports": reports, "weights": training.towers.state_dict()}


def main():
    rank, n_ranks, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=n_ranks)
    distributed = Distributed(rank, n_ranks)
    found = {name: gradients(*case, distributed) for name, case in CASES.items()}
    state = torch.load(folder / "state.pt", weights_only=True)
    outcome = {"gradients": found, "whole": trained(distributed), "gone on": trained(distributed, state=state)}
    torch.save(outcome, folder / f"rank-{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
