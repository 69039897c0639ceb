"""Lists of albums and songs, and search."""

import pytest


def albums(player, kind, **parameters):
    return [one["name"] for one in player.ask("getAlbumList2", type=kind, **parameters)["albumList2"]["album"]]


def test_albums_by_year_and_genre(player):
    assert albums(player, "byYear", fromYear=1998, toYear=1993) == ["Moon", "Debut"]
    assert albums(player, "byGenre", genre="jazz") == ["Debut"]
    for kind, lacking in (("byYear", "fromYear"), ("byGenre", "genre")):
        assert player.error("getAlbumList2", type=kind) == (10, f"The parameter {lacking} is missing.")
    assert player.error("getAlbumList2") == (10, "The parameter type is missing.")
    assert player.error("getAlbumList2", type="best")[0] == 0


def test_albums_by_what_the_listener_did(player):
    for kind in ("highest", "frequent", "recent", "starred"):
        assert albums(player, kind) == []
    for place, track in enumerate(("tr-6", "tr-6", "tr-3")):
        player.ask("scrobble", id=track, time=1_600_000_000_000 + 1_000_000 * place)
    assert (albums(player, "frequent"), albums(player, "recent")) == (["Tago", "Debut"], ["Debut", "Tago"])
    assert albums(player, "frequent", size=1, offset=1) == ["Debut"]
    player.ask("setRating", id="tr-1", rating=2)
    player.ask("setRating", id="tr-3", rating=5)
    assert albums(player, "highest") == ["Debut", "Moon"]
    player.ask("setRating", id=player.ask("getSong", id="tr-1")["song"]["albumId"], rating=5)
    assert albums(player, "highest")[0] == "Moon", "its own rating is more than those of its songs"


@pytest.mark.parametrize("text", ["", '""', "*", "  "])
def test_an_empty_query_finds_everything_page_by_page(player, text):
    found = player.ask("search3", query=text)["searchResult3"]
    assert [len(found[kind]) for kind in ("artist", "album", "song")] == [3, 6, 9]
    page = player.ask("search3", query=text, songCount=4, songOffset=8, albumCount=0, artistCount=0)["searchResult3"]
    assert page == {"artist": [], "album": [], "song": found["song"][8:]}


def test_words_are_found_as_they_are_typed(player):
    found = player.ask("search3", query="bjo*")["searchResult3"]
    assert [one["name"] for one in found["artist"]] == ["Björk"] and len(found["song"]) == 3
    assert player.ask("search3", query="moon air")["searchResult3"]["album"][0]["name"] == "Moon"
    nothing = {"artist": [], "album": [], "song": []}
    for text in ("nobody", "a' OR 1=1 --", 'NEAR("', "%", "\x00"):
        assert player.ask("search3", query=text)["searchResult3"] == nothing, text


def test_random_songs_heed_genre_and_years(player):
    songs = player.ask("getRandomSongs", size=500)["randomSongs"]["song"]
    assert sorted(song["id"] for song in songs) == [f"tr-{n}" for n in range(1, 10)]
    orders = {
        tuple(song["id"] for song in player.ask("getRandomSongs", size=9)["randomSongs"]["song"]) for _ in range(5)
    }
    assert len(orders) > 1
    found = player.ask("getRandomSongs", genre="krautrock", fromYear=2000)["randomSongs"]["song"]
    assert [song["id"] for song in found] == ["tr-8"]
    assert player.ask("getRandomSongs", genre="polka")["randomSongs"]["song"] == []
