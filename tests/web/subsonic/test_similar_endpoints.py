"""Similar tracks, on a half circle: neighbours differ by 12 degrees."""

from math import cos, radians

import pytest

from earshot.index.library import Library
from earshot.stages.playing.feedback import record_dislike, record_never


def ids(songs):
    return [song["id"] for song in songs]


def changed(player, work):
    with Library.open_to_write(player.client.app.state.library.folder) as library:
        work(library)


def test_similar_songs_come_nearest_first_without_the_seed(player):
    songs = player.ask("getSimilarSongs2", id="tr-1", count=500)["similarSongs2"]["song"]
    assert ids(songs) == [f"tr-{n}" for n in range(2, 10)]
    assert ids(player.ask("getSimilarSongs", id="tr-1", count=3)["similarSongs"]["song"]) == ["tr-2", "tr-3", "tr-4"]
    assert player.ask("getSimilarSongs", id="tr-1", count=0)["similarSongs"]["song"] == []


def test_albums_and_artists_are_seeds_too(player):
    assert (
        "tr-1" not in (found := ids(player.ask("getSimilarSongs2", id="al-1")["similarSongs2"]["song"]))
        and found[0] == "tr-3"
    )
    of_artist = ids(player.ask("getSimilarSongs2", id="ar-2")["similarSongs2"]["song"])
    assert {"tr-3", "tr-4", "tr-5"}.isdisjoint(of_artist) and of_artist[0] in ("tr-2", "tr-6")


def test_what_the_listener_does_not_want_is_left_out(player):
    changed(player, lambda library: record_dislike(library, "ana", 2))
    changed(player, lambda library: record_never(library, 3, "ana"))
    changed(player, lambda library: record_never(library, 4))
    assert ids(player.ask("getSimilarSongs", id="tr-1", count=2)["similarSongs"]["song"]) == ["tr-5", "tr-6"]


def test_scores_are_cosines_and_paths_keep_their_ends(player):
    matches = player.ask("getSonicSimilarTracks", id="tr-1", count=2)["sonicMatch"]
    assert [one["similarity"] for one in matches] == pytest.approx([cos(radians(12)), cos(radians(24))], abs=1e-3)
    path = player.ask("findSonicPath", startSongId="tr-1", endSongId="tr-9", count=5)["sonicMatch"]
    assert [path[0]["entry"]["id"], path[-1]["entry"]["id"], len(path)] == ["tr-1", "tr-9", 5]
    likeness = [one["similarity"] for one in path]
    assert likeness[0] == 1 and likeness == sorted(likeness, reverse=True)
    assert player.error("findSonicPath", startSongId="tr-1", endSongId="tr-1")[0] == 0
    assert player.error("findSonicPath", startSongId="tr-1", endSongId="tr-99")[0] == 70
    assert player.error("findSonicPath", startSongId="tr-1")[0] == 10
    assert player.error("getSonicSimilarTracks", id="al-1")[0] == 70


def test_top_songs_are_those_that_were_played_most(player):
    for place in range(2):
        player.ask("scrobble", id="tr-4", time=1_600_000_000_000 + 1_000_000 * place)
    player.ask("scrobble", id="tr-5", time=1_600_000_000_000)
    assert ids(player.ask("getTopSongs", artist="bjork")["topSongs"]["song"]) == ["tr-4", "tr-5", "tr-3"]
    assert ids(player.ask("getTopSongs", id="ar-2", count=1)["topSongs"]["song"]) == ["tr-4"]
    assert player.ask("getTopSongs", artist="nobody")["topSongs"]["song"] == []


def test_similar_artists_are_others(player):
    found = player.ask("getArtistInfo2", id="ar-1")["artistInfo2"]["similarArtist"]
    assert [one["name"] for one in found] == ["Björk", "Can"]
    assert player.ask("getArtistInfo", id="tr-6", count=1)["artistInfo"]["similarArtist"][0]["name"] in ("Air", "Björk")
    assert player.error("getArtistInfo2", id="ar-9")[0] == 70
