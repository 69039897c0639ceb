"""Requests know what may not be recommended, candidates which of them have no vector."""

import numpy as np
import pytest

from earshot.data.ids import IdMap
from earshot.data.recommend_request import Candidates, RecommendRequest


def test_a_request_of_a_new_user():
    request = RecommendRequest.for_new_user([30, 10, 30], ordered=True, seed_id=20)
    assert repr(request) == "<RecommendRequest new user, 3 plays>" and len(request) == 3
    assert request.is_ordered and request.weights.tolist() == [1.0, 1.0, 1.0]
    assert request.seeds.tolist() == [20] and request.track_ids().tolist() == [30, 10, 30, 20]
    assert not RecommendRequest.for_new_user([30], ordered=False).is_ordered
    assert RecommendRequest.for_new_user([], ordered=True).seeds.tolist() == []


@pytest.mark.parametrize(("novel", "excluded"), [(True, [30, 10, 20, 40]), (False, [20, 40])])
def test_the_seed_and_what_is_disliked_are_always_excluded(novel, excluded):
    played = np.array([30, 10])
    request = RecommendRequest(played, played, np.ones(2), seed_id=20, disliked=np.array([40]))
    assert request.excluded_ids(novel=novel).tolist() == excluded


def test_candidates():
    candidates = Candidates(IdMap([5, 3, 9]), np.array([1, -1, 1]), np.zeros((2, 4), dtype=np.float32))
    assert repr(candidates) == "<Candidates 3 tracks, 2 with a vector>" and candidates.new_ids.tolist() == [9]
    assert candidates.plays(np.array([9, 7, 5]), np.array([4, 100, 2])).tolist() == [2, 0, 4]


def test_the_digest_is_of_tracks_and_artists():
    def digest(ids, artists):
        return Candidates(IdMap(ids), np.array(artists), np.zeros((0, 4))).digest()

    digests = {digest([5, 3], [1, 2]), digest([3, 5], [1, 2]), digest([5, 3], [2, 1]), digest([5], [1])}
    assert len(digests) == 4 and digest([5, 3], [1, 2]) in digests
