"""Paths between ends that are named by id, by name or by words."""

import html
import re

import pytest

from earshot.index.library import Library


@pytest.fixture(scope="module")
def rows(heard_library):
    with Library.open(heard_library) as library:
        query = "SELECT id, title, artist FROM tracks WHERE status = 'embedded' ORDER BY path"
        return list(library.db.query(query))


def ids_in(answer):
    assert answer.status_code == 200, answer.text
    return [int(one) for one in re.findall(r'class="title" href="/track/(\d+)"', answer.text)]


def test_a_path_has_its_ends_and_so_many_tracks(client, rows):
    first, last = rows[0]["id"], rows[-1]["id"]
    answer = client.get(f"/path?from={first}&to={last}&k=6")
    ids = ids_in(answer)
    assert len(ids) == len(set(ids)) == 6 and (ids[0], ids[-1]) == (first, last)
    assert len(re.findall(r"a step of \d+°", answer.text)) >= 5


def test_ends_are_found_by_their_names(client, rows):
    named = f"{rows[0]['artist']} - {rows[0]['title']}"
    ids = ids_in(client.get("/path", params={"from": named, "to": rows[-1]["title"], "k": 4}))
    assert (ids[0], ids[-1]) == (rows[0]["id"], rows[-1]["id"])


def test_several_that_may_be_meant_are_offered(client, rows):
    answer = client.get("/path", params={"from": rows[0]["artist"], "to": rows[-1]["id"]})
    text = html.unescape(answer.text)
    assert "is meant?" in text and f"/path?from={rows[0]['id']}&to={rows[-1]['id']}" in text and ids_in(answer) == []


def test_what_is_not_there_is_said(client):
    assert "Nothing in this library is called" in client.get("/path", params={"from": "zzzzz", "to": "1"}).text
    assert "Choose two ends" in client.get("/path").text
    assert client.get("/path?k=1").status_code == client.get("/path?k=101").status_code == 400


def test_another_path_is_another_draw_and_repeats(client, rows):
    address = f"/path?from={rows[0]['id']}&to={rows[-1]['id']}&k=8"
    once, again = (ids_in(client.get(f"{address}&another=5")) for _ in range(2))
    assert once == again and {tuple(ids_in(client.get(f"{address}&another={n}"))) for n in range(1, 6)} != {tuple(once)}


def test_one_track_is_no_path(client, rows):
    answer = client.get(f"/path?from={rows[0]['id']}&to={rows[0]['id']}")
    assert answer.status_code == 200 and "No path" in answer.text
