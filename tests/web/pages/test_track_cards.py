"""Facts of tracks for pages and scripts, and the numbers that addresses hold."""

import pytest
from starlette.datastructures import URL, QueryParams
from starlette.exceptions import HTTPException

from earshot.index.library import Library
from earshot.index.tracks.track_lookup import track_rows
from earshot.web.pages.track_cards import PAGE_SIZE, cards, id_list, ids_of, number_of, page_number, paging


class Asked:
    """The part of a request that is read here."""

    def __init__(self, query):
        self.query_params, self.url = QueryParams(query), URL(f"http://127.0.0.1/albums?{query}")


def test_a_card_has_the_facts_in_the_order_of_the_tracks(heard_library):
    with Library.open(heard_library) as library:
        ids = library.column("SELECT id FROM tracks WHERE status = 'embedded' ORDER BY id DESC LIMIT 2")
        rows = track_rows(library, ids)
        found = cards(library, [rows[one] for one in ids], {ids[0]: "like"}, {ids[1]: {"score": 0.5}})
    assert [card["id"] for card in found] == ids
    assert [card["thumb"] for card in found] == ["like", ""] and [card["score"] for card in found] == [None, 0.5]
    assert all(card["playable"] and card["artist_id"] and card["album_id"] for card in found)


def test_pages_are_numbered_from_one():
    assert page_number(Asked("")) == 1 and page_number(Asked("page=3")) == 3
    shown = paging(Asked("order=newest&q=a%26b&page=2"), PAGE_SIZE + 1, 2)
    assert shown == {"page": 2, "has_more": True, "address": "/albums?order=newest&q=a%26b&"}
    assert paging(Asked(""), PAGE_SIZE, 1) == {"page": 1, "has_more": False, "address": "/albums?"}


@pytest.mark.parametrize("text", ["0", "-1", "two", "²", "1" * 30])
def test_no_number_is_said_to_be_none(text):
    with pytest.raises(HTTPException, match="is no number from 1 to"):
        number_of(Asked(f"k={text}"), "k", 10, range(1, 50))


def test_ids_come_once_or_as_often_as_they_are_named():
    assert ids_of(["3", "1", "3"]) == [3, 1] and id_list([3, 1, 3], 10) == [3, 1, 3]


@pytest.mark.parametrize("values", [None, "1", [True], [1.5], ["-1"], [""], [None], [[1]], ["1" * 30]])
def test_what_is_no_list_of_ids_is_refused(values):
    with pytest.raises(HTTPException) as refused:
        id_list(values, 10)
    assert refused.value.status_code == 400


def test_too_many_ids_are_refused():
    with pytest.raises(HTTPException, match="11 tracks at once; 10 is the most"):
        id_list(list(range(11)), 10)
