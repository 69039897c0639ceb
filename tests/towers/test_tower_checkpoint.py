"""Towers in a file: the same when they come back, also for a library that has grown, and never run as code."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.data.files.training_state import write_training
from earshot.data.ids import IdMap
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import make_towers, towers_for
from earshot.towers.retrieval.best_tracks import recommend
from earshot.towers.retrieval.query_vectors import item_vectors, query_vectors
from earshot.towers.tower_checkpoint import (
    CheckpointError,
    SavedTowers,
    read_towers,
    remap_towers,
    save_towers,
    tower_training_key,
)
from earshot.towers.training.training_loop import TowerTraining
from tower_world import catalog, checkerboard, inputs_of_new_users, listening
from training_states import read_training

SOUND = np.random.default_rng(3).standard_normal((6, 4))
CONFIG = TowerConfig(dim=4, hidden=6, history=3, use_user=True)


def saved(config=CONFIG, *, audio=SOUND, track_ids=(10, 11, 12, 13, 14, 15), artists=(0, 0, 1, 1, -1, -1)):
    tracks = catalog(6, artists=artists, audio=audio)
    towers = make_towers(config, tracks, np.array([1, 1, 1, 0, 1, 1], bool), np.array([True, False]))
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for weight in [*towers.parameters(), *(table.weight for table in towers.tables.values())]:
            weight += 0.1 * torch.randn(weight.shape, generator=generator)
    return SavedTowers(towers, IdMap(track_ids), IdMap([7, 8]), IdMap([100, 101]), IdMap([]))


def as_saved(path):
    """The towers of a checkpoint for the tracks and users that `saved` has."""
    file = read_towers(path)
    maps = {name: getattr(file, name) for name in ("tracks", "users", "artists", "albums")}
    return remap_towers(file, catalog(6, artists=(0, 0, 1, 1, -1, -1), audio=SOUND), **maps)


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
def test_they_come_back_the_same(tmp_path, model):
    before = saved(replace(CONFIG, model=model))
    save_towers(before, tmp_path / "towers.pt")
    after = as_saved(tmp_path / "towers.pt")
    assert read_towers(tmp_path / "towers.pt").config == before.towers.config
    torch.testing.assert_close(item_vectors(after.towers), item_vectors(before.towers), rtol=0, atol=0)
    assert after.tracks.ids([0, 5]).tolist() == [10, 15] and after.artists.ids([1]).tolist() == [101]
    events = listening([(0, 1, 5), (0, 4, 6), (1, 2, 7)], 2, 6)
    (one,), (other,) = (list(recommend(kept.towers, events, np.array([0, 1]), 6)) for kept in (before, after))
    np.testing.assert_array_equal(one[0], other[0])
    assert [path.name for path in tmp_path.iterdir()] == ["towers.pt"]  # no half-written file is left


def test_a_library_that_has_grown_keeps_what_was_learned(tmp_path):
    """Tracks 12 and 10 have other rows now, 11 is gone, 20 is new and sounds like 12 did."""
    old = saved()
    save_towers(old, tmp_path / "towers.pt")
    ids, rows = [20, 12, 10], [2, 2, 0]
    now = catalog(3, artists=[2, 2, 1], audio=SOUND[rows])
    maps = {"tracks": IdMap(ids), "users": IdMap([8, 9, 7]), "artists": IdMap([99, 100, 101]), "albums": IdMap([])}
    new = remap_towers(read_towers(tmp_path / "towers.pt"), now, **maps)
    before, after = item_vectors(old.towers), item_vectors(new.towers)
    torch.testing.assert_close(after[1:], before[[2, 0]])
    own = old.towers.tables["tracks"].weight[2].clone()
    old.towers.tables["tracks"].weight[2] = 0  # a new track of 12's sound and artist is 12 without its own vector
    torch.testing.assert_close(after[0], item_vectors(old.towers)[2])
    assert own.any() and new.towers.is_seen.tolist() == [False, True, True]
    assert new.towers.is_known_user.tolist() == [False, False, True]  # 8 was never learned from, 9 is new


def test_towers_that_hear_need_the_same_ear(tmp_path):
    save_towers(saved(), tmp_path / "towers.pt")
    kept = read_towers(tmp_path / "towers.pt")
    maps = {"tracks": IdMap(range(6)), "users": IdMap([7, 8]), "artists": IdMap([100]), "albums": IdMap([])}
    for audio in (SOUND[:, :3], None):
        with pytest.raises(CheckpointError, match="these towers hear tracks"):
            remap_towers(kept, catalog(6, artists=[0] * 6, audio=audio), **maps)


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
def test_towers_that_never_heard_a_track_go_on_without(tmp_path, model):
    """They were trained on listens alone; by now the library has audio vectors."""
    old = saved(replace(CONFIG, model=model), audio=None)
    save_towers(old, tmp_path / "towers.pt")
    kept = read_towers(tmp_path / "towers.pt")
    now = catalog(6, artists=[0, 0, 1, 1, -1, -1], audio=SOUND)
    maps = {name: getattr(old, name) for name in ("tracks", "users", "artists", "albums")}
    new = remap_towers(kept, now, **maps)
    assert not kept.uses_audio
    torch.testing.assert_close(item_vectors(new.towers), item_vectors(old.towers), rtol=0, atol=0)


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
def test_towers_for_two_tracks_give_them_the_vectors_that_all_give(tmp_path, model):
    """Recommending to one user reads a few rows, not the whole table."""
    old = saved(replace(CONFIG, model=model))
    save_towers(old, tmp_path / "towers.pt")
    few = catalog(2, artists=[0, 1], audio=SOUND[[3, 1]])
    maps = {"tracks": IdMap([13, 11]), "users": IdMap([7]), "artists": IdMap([101, 100]), "albums": IdMap([])}
    new = remap_towers(read_towers(tmp_path / "towers.pt"), few, **maps)
    torch.testing.assert_close(item_vectors(new.towers), item_vectors(old.towers)[[3, 1]])
    inputs, rows = inputs_of_new_users([[0, 1]], 3, n_tracks=2), inputs_of_new_users([[3, 1]], 3, n_tracks=6)
    one, other = (query_vectors(kept.towers, *of) for kept, of in ((new, inputs), (old, rows)))
    torch.testing.assert_close(one, other)


def test_what_is_no_checkpoint_is_told(tmp_path):
    (tmp_path / "text.pt").write_text("no towers")
    with pytest.raises(CheckpointError, match="is damaged, or no checkpoint"):
        read_towers(tmp_path / "text.pt")
    torch.save({"format": "earshot-towers-9"}, tmp_path / "newer.pt")
    with pytest.raises(
        CheckpointError, match="is of the format 'earshot-towers-9'; this version reads 'earshot-towers-1'"
    ):
        read_towers(tmp_path / "newer.pt")
    torch.save([1], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match="is of the format 'list'"):
        read_towers(tmp_path / "list.pt")


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("the checkpoint ran code",))


def test_a_file_never_runs_code(tmp_path):
    with (tmp_path / "evil.pt").open("wb") as file:
        pickle.dump(Evil(), file, protocol=2)
    with pytest.raises(CheckpointError):
        read_towers(tmp_path / "evil.pt")
    torch.save({"format": "earshot-towers-1", "config": Evil()}, tmp_path / "evil2.pt")
    with pytest.raises(CheckpointError, match="is damaged, or no checkpoint"):
        read_towers(tmp_path / "evil2.pt")


def test_a_state_is_for_one_training_only(tmp_path):
    events = checkerboard(6)
    quick = TowerTrainingConfig(batch_size=8, negatives=2, epochs=2, frequency="streaming")
    bare = catalog(6)
    training = TowerTraining(towers_for(CONFIG, bare, events), events, quick)
    next(training.reports())
    key = tower_training_key({"dim": 4}, events, bare)
    write_training(tmp_path / "state", key, training.state())
    state = read_training(tmp_path / "state", key)
    again = TowerTraining(towers_for(CONFIG, bare, events), events, quick)
    again.restore(state)
    assert [report.loss for report in again.reports()] == [report.loss for report in training.reports()]
    others = [
        tower_training_key({"dim": 5}, events, bare),
        tower_training_key({"dim": 4}, checkerboard(8), bare),
        tower_training_key({"dim": 4}, replace(events, kinds=np.ones(len(events), np.uint8)), bare),
        tower_training_key({"dim": 4}, events, catalog(7)),  # a track more, without plays
        tower_training_key({"dim": 4}, events, catalog(6, artists=[0] * 6)),
        tower_training_key({"dim": 4}, events, catalog(6, audio=SOUND)),
    ]
    assert len({key, *others}) == 7
    assert [read_training(tmp_path / "state", other) for other in others] == [None] * 6


def test_the_key_is_that_of_version_0_1():
    """A training that was interrupted before an upgrade goes on after it."""
    key = tower_training_key({"dim": 4}, checkerboard(6), catalog(6))
    assert key == "7f19d0fc6577031e0f180d11712b952e68b7fe135c139532f041a658352ec07c"


def changed(path, change):
    """A checkpoint whose content is another."""
    kept = torch.load(path, weights_only=True)
    change(kept)
    torch.save(kept, path)


def test_a_switch_is_0_or_1_in_the_file(tmp_path):
    """The spelling of every release: an older one reads these towers, and this one reads those of an older."""
    path = tmp_path / "towers.pt"
    save_towers(saved(), path)
    config = torch.load(path, weights_only=True)["config"]
    assert {name: config[name] for name in ("use_user", "use_audio", "use_events")} == {
        "use_user": 1,
        "use_audio": 1,
        "use_events": 0,
    }
    assert not [name for name, value in config.items() if isinstance(value, bool)]
    changed(path, lambda kept: kept["config"].update(use_seed=0))
    assert read_towers(path).config == replace(CONFIG, use_seed=False)


FOREIGN = {
    "a dimension of a thousand millions": (lambda k: k["config"].update(dim=10**9), "dim is 1000000000; it lies"),
    "a word for a number": (lambda k: k["config"].update(hidden="6"), "hidden is '6'; it is a whole number"),
    "no number": (lambda k: k["config"].update(dropout=float("nan")), "dropout is nan; it is a number"),
    "a number for a word": (lambda k: k["config"].update(model=7), "model is 7; it is one of"),
    "a history without end": (lambda k: k["config"].update(history=10**9), "history is 1000000000; it lies"),
    "layers for ever": (lambda k: k["config"].update(layers=10**6), "layers is 1000000; it lies"),
    "too much together": (lambda k: k["config"].update(dim=4_096, hidden=65_536), "together these are more than"),
    "another model": (lambda k: k["config"].update(model="three-tower"), "model is 'three-tower'; it is one of"),
    "settings that are a list": (lambda k: k.update(config=[1]), "holds no towers that this version understands"),
    "no facts": (lambda k: k.pop("facts"), "holds no towers that this version understands: 'facts'"),
    "ids twice": (lambda k: k["facts"].update(tracks_ids=torch.ones(6, dtype=torch.int64)), "id 1 stands for more"),
    "ids that are none": (lambda k: k["facts"].update(users_ids=torch.ones(2)), "users_ids are no ids"),
    "more ids than vectors": (
        lambda k: k["facts"].update(tracks_ids=torch.arange(7)),
        r"tables.tracks.weight has the shape \(6, 4\) for 7 ids",
    ),
    "one number for ever": (
        lambda k: k["weights"].update(is_seen=torch.zeros(1, dtype=torch.bool).expand(2**40)),
        "is_seen is no tensor that was saved",
    ),
    "a list for a tensor": (lambda k: k["weights"].update(length=[1.0]), "length is no tensor that was saved"),
}


@pytest.mark.parametrize(("change", "reason"), FOREIGN.values(), ids=FOREIGN)
def test_foreign_checkpoints(tmp_path, change, reason):
    path = tmp_path / "towers.pt"
    save_towers(saved(), path)
    changed(path, change)
    with pytest.raises(CheckpointError, match=reason):
        read_towers(path)


OTHERS = {
    "a weight more": (lambda w: w.update(more=torch.zeros(3)), ""),
    "a weight that is called as if it were audio": (lambda w: w.update(audio_more=torch.zeros(3)), ""),
    "no vectors of tracks": (lambda w: w.pop("tables.tracks.weight"), ", in tables.tracks.weight"),
    "no vectors of users": (lambda w: w.pop("tables.users.weight"), ", in tables.users.weight"),
    "small numbers": (
        lambda w: w.update({"tables.tracks.weight": w["tables.tracks.weight"].to(torch.int8)}),
        ", in tables.tracks.weight",
    ),
    "numbers for yes and no": (lambda w: w.update(is_seen=w["is_seen"].float()), ", in is_seen"),
    "numbers of users for yes and no": (
        lambda w: w.update(is_known_user=w["is_known_user"].long()),
        ", in is_known_user",
    ),
}


def fit(path):
    maps = {"tracks": IdMap([10, 11]), "users": IdMap([7]), "artists": IdMap([]), "albums": IdMap([])}
    return remap_towers(read_towers(path), catalog(2, audio=SOUND[:2]), **maps)


@pytest.mark.parametrize(("change", "place"), OTHERS.values(), ids=OTHERS)
def test_other_weights_than_towers_have(tmp_path, change, place):
    path = tmp_path / "towers.pt"
    save_towers(saved(), path)
    changed(path, lambda kept: change(kept["weights"]))
    with pytest.raises(CheckpointError, match=f"^these towers hold other weights than their settings promise{place}$"):
        fit(path)


@pytest.mark.parametrize("part", ["weights", "facts"])
def test_a_name_that_is_none(tmp_path, part):
    path = tmp_path / "towers.pt"
    save_towers(saved(), path)
    changed(path, lambda kept: kept[part].update({7: torch.zeros(3)}))
    with pytest.raises(CheckpointError, match="7 is no tensor that was saved"):
        read_towers(path)


def test_parameters_in_the_place_of_tensors(tmp_path):
    """They hold the same numbers, and are taken for them."""
    path = tmp_path / "towers.pt"
    save_towers(saved(), path)
    before = item_vectors(fit(path).towers)

    def parametrize(kept):
        for part in (kept["weights"], kept["facts"]):
            for name, value in part.items():
                part[name] = torch.nn.Parameter(value, requires_grad=value.is_floating_point())

    changed(path, parametrize)
    torch.testing.assert_close(item_vectors(fit(path).towers), before, rtol=0, atol=0)


def test_facts_that_are_negated_by_a_bit(tmp_path):
    path = tmp_path / "towers.pt"
    save_towers(saved(), path)
    lazy = torch._neg_view(-torch.load(path, weights_only=True)["facts"]["tracks_ids"])
    changed(path, lambda kept: kept["facts"].update(tracks_ids=lazy))
    assert read_towers(path).tracks.ids([0, 5]).tolist() == [10, 15]


@pytest.mark.parametrize("name", ["tables.tracks.weight", "item_mlp.0.weight"])
@pytest.mark.parametrize("load", ["all", "few"])
def test_weights_that_are_no_numbers_or_of_another_shape(tmp_path, name, load):
    path = tmp_path / "towers.pt"

    def loaded():
        return as_saved(path) if load == "all" else fit(path)

    save_towers(saved(), path)
    changed(path, lambda kept: kept["weights"][name][0].fill_(torch.nan))
    with pytest.raises(CheckpointError, match=f"hold weights that are no numbers, in {name}"):
        loaded()
    save_towers(saved(), path)
    changed(path, lambda kept: kept["weights"].update({name: kept["weights"][name][:, :2].clone()}))
    with pytest.raises(CheckpointError, match="hold other weights than their settings promise"):
        loaded()
