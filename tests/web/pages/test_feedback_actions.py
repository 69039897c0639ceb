"""Plays and thumbs of the page are kept as listens at once."""

import shutil

import pytest

from earshot.index.library import Library
from earshot.stages.playing.feedback import opinions, recent_feedback, record_never
from web_client import signed_in


@pytest.fixture
def client(heard_library, tmp_path):
    folder = shutil.copytree(heard_library, tmp_path / "library")
    with signed_in(folder) as client:
        client.folder = folder
        yield client


def kept(client, read):
    with Library.open(client.folder) as library:
        return read(library, "me")


def track_of(client, place=0):
    with Library.open(client.folder) as library:
        return library.column("SELECT id FROM tracks WHERE status = 'embedded' ORDER BY path")[place]


def test_a_play_is_kept_and_told_twice_it_is_one(client):
    play = {"track": track_of(client), "started_at": 1_700_000_000, "played_s": 4.5}
    assert client.post("/feedback/play", json=play).json() == {"is_new": True}
    assert client.post("/feedback/play", json=play).json() == {"is_new": False}
    (event,) = kept(client, recent_feedback)
    assert (event.track_id, event.time_s, event.played_ms) == (play["track"], 1_700_000_000, 4_500)


def test_a_thumb_takes_the_place_of_the_one_before(client):
    track = track_of(client)

    def said():
        return [(one.track_id, one.is_like) for one in kept(client, opinions)]

    for thumb, expected in (("like", [(track, True)]), ("dislike", [(track, False)]), ("", [])):
        assert client.post("/feedback/thumb", json={"track": track, "thumb": thumb}).json() == {"thumb": thumb}
        assert said() == expected
    client.post("/feedback/thumb", json={"track": track, "thumb": "never"})
    assert '"thumb": "never"' in client.get(f"/track/{track}").text.replace("&#34;", '"')


def test_what_is_left_out_for_everybody_is_not_taken_back_for_one(client):
    track = track_of(client)
    with Library.open_to_write(client.folder) as library:
        record_never(library, track)
    answer = client.post("/feedback/thumb", json={"track": track, "thumb": "like"})
    assert answer.status_code == 409 and f"cli never {track} --undo" in answer.text


@pytest.mark.parametrize(
    "path, body",
    [
        ("/feedback/play", {"track": 1, "started_at": -5, "played_s": 3}),
        ("/feedback/play", {"track": 1, "started_at": 5, "played_s": "3"}),
        ("/feedback/play", {"track": 1, "started_at": 5, "played_s": True}),
        ("/feedback/play", {"started_at": 5, "played_s": 3}),
        ("/feedback/thumb", {"track": 1, "thumb": "love"}),
        ("/feedback/thumb", {"track": 1}),
        ("/feedback/thumb", {"track": 1, "thumb": ["like"]}),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(client, path, body):
    assert client.post(path, json=body).status_code == 400
    with Library.open(client.folder) as library:
        assert library.value("SELECT count(*) FROM users WHERE name = 'me'") == 0


def test_a_track_that_is_not_there_is_told(client):
    answer = client.post("/feedback/thumb", json={"track": 999, "thumb": "like"})
    assert answer.status_code == 404 and "999" in answer.text


def test_it_takes_json_from_our_own_page_alone(client):
    assert client.post("/feedback/thumb", data={"track": 1}).status_code == 415
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    assert client.post("/feedback/thumb", json={"track": 1, "thumb": "like"}, headers=elsewhere).status_code == 403
