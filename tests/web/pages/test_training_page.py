"""Commands that the page starts: only those that it names, one at a time, with their progress."""

import time

import pytest

from earshot.web.command_process import ProcessState
from earshot.web.pages.training_page import described

AS_JSON = {"Accept": "application/json"}


def test_a_command_is_started_followed_and_shown(own_client):
    assert own_client.get("/training.json").json()["is_running"] is False
    answer = own_client.post("/training", json={"command": "build-index"}, headers=AS_JSON)
    assert answer.status_code == 200 and answer.json()["is_running"]
    assert own_client.post("/training", json={"command": "build-index"}).status_code == 409
    assert 'data-job="running"' in own_client.get("/library").text
    end = time.monotonic() + 60
    while (state := own_client.get("/training.json").json())["is_running"]:
        assert time.monotonic() < end, state
        time.sleep(0.1)
    assert state["sentence"].startswith("Bringing the index up to date: done in")
    assert "done in" in own_client.get("/library").text


def test_a_form_leads_back_to_the_library(own_client):
    answer = own_client.post("/training", data={"command": "build-index"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/library")
    assert own_client.post("/training/stop").status_code == 303


@pytest.mark.parametrize("command", ["", "forget-listens", "build-index; rm -r /", "--help", None, ["train-tower"], {}])
def test_nothing_else_is_started(own_client, command):
    answer = own_client.post("/training", json={"command": command})
    assert answer.status_code == 400 and "and nothing else" in answer.text
    assert own_client.get("/training.json").json()["sentence"] == ""


@pytest.mark.parametrize(
    "code, is_running, sentence",
    [
        (None, True, "Learning: epochs 3/4, 1:05 so far"),
        (0, False, "Learning: done in 1:05"),
        (143, False, "Learning: stopped after 1:05; the same goes on from there"),
        (1, False, "Learning: could not be done"),
    ],
)
def test_its_state_is_told_in_words(code, is_running, sentence):
    state = ProcessState(is_running, "Learning", "epochs 3/4", 0.75, 65.0, code, ("a line",))
    assert described(state)["sentence"] == sentence
