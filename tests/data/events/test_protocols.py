"""Protocols name ways to split that exist, and say what a reader has to know."""

import subprocess
import sys

import numpy as np
import pytest

from earshot.data.events.interactions import Interactions
from earshot.data.events.protocols import PROTOCOLS
from earshot.data.events.splits import split_listens


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_splits(name):
    n_days = 100  # one event a day of each of 20 users
    users, days = np.repeat(np.arange(20, dtype=np.int32), n_days), np.tile(np.arange(n_days), 20)
    tracks = (days % 50).astype(np.int32)
    splits = np.tile(np.array([0] * 80 + [1] * 10 + [2] * 10, np.uint8), 20)
    weights = np.ones(len(users), np.float32)
    listens = Interactions(users, tracks, days * 86_400 + 1, weights, 20, 50, splits=splits)
    split = split_listens(listens, name)
    assert split.protocol == name and min(map(len, (split.train, split.validation, split.test))) > 0
    assert (split.held_out_users is not None) == (PROTOCOLS[name].held_out > 0)


def test_protocols_of_others_explain_their_metric_values():
    assert {name for name, protocol in PROTOCOLS.items() if protocol.note} == {"loopback", "yambda", "next-track"}


def test_the_command_line_reads_the_names_without_numpy():
    code = "import sys, earshot.data.events.protocols; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
