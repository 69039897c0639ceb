"""The lessons of towers: what each learns from, what the first finds out for the second, and what cannot be."""

from dataclasses import replace

import pytest

from earshot.data.events.splits import split_listens
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.training.fit import TowerFit
from tower_world import catalog, checkerboard, listening

N = 12
TOWER = TowerConfig(dim=8, hidden=8, history=4)
QUICK = TowerTrainingConfig(batch_size=16, negatives=6, epochs=3, table_rate=0.2, patience=9)


def schooling(config=QUICK, protocol="random", listens=None, **settings):
    listens = checkerboard(N) if listens is None else listens
    parts = None if protocol is None else split_listens(listens, protocol, share=0.2)
    return TowerFit(TOWER, config, catalog(listens.n_tracks), listens, parts, **settings), parts


def given(school, folder, key="key"):
    """Every lesson to its end: how many events and epochs it had."""
    told = []
    for lesson in school.lessons(folder, key):
        lesson.went_on()
        list(lesson.training.reports())
        told.append((len(lesson.training.batches.targets), lesson.training.epoch))
    return told


def test_one_lesson_unjudged(tmp_path):
    school, _ = schooling(protocol=None)
    assert given(school, tmp_path) == [(60, 3)]  # 12 listeners, 5 tracks each
    assert school.validation is None and school.popularity_weight is None
    assert repr(school) == "<Schooling in 1 lessons, <Batches 4 steps of 16, 60 targets>>"


def test_the_second_lesson_is_as_long_as_the_first_was_good(tmp_path):
    school, parts = schooling(refit=True)
    values = iter([0.1, 0.5, 0.4])
    school._training.judge = lambda towers: next(values)
    assert given(school, tmp_path) == [(len(parts.train), 3), (len(parts.known()), 2)]
    assert school.validation == 0.5 and len(parts.known()) > len(parts.train)
    assert school.towers.is_seen.sum() == N


def test_the_first_lesson_is_kept_while_the_second_is_given(tmp_path):
    school, _ = schooling(refit=True)
    lessons = school.lessons(tmp_path, "key")
    list(next(lessons).training.reports())
    next(lessons)  # and now the power fails
    again, _ = schooling(refit=True)
    for key, gone_on in (("another key", False), ("key", True)):
        lesson = next(again.lessons(tmp_path, key))
        assert lesson.went_on() == gone_on
    assert lesson.training.epoch == 3 and not list(lesson.training.reports())


def test_the_dial_is_what_suits_the_best_towers(tmp_path):
    shared = replace(QUICK, popularity_share=0.5, temperature=0.2)
    school, _ = schooling(shared)
    given(school, tmp_path)
    assert school.popularity_weight in shared.popularity_weights()
    school.judge(school.towers)
    assert school.popularity_weight == school.judge.popularity_weight
    unjudged, _ = schooling(shared, protocol=None)
    given(unjudged, tmp_path, "unjudged")
    assert unjudged.popularity_weight == pytest.approx(0.1)  # half of the temperature, as the loss has it


def test_nothing_to_refit_by():
    # All that is played in the middle was played before: there is nothing new to ask about.
    events = [(user, track, 1 + at) for user in range(3) for at, track in enumerate([0, 1, 2, 3, 0, 1, 2, 3, 0, 4])]
    again = listening(events, 3, 5)
    with pytest.raises(ValueError, match="validation asks nobody about anything"):
        schooling(protocol="per-user", listens=again, refit=True)
    assert schooling(protocol="per-user", listens=again)[0].judge is None
    assert schooling(protocol="per-user", listens=again, repeats=True, refit=True)[0].judge is not None
    with pytest.raises(ValueError, match="learns from the validation part too, which loopback keeps unknown"):
        timed = listening([(user, (7 * user + at) % N, 1 + at) for user in range(9) for at in range(10)], 9, N)
        schooling(protocol="loopback", listens=timed, refit=True)
