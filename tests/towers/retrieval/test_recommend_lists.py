"""Recommending to one person, known or not, beside recommending to many at once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.data.ids import IdMap
from earshot.data.recommend_request import Candidates, RecommendRequest
from earshot.towers.config import TowerConfig
from earshot.towers.models import towers_for
from earshot.towers.retrieval.best_tracks import recommend
from earshot.towers.retrieval.query_vectors import item_vectors, request_query_vector
from earshot.towers.retrieval.recommend_lists import (
    RecommendOptions,
    prepare,
    recommend_all,
    recommend_one,
    user_batches,
)
from earshot.towers.tower_checkpoint import SavedTowers
from tower_world import catalog, listening

EVENTS = listening([(0, 1, 1), (0, 4, 2), (0, 1, 3), (1, 2, 1), (1, 3, 9)], 3, 6)
IDS = np.array([11, 12, 13, 14, 15, 16])  # of the six tracks; the three users are 70, 71, 72
ALL = RecommendOptions(k=6, novel=False, max_per_artist=9)


def towers(**settings):
    made = towers_for(
        TowerConfig(**{"dim": 4, "hidden": 6, "history": 4, "use_user": 1, **settings}), catalog(6), EVENTS
    )
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in made.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return made


def recommender(*, order=(0, 1, 2, 3, 4, 5), n_stored=6, artists=(-1,) * 6, plays=None, **settings):
    """Towers of six tracks, and candidates in another order, the last of them without a vector."""
    made = towers(**settings)
    saved = SavedTowers(made, IdMap(IDS), IdMap([70, 71, 72]), IdMap([]), IdMap([]))
    order = np.array(order)
    candidates = Candidates(IdMap(IDS[order]), np.array(artists)[order], item_vectors(made).numpy()[order[:n_stored]])
    return prepare(saved, candidates, plays)


def request(*tracks, ordered=True, user_id=-1, seed_id=None):
    return replace(RecommendRequest.for_new_user(tracks, ordered=ordered, seed_id=seed_id), user_id=user_id)


def known(user):
    """A user with all their events of `EVENTS`."""
    own = EVENTS.user_rows == user
    return RecommendRequest(IDS[EVENTS.track_rows[own]], EVENTS.times[own], EVENTS.weights[own], user_id=70 + user)


def ids(found):
    return [track_id for track_id, _ in found]


def scores(found):
    return [score for _, score in found]


MODELS = {
    "attention": {},
    "mean": {"encoder": "mean", "hidden": 0},
    "transformer with codes of events": {"encoder": "transformer", "use_events": 1},
    "dot": {"model": "dot"},
    "neumf": {"model": "neumf"},
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("user", [0, 1])
def test_one_user_gets_the_list_of_recommend_all(model, user):
    served = recommender(**MODELS[model], order=(3, 1, 0, 5, 2, 4), n_stored=4)
    ((rows, values),) = recommend(served.saved.towers, EVENTS, np.array([user]), 6)
    found = recommend_one(served, known(user), ALL)
    np.testing.assert_allclose(scores(found), values[0], rtol=1e-5)
    expected = dict(zip(IDS[rows[0]].tolist(), values[0].tolist(), strict=True))  # tracks 11 and 16 are equally good
    assert dict(found) == pytest.approx(expected, rel=1e-5)
    of_all = recommend_all(served, EVENTS, np.array([0, 1]), ALL)
    of_one = dict(zip(*(array[user].tolist() for array in of_all), strict=True))
    assert of_one == pytest.approx(expected, rel=1e-5)


def test_played_tracks_are_excluded_by_an_option():
    novel = RecommendOptions(k=6, max_per_artist=9)
    found = recommend_one(recommender(), request(12, 15, 12, user_id=70), novel)
    assert set(ids(found)) == {11, 13, 14, 16} and np.isfinite(scores(found)).all()
    assert recommend_one(recommender(), request(*IDS, ordered=False), novel) == []  # a user who has played every track
    lists, values = recommend_all(
        recommender(order=(5, 3, 2, 0)), EVENTS, np.array([0, 1]), novel
    )  # 12 and 15 are gone
    assert [set(line[line > 0].tolist()) for line in lists] == [{11, 13, 14, 16}, {11, 16}]
    assert np.isneginf(values[lists < 0]).all()


def test_disliked_tracks_are_excluded_also_among_repeats():
    found = recommend_one(recommender(), replace(request(12, user_id=70), disliked=np.array([13, 99])), ALL)
    assert set(ids(found)) == {11, 12, 14, 15, 16}
    disliked = np.array([1, 1]), np.array([0, 4])  # tracks 11 and 15, of the second user
    lists, _ = recommend_all(recommender(order=(5, 3, 2, 0, 1, 4)), EVENTS, np.array([0, 1]), ALL, disliked)
    assert [set(IDS) - set(line.tolist()) for line in lists] == [set(), {11, 15}]
    novel = RecommendOptions(k=6, max_per_artist=9)
    lists, _ = recommend_all(recommender(order=(5, 3, 2, 0, 1, 4)), EVENTS, np.array([0, 1]), novel, disliked)
    assert not {11, 15} & set(lists[1].tolist())


def test_a_user_without_a_vector_is_a_new_user():
    unknown, new_user = (recommend_one(recommender(), request(12, user_id=user), ALL) for user in (72, -1))
    assert unknown == new_user  # user 72 played nothing in training
    assert not np.allclose(scores(recommend_one(recommender(), request(12, user_id=70), ALL)), scores(new_user))


def test_only_where_there_is_an_order_there_is_a_latest():
    served = recommender(encoder="mean")
    one, other = (recommend_one(served, request(*tracks), ALL) for tracks in ((12, 15, 13), (13, 15, 12)))
    assert not np.allclose(sorted(scores(one)), sorted(scores(other)))  # the seed is another
    liked, again = (
        recommend_one(served, request(*tracks, ordered=False), ALL) for tracks in ((12, 15, 13), (13, 15, 12))
    )
    np.testing.assert_allclose(scores(liked), scores(again), rtol=1e-5)


def test_a_user_without_a_history_gets_recommendations():
    found = recommend_one(recommender(), request(ordered=False), RecommendOptions(k=6))
    assert sorted(ids(found)) == IDS.tolist() and np.isfinite(scores(found)).all()


def test_a_seed_track_is_the_latest_and_has_its_own_place():
    served = recommender()
    playing = recommend_one(served, request(12, 15, seed_id=13), ALL)
    assert 13 not in ids(playing)  # it plays already, with repeats or without
    as_latest = dict(recommend_one(served, request(12, 15, 13), ALL))
    assert playing == [(track, score) for track, score in as_latest.items() if track != 13]
    liked = recommend_one(served, request(12, 15, ordered=False, seed_id=13), ALL)
    without = request_query_vector(served.saved, request(12, 15, 13, ordered=False))
    without = dict(zip(IDS.tolist(), (without @ served.items.T)[0].tolist(), strict=True))
    assert max(abs(score - without[track]) for track, score in liked) > 1e-3  # not in the history alone
    alone = recommend_one(served, request(seed_id=13), RecommendOptions(k=6))
    assert set(ids(alone)) == set(IDS.tolist()) - {13}


def test_towers_without_history_take_no_seed():
    for settings in ({"model": "dot"}, {"history": 0, "use_seed": 0}):
        with pytest.raises(ValueError, match="have one vector for a user, and read no track that plays") as refused:
            recommend_one(recommender(**settings), request(12, user_id=70, seed_id=13), ALL)
        assert "train others: `cli train-tower --model two-tower --history 50`" in str(refused.value)
    assert recommend_one(recommender(model="dot"), request(seed_id=13), ALL)  # a new user is the mean of their history


def test_a_new_user_needs_towers_that_read_a_history():
    with pytest.raises(ValueError, match="cannot recommend to a user who is not in the data"):
        recommend_one(recommender(history=0, use_seed=0), request(12, 13), ALL)
    with pytest.raises(ValueError, match="Train others: `cli train-tower --history 50`"):
        recommend_one(recommender(history=0), request(12, 13, ordered=False), ALL)  # no track is the latest
    assert recommend_one(recommender(history=0), request(12, 13), ALL) != recommend_one(
        recommender(history=0), request(13, 12), ALL
    )
    assert recommend_one(recommender(history=0, use_seed=0), request(12, user_id=72), ALL)


def test_no_artist_takes_the_list():
    served = recommender(artists=(5, 5, 5, 5, 8, -1))
    capped = recommend_one(served, request(12), RecommendOptions(k=3, novel=False, max_per_artist=1))
    by_artist = dict(zip(IDS.tolist(), served.candidates.artists.tolist(), strict=True))
    assert sorted(by_artist[track] for track in ids(capped)) == [-1, 5, 8]
    best = {artist: max(score for track, score in recommend_one(served, request(12), ALL) if by_artist[track] == artist)
            for artist in (-1, 5, 8)}  # fmt: skip
    assert sorted(scores(capped)) == pytest.approx(sorted(best.values()))


def test_a_popularity_weight_adds_the_logarithm_of_a_share():
    # With one more for each: 10, 2 and 5 of 20; those without plays are an ordinary one, the geometric mean.
    plays, ordinary = np.array([0, 9, 1, 0, 4, 0]), 100 ** (1 / 3)
    served = recommender(plays=plays)
    plain = dict(recommend_one(served, request(12), ALL))
    found = dict(
        recommend_one(served, request(12), RecommendOptions(k=6, novel=False, max_per_artist=9, popularity=-0.5))
    )
    shares = dict(zip(IDS.tolist(), np.array([ordinary, 10, 2, ordinary, 5, ordinary]) / 20, strict=True))
    for track, score in found.items():
        assert score == pytest.approx(plain[track] - 0.5 * np.log(shares[track]), abs=1e-5)
    assert list(found) != list(plain)
    lists, _ = recommend_all(
        served, EVENTS, np.array([0]), RecommendOptions(k=6, novel=False, max_per_artist=9, popularity=50)
    )
    assert lists[0][[0, 1, -1]].tolist() == [12, 15, 13]  # popularity alone decides


def test_no_candidates_are_refused():
    saved = SavedTowers(towers(), IdMap(IDS), IdMap([]), IdMap([]), IdMap([]))
    with pytest.raises(ValueError, match="No track that could be recommended is there any more"):
        prepare(saved, Candidates(IdMap([]), np.empty(0, np.int64), np.empty((0, 0), np.float32)))


def test_many_candidates_make_small_batches(monkeypatch):
    monkeypatch.setattr("earshot.towers.retrieval.recommend_lists._SCORES_AT_ONCE", 13)
    assert [users.tolist() for users in user_batches(recommender(), np.arange(5))] == [
        [0, 1],
        [2, 3],
        [4],
    ]  # six tracks
    monkeypatch.setattr("earshot.towers.retrieval.recommend_lists._SCORES_AT_ONCE", 1)
    assert len(user_batches(recommender(), np.arange(5))) == 5
