"""The listener of a browser, and what that listener said of tracks."""

import pytest

from earshot.index.library import Library
from earshot.index.tracks.track_lookup import track_rows
from earshot.stages.playing.feedback import record_dislike, record_like, record_never
from earshot.web.pages.listeners import DEFAULT, is_known, listeners, thumbs_of
from earshot.web.pages.track_cards import cards
from library_world import add, at, heard, open_library
from web_client import signed_in


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(10 * n)) for n in range(4)])
        yield library


def test_thumbs_are_those_of_the_listener_and_nevers_of_everybody(library):
    record_like(library, "ann", 1)
    record_dislike(library, "ann", 2)
    record_never(library, 3, "ann")
    record_never(library, 4)
    assert thumbs_of(library, "ann") == {1: "like", 2: "dislike", 3: "never", 4: "never"}
    assert thumbs_of(library, "bob") == {4: "never"} and listeners(library) == ["ann"]
    assert is_known(library, "ann") and not is_known(library, "bob")


def test_a_listener_is_chosen_once(heard_library):
    with signed_in(heard_library) as client:
        assert DEFAULT == "me" and "me" in client.get("/for-you").text
        answer = client.post("/listener", data={"name": "Zoë ; x", "to": "/for-you"})
        assert answer.status_code == 303 and answer.headers["location"] == "/for-you"
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "Zoë ; x" in client.get("/for-you").text


def test_the_only_listener_is_taken_for_that_of_a_new_browser(library):
    record_like(library, "Zoë", 1)
    library.close()
    with signed_in(library.folder) as client:
        assert "earshot_listener=Zo%C3%AB" in client.get("/").headers["set-cookie"]
        assert "set-cookie" not in client.get("/").headers, "it stays, whoever is imported later"
        assert client.post("/feedback/thumb", json={"track": 2, "thumb": "like"}).status_code == 200
    with Library.open(library.folder) as read:
        assert listeners(read) == ["Zoë"] and thumbs_of(read, "Zoë") == {1: "like", 2: "like"}


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_it_leads_to_no_other_site(heard_library, to):
    with signed_in(heard_library) as client:
        assert client.post("/listener", data={"name": "ann", "to": to}).headers["location"] == "/"
        assert client.post("/listener", data={"name": "", "to": "/"}).status_code == 400


def test_what_is_liked_and_what_is_never_to_come_is_listed(own_client, ids):
    assert "Nothing is liked yet" in own_client.get("/liked").text
    for track, thumb in zip(ids, ("like", "never", "dislike"), strict=False):
        assert own_client.post("/feedback/thumb", json={"track": track, "thumb": thumb}).status_code == 200
    liked, _, never = own_client.get("/liked").text.partition("Never again")
    assert f'href="/track/{ids[0]}"' in liked and f'href="/track/{ids[1]}"' in never
    assert f'href="/track/{ids[2]}"' not in liked + never


def test_a_thumb_is_that_of_the_recording(library):
    record_like(library, "ann", 1)
    with library.transaction():
        library.db.execute("UPDATE recordings SET recording_id = 1 WHERE track_id = 2")
    rows = track_rows(library, [1, 2, 3])
    shown = cards(library, [rows[2], rows[3]], thumbs_of(library, "ann"))
    assert [card["thumb"] for card in shown] == ["like", ""]
