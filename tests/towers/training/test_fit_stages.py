"""Stages of a fit: their events, the results of the first that the second uses, and refits that are refused."""

from dataclasses import replace

import pytest

from earshot.data.events.splits import split_listens
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.training.fit_stages import TowerFit
from tower_world import catalog, checkerboard, listening

N = 12
TOWER = TowerConfig(dim=8, hidden=8, history=4)
QUICK = TowerTrainingConfig(batch_size=16, negatives=6, epochs=3, table_rate=0.2, patience=9)


def fit_and_parts(config=QUICK, protocol="random", listens=None, **settings):
    listens = checkerboard(N) if listens is None else listens
    parts = None if protocol is None else split_listens(listens, protocol, share=0.2)
    return TowerFit(TOWER, config, catalog(listens.n_tracks), listens, parts, **settings), parts


def run_stages(fit, folder, key="key"):
    """Run every stage to its end: the number of its events and of its epochs."""
    counts = []
    for stage in fit.stages(folder, key):
        stage.resume()
        list(stage.training.reports())
        counts.append((len(stage.training.batches.targets), stage.training.epoch))
    return counts


def test_one_stage_without_validation(tmp_path):
    fit, _ = fit_and_parts(protocol=None)
    assert run_stages(fit, tmp_path) == [(60, 3)]  # 12 users, 5 tracks each
    assert fit.validation is None and fit.popularity_weight is None
    assert repr(fit) == "<TowerFit in 1 stages, <Batches 4 steps of 16, 60 targets>>"


def test_the_second_stage_has_the_best_epochs_of_the_first(tmp_path):
    fit, parts = fit_and_parts(refit=True)
    values = iter([0.1, 0.5, 0.4])
    fit._training.validator = lambda towers: next(values)
    assert run_stages(fit, tmp_path) == [(len(parts.train), 3), (len(parts.before_test()), 2)]
    assert fit.validation == 0.5 and len(parts.before_test()) > len(parts.train)
    assert fit.towers.is_seen.sum() == N


def test_the_first_stage_is_saved_while_the_second_runs(tmp_path):
    fit, _ = fit_and_parts(refit=True)
    stages = fit.stages(tmp_path, "key")
    list(next(stages).training.reports())
    next(stages)  # and now the power fails
    again, _ = fit_and_parts(refit=True)
    for key, is_resumed in (("another key", False), ("key", True)):
        stage = next(again.stages(tmp_path, key))
        assert stage.resume() == is_resumed
    assert stage.training.epoch == 3 and not list(stage.training.reports())


def test_the_popularity_weight_is_the_best_of_the_best_towers(tmp_path):
    shared = replace(QUICK, popularity_share=0.5, temperature=0.2)
    fit, _ = fit_and_parts(shared)
    run_stages(fit, tmp_path)
    assert fit.popularity_weight in shared.popularity_weights()
    fit.validator(fit.towers)
    assert fit.popularity_weight == fit.validator.popularity_weight
    unvalidated, _ = fit_and_parts(shared, protocol=None)
    run_stages(unvalidated, tmp_path, "unvalidated")
    assert unvalidated.popularity_weight == pytest.approx(0.1)  # half of the temperature, as the loss has it


def test_nothing_to_refit_by():
    # All that is played in the middle was played before: there is nothing new to ask about.
    events = [(user, track, 1 + at) for user in range(3) for at, track in enumerate([0, 1, 2, 3, 0, 1, 2, 3, 0, 4])]
    again = listening(events, 3, 5)
    with pytest.raises(ValueError, match="validation has no queries"):
        fit_and_parts(protocol="per-user", listens=again, refit=True)
    assert fit_and_parts(protocol="per-user", listens=again)[0].validator is None
    assert fit_and_parts(protocol="per-user", listens=again, repeats=True, refit=True)[0].validator is not None
    with pytest.raises(ValueError, match="learns from the validation part too, which loopback keeps unknown"):
        timed = listening([(user, (7 * user + at) % N, 1 + at) for user in range(9) for at in range(10)], 9, N)
        fit_and_parts(protocol="loopback", listens=timed, refit=True)
