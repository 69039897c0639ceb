"""Stars and ratings: likes of songs, and marks on albums and artists; all or nothing."""

import pytest

from earshot.index.library import Library
from earshot.stages.playing.feedback import opinions


def likes(player):
    with Library.open(player.client.app.state.library.folder) as library:
        if library.value("SELECT count(*) FROM users") == 0:
            return []
        return [(one.track_id, one.is_like) for one in opinions(library, "ana")]


def test_a_star_on_a_song_is_a_like(player):
    player.ask("star", id="tr-3")
    assert likes(player) == [(3, True)] and player.ask("getSong", id="tr-3")["song"]["starred"]
    player.ask("unstar", id="tr-3")
    assert likes(player) == [] and "starred" not in player.ask("getSong", id="tr-3")["song"]


def test_a_low_rating_is_a_dislike(player):
    player.ask("setRating", id="tr-3", rating=1)
    assert likes(player) == [(3, False)]


def test_an_id_may_be_of_any_kind(player):
    player.ask("star", id=["al-1", "ar-2", "tr-1"])
    starred = player.ask("getStarred")["starred"]
    assert [[one["id"] for one in starred[kind]] for kind in ("album", "artist", "song")] == [
        ["al-1"],
        ["ar-2"],
        ["tr-1"],
    ]


@pytest.mark.parametrize(
    "wrong, code, sentence",
    [
        ("tr-99", 70, "There is no song tr-99."),
        ("al-99", 70, "There is nothing with the id 'al-99'."),
        ("ar-99", 70, "There is nothing with the id 'ar-99'."),
        ("an-1", 70, "There is nothing with the id 'an-1'."),
        ("an-2", 0, "Songs without an album are starred and rated one by one."),
        ("an-0", 0, "Songs without an album are starred and rated one by one."),
        ("pl-1", 70, "There is no song, album or artist with the id 'pl-1'."),
        ("al-", 70, "There is nothing with the id 'al-'."),
    ],
)
def test_one_wrong_id_changes_nothing(player, wrong, code, sentence):
    assert player.error("star", id=["tr-1", wrong], albumId="al-1") == (code, sentence)
    assert player.error("setRating", id=wrong, rating=5) == (code, sentence)
    starred = player.ask("getStarred2")["starred2"]
    assert starred == {"artist": [], "album": [], "song": []}


def test_a_rating_is_a_number_of_stars(player):
    for rating in ("6", "-1", "good"):
        assert player.error("setRating", id="tr-1", rating=rating)[0] == 0
    assert player.error("setRating", id="tr-1")[0] == player.error("setRating", rating=1)[0] == 10
    assert player.error("star")[0] == 10
