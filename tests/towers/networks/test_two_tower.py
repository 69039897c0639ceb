"""The two towers: what each input does, and that what is new is nothing unusual."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from earshot.towers.config import TowerConfig
from earshot.towers.networks.two_tower import TrackDropout, TwoTower
from earshot.towers.query_inputs import QueryInputs
from tower_world import catalog

RNG = np.random.default_rng(5)
SOUND = RNG.standard_normal((6, 5)).astype(np.float32)
SOUND[4:] = 0  # tracks 4 and 5 have no sound


def towers(config=None, *, seen=(1, 1, 1, 0, 1, 1), artists=(0, 0, 1, 1, -1, -1), sound=SOUND):
    config = config or TowerConfig(dim=8, hidden=12, history=3, use_user=1)
    return TwoTower(config, catalog(6, artists=artists, audio=sound), np.array(seen, dtype=bool), np.ones(4, bool))


def items(model, rows, *withheld):
    rows = np.asarray(rows)
    masks = {name: np.full(len(rows), name not in withheld) for name in ("vectors", "audio", "names")}
    return model.items(model.features(model.blocks(rows, np.array([-1])), rows, TrackDropout(**masks))).detach()


def queries(model, users=(0,), history=((0, 1, -1),), seeds=(0,), days=(0.0,)):
    rows = np.arange(6)
    inputs = QueryInputs(np.array(users), np.array(history), np.array(seeds), np.array(days, dtype=np.float32))
    blocks = model.blocks(rows, inputs.user_rows)
    return model.queries(model.features(blocks, rows), blocks, inputs).detach()


def test_vectors_are_of_unit_length_whoever_asks():
    model = towers()
    torch.testing.assert_close(items(model, range(6)).norm(dim=1), torch.ones(6))
    torch.testing.assert_close(
        queries(model, history=((-1, -1, -1),), seeds=(-1,), users=(-1,)).norm(), torch.tensor(1.0)
    )


def test_a_vector_does_not_depend_on_the_rest_of_its_batch():
    model = towers()
    torch.testing.assert_close(items(model, [5, 2])[1], items(model, range(6))[2])


def test_own_vectors_begin_at_zero_unless_they_are_all_there_is():
    own = towers().tables["tracks"].weight
    assert not own[:4].any() and own[4].any() and own[5].any()
    deaf = towers(TowerConfig(dim=8, use_audio=0), artists=(0, -1, -1, -1, -1, -1))  # there are sounds, and it has none
    assert not deaf.tables["tracks"].weight[0].any() and deaf.tables["tracks"].weight[1:].any(dim=1).all()
    torch.testing.assert_close(items(deaf, [1, 2, 4]).norm(dim=1), torch.ones(3))


def test_an_unseen_track_never_uses_its_own_vector():
    model = towers()
    before = items(model, [2, 3])
    model.tables["tracks"].weight[:4] = 3.0
    after = items(model, [2, 3])
    assert not torch.allclose(after[0], before[0])
    torch.testing.assert_close(after[1], before[1])  # training never played it: still only sound and artist


def test_a_withheld_vector_is_as_if_the_track_were_unseen():
    model = towers()
    model.tables["tracks"].weight[:] = 0.7
    new = towers(seen=(0, 0, 0, 0, 0, 0))
    new.load_state_dict({name: value for name, value in model.state_dict().items() if name != "is_seen"}, strict=False)
    torch.testing.assert_close(items(model, range(4), "vectors"), items(new, range(4)))
    # Of track 5 nothing else is known, so its own vector is never withheld.
    torch.testing.assert_close(items(model, [5], "vectors"), items(model, [5]))


def test_of_a_withheld_artist_only_the_sound_is_left():
    model = towers()
    model.tables["tracks"].weight[:] = 0.7
    unknown = towers(artists=(-1,) * 6, seen=(0,) * 6)
    weights = {name: value for name, value in model.state_dict().items() if "artists" not in name and name != "is_seen"}
    unknown.load_state_dict(weights, strict=False)
    torch.testing.assert_close(items(model, range(3), "vectors", "names"), items(unknown, range(3)))
    # Tracks 4 and 5 have no sound: the artist may be all there is.
    known = towers(artists=(0, 0, 1, 1, 0, -1))
    torch.testing.assert_close(items(known, [4], "names"), items(known, [4]))


def test_an_artist_whom_nobody_played_is_no_noise():
    met, unmet = towers(seen=(1, 1, 1, 0, 1, 1)).tables["artists"].weight
    assert met.any() and unmet.any()  # track 2 is of artist 1, and was played
    met, unmet = towers(seen=(1, 1, 0, 0, 1, 1)).tables["artists"].weight
    assert met.any() and not unmet.any()


def test_what_all_sounds_have_in_common_says_nothing():
    far = towers(sound=np.where(SOUND.any(axis=1)[:, None], 0.01 * SOUND + 7, 0))
    torch.testing.assert_close(items(far, range(6)), items(towers(), range(6)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dim", [3, 5, 7])
def test_unlearned_vectors_are_as_near_as_the_sounds(rng, dim):
    """A new track is its sound; where the towers are narrower, as much of that as fits."""
    sound = rng.normal(size=(40, 5)).astype(np.float32) * [9, 5, 3, 0.1, 0.1]
    model = TwoTower(
        TowerConfig(dim=dim, hidden=0), catalog(40, audio=sound), np.zeros(40, dtype=bool), np.ones(1, dtype=bool)
    )
    found = items(model, range(40))
    expected = F.normalize(torch.from_numpy((sound - sound.mean(axis=0)).astype(np.float32)), dim=1)
    torch.testing.assert_close(found @ found.T, expected @ expected.T, atol=0.01 if dim == 3 else 1e-5, rtol=0)


def test_withheld_sound_is_as_if_there_were_none():
    model, deaf = towers(), towers(sound=np.where(np.arange(6)[:, None] == 5, 1, 0) * np.ones((6, 5)))
    own = {"audio_middle", "audio_spread"}
    deaf.load_state_dict({name: value for name, value in model.state_dict().items() if name not in own}, strict=False)
    torch.testing.assert_close(items(model, [0, 1], "audio"), items(deaf, [0, 1]))


def test_features_add_up_by_hand():
    model = towers(TowerConfig(dim=2, hidden=0, history=1))
    with torch.no_grad():
        model.audio.weight.copy_(torch.eye(2, 5))
        model.audio_middle.fill_(1)
        model.audio_spread.fill_(0.5)
        model.tables["artists"].weight.copy_(torch.tensor([[10.0, 0.0], [20.0, 0.0]]))
        model.tables["tracks"].weight.copy_(torch.full((6, 2), 100.0))
        model.length.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        model.no_audio.copy_(torch.tensor([0.25, 0.5]))
    rows = np.array([1, 3, 4])
    found = model.features(model.blocks(rows, np.array([-1])), rows).detach()
    minutes = np.log(3.0)  # 180 s, and known
    expected = [
        [2 * SOUND[1, 0] - 2 + 10 + 100 + minutes, 2 * SOUND[1, 1] - 2 + 100 + 1],
        [2 * SOUND[3, 0] - 2 + 20 + minutes, 2 * SOUND[3, 1] - 2 + 1],  # not seen: no vector of its own
        [0.25 + 100 + minutes, 0.5 + 100 + 1],  # no sound, no artist
    ]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("encoder", ["mean", "attention", "transformer"])
def test_a_query_by_hand(encoder):
    """At the start attention is even, W is the identity for the history and half of it for the seed."""
    model = towers(TowerConfig(dim=4, hidden=3, history=3, encoder=encoder, use_user=1))
    rows = np.arange(6)
    x = model.features(model.blocks(rows, np.array([0])), rows).detach()
    user = model.tables["users"].weight[2]
    expected = F.normalize((x[0] + x[3]) / 2 + x[1] / 2 + user, dim=0)
    found = queries(model, users=(2,), history=((0, -1, 3),), seeds=(1,))[0]
    torch.testing.assert_close(found, expected)
    new_user = F.normalize((x[0] + x[3]) / 2 + x[1] / 2 + model.no_user.detach(), dim=0)
    torch.testing.assert_close(queries(model, users=(-1,), history=((0, -1, 3),), seeds=(1,))[0], new_user)


def test_attention_weighs_by_track_and_by_recency():
    model = towers(TowerConfig(dim=4, hidden=0, history=2, encoder="attention", use_seed=0, use_user=0))
    rows = np.arange(6)
    x = model.features(model.blocks(rows, np.array([-1])), rows).detach()
    with torch.no_grad():
        model.recency.copy_(torch.tensor([np.log(3.0), 0.0]))  # the latest counts three times
    found = queries(model, users=(-1,), history=((0, 1),), seeds=(-1,))[0]
    torch.testing.assert_close(found, F.normalize(0.75 * x[0] + 0.25 * x[1], dim=0))
    with torch.no_grad():
        model.recency.zero_()
        model.attention.copy_(200 * (x[1] - x[0]))  # one track is all that matters
    found = queries(model, users=(-1,), history=((0, 1, 0),), seeds=(-1,))[0]  # longer than it was trained with
    torch.testing.assert_close(found, F.normalize(x[1], dim=0), atol=1e-3, rtol=0)


@pytest.mark.parametrize("encoder", ["mean", "attention", "transformer"])
def test_who_has_no_history_is_the_same_in_any_company(encoder):
    model = towers(TowerConfig(dim=4, hidden=3, history=3, encoder=encoder))
    with torch.no_grad():
        model.pooled.weight.copy_(2 * torch.eye(4) + 0.5)
    alone = QueryInputs(np.array([-1]), np.full((1, 3), -1), np.array([-1]), np.zeros(1, np.float32))
    nothing = np.empty(0, dtype=int)
    blocks = model.blocks(nothing, alone.user_rows)
    found = model.queries(model.features(blocks, nothing), blocks, alone).detach()
    others = queries(model, users=(-1, 0), history=((-1, -1, -1), (0, 1, 5)), seeds=(-1, 2), days=(0.0, 3.0))
    torch.testing.assert_close(found[0], others[0])


def test_the_age_of_now_adds_nothing_and_any_other_does():
    model = towers()
    before = queries(model)
    with torch.no_grad():
        model.age.weight.fill_(1.0)
    torch.testing.assert_close(queries(model, days=(0.0,)), before)
    assert not torch.allclose(queries(model, days=(30.0,)), before)


@pytest.mark.parametrize("encoder", ["attention", "transformer"])
def test_gradients_reach_every_part(encoder):
    model = towers(TowerConfig(dim=4, hidden=3, history=3, encoder=encoder, use_user=1, dropout=0.0))
    rows = np.arange(6)
    inputs = QueryInputs(
        np.array([1, -1]), np.array([[0, 1, 5], [-1, -1, -1]]), np.array([2, -1]), np.ones(2, np.float32)
    )
    with torch.no_grad():  # the last layers begin at zero, and would stop it
        model.item_mlp[-1].weight.fill_(0.1)
        model.query_mlp[-1].weight.fill_(0.1)
        if encoder == "attention":
            model.recency.copy_(torch.tensor([0.3, 0.1, 0.0]))
        else:
            model.transformer.out.weight.fill_(0.1).add_(torch.eye(4))
    blocks = model.blocks(rows, inputs.user_rows)
    features = model.features(blocks, rows)
    target = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    ((model.items(features) * target).sum() + model.queries(features, blocks, inputs)[:, 0].sum()).backward()
    silent = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert silent == []
    assert all(blocks[name].values.grad.any() for name in ("tracks", "artists", "users"))


def test_towers_can_do_without():
    config = TowerConfig(dim=4, hidden=0, history=0, use_seed=0, use_audio=0, use_user=1)
    model = towers(config)
    assert not model.uses_audio and "users" in model.tables
    user = model.tables["users"].weight[1]
    torch.testing.assert_close(queries(model, users=(1,), history=((),))[0], F.normalize(user, dim=0))
