"""Radio for the player: no repeats, a state that is all there is, and events that count at once."""

import shutil

import pytest

from earshot.index.library import Library
from web_client import signed_in


@pytest.fixture(scope="module")
def client(heard_library, tmp_path_factory):
    folder = shutil.copytree(heard_library, tmp_path_factory.mktemp("radio") / "library")
    with signed_in(folder) as client:
        client.folder = folder
        yield client


@pytest.fixture(scope="module")
def ids(client):
    with Library.open(client.folder) as library:
        return library.column("SELECT id FROM tracks WHERE status = 'embedded' ORDER BY path")


def begun(client, *seeds):
    answer = client.post("/radio/start", json={"seeds": seeds})
    assert answer.status_code == 200, answer.text
    return answer.json()


def following(client, state, events=(), advance=True):
    answer = client.post("/radio/next", json={"state": state, "events": list(events), "advance": advance})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_was_shown_is_what_comes_and_nothing_comes_twice(client, ids):
    answer = begun(client, ids[0])
    shown, heard = [track["id"] for track in answer["tracks"]], []
    assert len(shown) == 3 and answer["now"] is None
    while True:
        answer = following(client, answer["state"])
        if answer["now"] is None:
            break
        heard.append(answer["now"]["id"])
    assert heard[:3] == shown and sorted([ids[0], *heard]) == sorted(ids), "every track once, and the seed never"


def test_a_skip_changes_what_comes(client, ids):
    answer = following(client, begun(client, ids[0])["state"])
    now = answer["now"]["id"]
    stays = following(client, answer["state"], advance=False)
    moved = following(client, answer["state"], [["skip", now]], advance=False)
    assert [one["id"] for one in stays["tracks"]] == [one["id"] for one in answer["tracks"]]
    assert moved["state"]["events"][-1][0] == "skip" and moved["now"] is None


def test_what_is_never_to_be_played_is_not(client, ids):
    seed = ids[0]
    unwanted = begun(client, seed)["tracks"][0]["id"]
    client.post("/feedback/thumb", json={"track": unwanted, "thumb": "never"})
    answer, heard = begun(client, seed), []
    while (answer := following(client, answer["state"]))["now"]:
        heard.append(answer["now"]["id"])
    assert unwanted not in heard and len(heard) == len(ids) - 2
    client.post("/feedback/thumb", json={"track": unwanted, "thumb": ""})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": {}},
        {"state": {"events": [], "settings": {"space": "audio"}}},
        {"state": {"events": [["play", "x"]], "settings": 1}},
    ],
)
def test_what_is_no_state_is_refused(client, body):
    answer = client.post("/radio/next", json=body)
    assert answer.status_code in (400, 404) and "state of a radio" in answer.text


@pytest.mark.parametrize("events", ["play", [["jump", 1]], [["play"]], [["play", 1]] * 11, [["play", -1]]])
def test_what_are_no_events_is_refused(client, ids, events):
    state = begun(client, ids[0])["state"]
    assert client.post("/radio/next", json={"state": state, "events": events}).status_code == 400


def test_a_radio_needs_seeds_that_are_there(client):
    assert client.post("/radio/start", json={"seeds": []}).status_code == 400
    assert client.post("/radio/start", json={"seeds": [999]}).status_code == 404
    assert client.post("/radio/start", json={"seeds": list(range(1_000, 1_050))}).status_code == 404
    answer = client.post("/radio/start", json={"seeds": list(range(1_000, 1_051))})
    assert answer.status_code == 400 and "1 to 50 tracks; these are 51" in answer.text
    assert client.get("/radio").status_code == 200
