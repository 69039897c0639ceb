"""Answers from vectors: similar tracks with moments to hear, recommendations with their reasons."""

import html
import json
import re

import pytest

from web_client import signed_in


def tracks_of(answer):
    assert answer.status_code == 200, answer.text
    return [
        json.loads(html.unescape(text))
        for text in re.findall(r'<li class="track[^>]*data-track="([^"]*)"', answer.text)
    ]


def test_similar_tracks_name_moments_of_seed_and_match(client, ids):
    found = tracks_of(client.get("/similar", params={"seed": ids[0], "k": 5}))
    assert len(found) == 5 and ids[0] not in [one["id"] for one in found]
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)
    assert {one["moment"]["seed_id"] for one in found} == {ids[0]}
    assert all(0 <= one["moment"]["match_start"] <= one["duration"] for one in found)


def test_of_several_seeds_each_moment_names_its_own(client, ids):
    found = tracks_of(client.get("/similar", params={"seed": ids[::6], "k": 9}))
    assert {one["moment"]["seed_id"] for one in found} <= set(ids[::6])
    assert not {one["id"] for one in found} & set(ids[::6])


def test_unlike_and_other_artists_change_the_answer(client, ids):
    plain = [one["id"] for one in tracks_of(client.get("/similar", params={"seed": ids[0]}))]
    away = [one["id"] for one in tracks_of(client.get("/similar", params={"seed": ids[0], "unlike": plain[0]}))]
    assert plain[0] not in away and away != plain
    (seed,) = client.get("/tracks.json", params={"id": ids[0]}).json()
    others = tracks_of(client.get("/similar", params={"seed": ids[0], "artists": "other"}))
    assert others and seed["artist"] not in {one["artist"] for one in others}


def test_what_a_listener_does_not_want_is_not_listed(own_client, ids):
    def found():
        return [one["id"] for one in tracks_of(own_client.get("/similar", params={"seed": ids[0], "k": 6}))]

    before = found()
    own_client.post("/feedback/thumb", json={"track": before[1], "thumb": "never"})
    own_client.post("/feedback/thumb", json={"track": before[3], "thumb": "dislike"})
    after = found()
    own_client.cookies.set("earshot_listener", "somebody%20else")
    assert after[:4] == [before[0], before[2], *before[4:]] and len(after) == 6, "others take their places"
    assert found() == before


def test_without_a_seed_it_says_how_to_pick_one(client):
    assert "Pick a track to begin from" in client.get("/similar").text


def test_a_space_that_is_not_there_and_wrong_seeds_are_told(client, ids):
    assert "cli train-tower" in client.get("/similar", params={"seed": ids[0], "by": "tower"}).text
    assert client.get("/similar?seed=999").status_code == 404
    assert client.get("/similar?seed=x").status_code == 400


@pytest.mark.parametrize("name", ["seed", "unlike"])
def test_a_search_begins_with_so_many_tracks(client, ids, name):
    assert len(tracks_of(client.get("/similar", params={"seed": [ids[0]] * 50, "unlike": [ids[1]] * 50, "k": 5}))) == 5
    answer = client.get("/similar", params={"seed": ids[0]} | {name: [ids[0]] * 51})
    assert answer.status_code == 400 and "51 tracks at once; 50 is the most" in answer.text


def test_without_towers_it_says_what_to_do(client):
    text = client.get("/for-you").text
    assert "No recommendations yet" in text and "Nothing was played or liked by" in text


def test_recommendations_name_the_play_that_speaks_for_them(trained_library):
    with signed_in(trained_library) as client:
        client.headers["Accept"] = "text/html"
        client.cookies.set("earshot_listener", "listener%200")
        answer = client.get("/for-you?k=4")
        found = tracks_of(answer)
        assert found and all(re.fullmatch(r"since you play Artist \d+ - Song \d+", one["reason"]) for one in found)
        assert "For listener 0" in answer.text and ">listener 17</option>" in answer.text


@pytest.mark.parametrize("address", ["/similar", "/for-you"])
@pytest.mark.parametrize("k", ["0", "201", "many"])
def test_a_list_has_an_end(client, address, k):
    answer = client.get(address, params={"k": k})
    assert answer.status_code == 400 and f"k={k} is no number from 1 to 200" in answer.text
