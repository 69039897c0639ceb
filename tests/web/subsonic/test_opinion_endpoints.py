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


@pytest.mark.parametrize("unknown", ["tr-99", "al-99", "ar-99", "an-2", "pl-1", "nothing"])
def test_one_wrong_id_changes_nothing(player, unknown):
    assert player.error("star", id=["tr-1", unknown], albumId="al-1")[0] == 70
    starred = player.ask("getStarred2")["starred2"]
    assert starred == {"artist": [], "album": [], "song": []}


def test_a_rating_is_a_number_of_stars(player):
    for rating in ("6", "-1", "good"):
        assert player.error("setRating", id="tr-1", rating=rating)[0] == 0
    assert player.error("setRating", id="tr-1")[0] == player.error("setRating", rating=1)[0] == 10
    assert player.error("star")[0] == 10
