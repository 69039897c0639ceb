"""Plays and thumbs of the page are kept as listens at once."""

import pytest

from earshot.index.library import Library
from earshot.stages.playing.feedback import opinions, recent_feedback, record_never


def kept(folder, read):
    with Library.open(folder) as library:
        return read(library, "me")


def test_a_play_is_kept_and_told_twice_it_is_one(own_client, folder, ids):
    play = {"track": ids[0], "started_at": 1_700_000_000, "played_s": 4.5}
    assert own_client.post("/feedback/play", json=play).json() == {"is_new": True}
    assert own_client.post("/feedback/play", json=play).json() == {"is_new": False}
    (event,) = kept(folder, recent_feedback)
    assert (event.track_id, event.time_s, event.played_ms) == (play["track"], 1_700_000_000, 4_500)


def test_a_thumb_takes_the_place_of_the_one_before(own_client, folder, ids):
    track = ids[0]

    def said():
        return [(one.track_id, one.is_like) for one in kept(folder, opinions)]

    for thumb, expected in (("like", [(track, True)]), ("dislike", [(track, False)]), ("", [])):
        assert own_client.post("/feedback/thumb", json={"track": track, "thumb": thumb}).json() == {"thumb": thumb}
        assert said() == expected
    own_client.post("/feedback/thumb", json={"track": track, "thumb": "never"})
    assert '"thumb": "never"' in own_client.get(f"/track/{track}").text.replace("&#34;", '"')


def test_what_is_left_out_for_everybody_is_not_taken_back_for_one(own_client, folder, ids):
    track = ids[0]
    with Library.open_to_write(folder) as library:
        record_never(library, track)
    answer = own_client.post("/feedback/thumb", json={"track": track, "thumb": "like"})
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
def test_what_makes_no_sense_is_refused_and_changes_nothing(own_client, folder, path, body):
    assert own_client.post(path, json=body).status_code == 400
    with Library.open(folder) as library:
        assert library.value("SELECT count(*) FROM users WHERE name = 'me'") == 0


def test_a_track_that_is_not_there_is_told(own_client):
    answer = own_client.post("/feedback/thumb", json={"track": 999, "thumb": "like"})
    assert answer.status_code == 404 and "999" in answer.text


def test_it_takes_json_from_our_own_page_alone(own_client):
    assert own_client.post("/feedback/thumb", data={"track": 1}).status_code == 415
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    assert own_client.post("/feedback/thumb", json={"track": 1, "thumb": "like"}, headers=elsewhere).status_code == 403
