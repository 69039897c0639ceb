"""Looking around: the first page, search, tracks, albums and artists, with and without anything to show."""

import html
import re

import pytest

from earshot.index.library import Library
from web_client import signed_in


@pytest.fixture(scope="module")
def tracks(heard_library):
    with Library.open(heard_library) as library:
        return list(library.db.query("SELECT * FROM tracks WHERE status = 'embedded' ORDER BY path"))


def text(answer):
    assert answer.status_code == 200, answer.text
    return html.unescape(re.sub(r"\s+", " ", answer.text))


def test_the_first_page_shows_albums_and_ways_in(client, tracks):
    shown = text(client.get("/"))
    assert "18 tracks" in shown and tracks[0]["album"] in shown
    for door in ("/for-you", "/radio", "/path", "/map", "/playlists", "/library"):
        assert f'href="{door}"' in shown


def test_an_empty_library_says_what_to_type(tmp_path):
    Library.open_to_write(tmp_path / "library").close()
    with signed_in(tmp_path / "library") as client:
        assert "cli embed-audio ~/Music" in text(client.get("/"))
        assert "No albums" in text(client.get("/albums")) and "No artists" in text(client.get("/artists"))


def test_search_finds_tracks_albums_and_artists(client, tracks):
    track = tracks[5]
    shown = text(client.get("/search", params={"q": track["title"][:-1]}))
    assert f'href="/track/{track["id"]}"' in shown
    assert f'href="/artist/{track["artist_id"]}"' in text(client.get("/search", params={"q": track["artist"]}))
    assert f'href="/album/{track["album_id"]}"' in text(client.get("/search", params={"q": track["album"]}))


def test_search_without_an_answer_says_what_to_do(client):
    shown = text(client.get("/search", params={"q": "<b>nothing</b> at all"}))
    assert "Nothing is called" in shown and "Try fewer words" in shown
    assert "<b>nothing" not in client.get("/search", params={"q": "<b>nothing</b>"}).text
    assert "Type words" in text(client.get("/search"))


def test_a_track_has_its_facts_and_its_neighbourhood(client, tracks):
    track = tracks[0]
    shown = text(client.get(f"/track/{track['id']}"))
    assert track["title"] in shown and track["genre"] in shown and track["path"] in shown
    assert f'data-load="/similar?seed={track["id"]}' in shown and f"/cover/{track['id']}" in shown
    others = [one for one in tracks if one["album_id"] == track["album_id"] and one is not track]
    assert all(f'href="/track/{one["id"]}"' in shown for one in others)


def test_albums_and_artists_hold_their_tracks(client, tracks):
    album = text(client.get(f"/album/{tracks[0]['album_id']}"))
    assert all(one["title"] in album for one in tracks if one["album_id"] == tracks[0]["album_id"])
    artist = text(client.get(f"/artist/{tracks[0]['artist_id']}"))
    assert all(one["title"] in artist for one in tracks if one["artist_id"] == tracks[0]["artist_id"])
    assert tracks[0]["album"] in text(client.get("/albums?order=newest"))
    assert tracks[0]["artist"] in text(client.get("/artists"))


@pytest.mark.parametrize("path", ["/track/999", "/album/999", "/artist/999"])
def test_what_is_not_there_is_a_page_that_says_so(client, path):
    answer = client.get(path)
    assert answer.status_code == 404 and "There is no" in answer.text and "999" in answer.text


def test_later_pages_are_empty_and_wrong_numbers_are_refused(client):
    assert client.get("/albums?page=2").status_code == 200
    assert client.get("/albums?page=0").status_code == 400


def test_facts_come_as_json_in_the_order_asked_for(client, tracks):
    ids = [tracks[3]["id"], tracks[1]["id"]]
    found = client.get("/tracks.json", params={"id": [*ids, 999]}).json()
    assert [one["id"] for one in found] == ids
    names = client.get("/names.json", params={"q": tracks[3]["title"]}).json()
    assert names[0]["id"] == ids[0] and client.get("/names.json").json() == []


def test_what_was_played_lately_comes_first(own_client, tracks):
    first = tracks[0]
    last = next(one for one in tracks if one["album_id"] != first["album_id"])
    assert "Played lately" not in own_client.get("/").text
    for n, one in enumerate((first, last)):
        own_client.post("/feedback/play", json={"track": one["id"], "started_at": 1_700_000_000 + n, "played_s": 6})
    shown = own_client.get("/").text.partition("Played lately")[2].partition("Newest albums")[0]
    places = [shown.index(f'href="/album/{one["album_id"]}"') for one in (last, first)]
    assert places == sorted(places) and shown.count('class="album"') == 2
