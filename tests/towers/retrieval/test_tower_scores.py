"""Towers in an evaluation, and in the validation of their training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.data.events.splits import split_listens
from earshot.data.ids import IdMap
from earshot.data.recommend_request import Candidates
from earshot.evaluation.queries import queries_at_cutoff, queries_of_split, validation_queries
from earshot.towers.config import TowerConfig
from earshot.towers.models import towers_for
from earshot.towers.retrieval.best_tracks import recommend
from earshot.towers.retrieval.query_vectors import item_vectors
from earshot.towers.retrieval.recommend_lists import RecommendOptions, prepare, recommend_all
from earshot.towers.retrieval.tower_scores import Validator, evaluation_query_vectors, tower_scores
from earshot.towers.tower_checkpoint import SavedTowers
from tower_world import catalog, checkerboard, listening

KNOWN = listening([(0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 4)], 3, 6)
TARGETS = listening([(0, 0, 9), (0, 4, 9), (1, 2, 9), (2, 5, 9)], 3, 6)


def test_a_validator_has_the_queries_of_validation():
    world = split_listens(checkerboard(20), "random", share=0.2)
    validator = Validator(validation_queries(world, repeats=False, n_users=8, seed=0))
    towers = towers_for(TowerConfig(dim=4, hidden=0, history=3), catalog(20), world.train)
    assert 0 <= validator(towers) <= 1


def test_a_validator_takes_the_best_popularity_weight():
    """All users go on to the most played track; untrained towers miss that, and a popularity weight does not."""
    known = listening([(user, 5, 1) for user in range(5, 12)] + [(user, user % 4, 2) for user in range(12)], 12, 30)
    targets = listening([(user, 5, 9) for user in range(5)], 12, 30)
    towers = towers_for(TowerConfig(dim=4, hidden=0, history=3), catalog(30), known)
    eval_queries = queries_at_cutoff(known, targets, repeats=False, n_users=10, seed=0)
    validator = Validator(eval_queries, (0.0, 10.0, -10.0))
    assert validator(towers) == 1 and validator.popularity_weight == 10
    assert Validator(eval_queries)(towers) < 1


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
@pytest.mark.parametrize("world", [KNOWN, checkerboard(6)])
def test_evaluation_queries_are_those_of_recommendations(model, world, monkeypatch):
    monkeypatch.setattr("earshot.towers.retrieval.tower_scores._NEUMF_TRACKS_AT_ONCE", 4)
    targets = listening([(user, 5 - user, 9) for user in range(3)], world.n_users, 6)
    eval_queries = queries_at_cutoff(world, targets, repeats=False, n_users=10, seed=0)
    towers = towers_for(TowerConfig(model=model, dim=4, hidden=8, history=3), catalog(6), world)
    scores_of = tower_scores(towers, evaluation_query_vectors(towers, eval_queries), item_vectors(towers))
    lists, _ = eval_queries.ranked(scores_of, 4)
    ((found, scores),) = recommend(towers, world, eval_queries.targets.user_rows, 4, excluded=eval_queries.excluded)
    room = np.empty((len(eval_queries), 6), dtype=np.float32)
    scores_of(0, len(eval_queries), room)
    ours = np.take_along_axis(room, np.maximum(lists, 0), axis=1)
    np.testing.assert_array_equal(lists >= 0, found >= 0)
    np.testing.assert_allclose(ours[lists >= 0], scores[found >= 0], rtol=1e-5)
    assert not set(lists[0].tolist()) & set(eval_queries.excluded[0].tolist())


@pytest.mark.parametrize("n_values", [1, 3])
def test_lists_that_are_evaluated_are_those_that_are_recommended(n_values, rng):
    """Also where scores are equal, as those of new tracks without content are, in any order of the candidates."""
    n_users, n_tracks, k = 7, 300, 12
    world = listening([(user, int(rng.integers(n_tracks)), 1) for user in range(n_users)], n_users, n_tracks)
    test = listening([(user, int(rng.integers(n_tracks)), 9) for user in range(n_users)], n_users, n_tracks)
    towers = towers_for(TowerConfig(model="dot", dim=4, hidden=8), catalog(n_tracks), world)
    with torch.no_grad():  # whole numbers, so that no rounding tells equal scores apart
        for weight in towers.parameters():
            weight.copy_(torch.from_numpy(rng.integers(0, n_values, tuple(weight.shape))).float())
    ids, order = np.arange(n_tracks) * 7 + 1_000, rng.permutation(n_tracks)
    eval_queries = queries_at_cutoff(world, test, repeats=False, n_users=n_users, seed=0)
    items = item_vectors(towers)
    scores_of = tower_scores(towers, evaluation_query_vectors(towers, eval_queries), items)
    lists, _ = replace(eval_queries, track_ids=ids).ranked(scores_of, k)
    no_artists = np.full(n_tracks, -1)
    saved = SavedTowers(towers, IdMap(ids), IdMap(np.arange(n_users)), IdMap([]), IdMap([]))
    recommender = prepare(saved, Candidates(IdMap(ids[order]), no_artists, items.numpy()[order]))
    recommended, _ = recommend_all(recommender, world, eval_queries.targets.user_rows, RecommendOptions(k))
    np.testing.assert_array_equal(ids[lists], recommended)


def test_a_seed_is_the_track_before():
    """Towers that only look at the seed give two queries of one user the lists of their last tracks."""
    events = [(user, (at + user) % 7, 1_000 * at + user) for user in range(20) for at in range(1, 21)]
    split = split_listens(listening(events, 20, 7), "next-track")
    eval_queries = queries_of_split(split, repeats=True, n_queries=100, seed=0)
    towers = towers_for(TowerConfig(dim=4, hidden=0, history=0, use_user=0), catalog(7), split.train)
    scores = np.empty((len(eval_queries), 7), dtype=np.float32)
    tower_scores(towers, evaluation_query_vectors(towers, eval_queries), item_vectors(towers))(
        0, len(eval_queries), scores
    )
    last = np.array([eval_queries.histories.tracks(query)[-1] for query in range(len(eval_queries))])
    for track in range(7):
        same = scores[last == track]
        np.testing.assert_allclose(same, np.broadcast_to(same[:1], same.shape), atol=1e-6)
    assert len(np.unique(scores.round(5), axis=0)) == len(np.unique(last))
