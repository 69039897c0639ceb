"""Answers in JSON and XML: one tree, and the shapes of the API's documentation."""

import json
from xml.etree import ElementTree

import pytest

from earshot.web.subsonic.subsonic_answers import NOT_FOUND, SubsonicError, answer, failure_answer
from earshot.web.subsonic.subsonic_routes import ENDPOINTS
from players import NAMESPACE
from subsonic_shapes import SHAPES, as_tree, misfits, without_empty_lists

ASKED = {
    "ping": {}, "getLicense": {}, "tokenInfo": {}, "getUser": {"username": "ana"}, "getUsers": {}, "getScanStatus": {},
    "getLyrics": {}, "getLyricsBySongId": {"id": "tr-1"}, "getBookmarks": {}, "getInternetRadioStations": {},
    "getNewestPodcasts": {}, "getPodcasts": {}, "getShares": {}, "getVideos": {}, "getMusicFolders": {},
    "getIndexes": {}, "getMusicDirectory": {"id": "ar-1"}, "getArtists": {}, "getArtist": {"id": "ar-2"},
    "getAlbum": {"id": "al-2"}, "getSong": {"id": "tr-5"}, "getGenres": {}, "getAlbumInfo": {"id": "al-1"},
    "getAlbumInfo2": {"id": "al-1"}, "getAlbumList": {"type": "alphabeticalByName"},
    "getAlbumList2": {"type": "alphabeticalByArtist"}, "getRandomSongs": {"genre": "krautrock", "toYear": 1980},
    "getSongsByGenre": {"genre": "Rock"}, "getStarred": {}, "getStarred2": {}, "search2": {"query": ""},
    "search3": {"query": ""}, "getSimilarSongs": {"id": "tr-1"}, "getSimilarSongs2": {"id": "al-1"},
    "getSonicSimilarTracks": {"id": "tr-1"}, "findSonicPath": {"startSongId": "tr-1", "endSongId": "tr-8", "count": 4},
    "getTopSongs": {"artist": "air"}, "getArtistInfo": {"id": "ar-1"}, "getArtistInfo2": {"id": "ar-1"},
    "getNowPlaying": {}, "getPlaylists": {}, "getPlaylist": {"id": "pl-1"}, "getPlayQueue": {},
    "getPlayQueueByIndex": {}, "getOpenSubsonicExtensions": {},
}  # fmt: skip
CHANGING = {"star", "unstar", "setRating", "scrobble", "createPlaylist", "updatePlaylist", "deletePlaylist"}
CHANGING |= {"savePlayQueue", "savePlayQueueByIndex", "startScan", "reportPlayback"}
OF_BYTES = {"stream", "download", "getCoverArt", "getAvatar"}


@pytest.fixture
def busy_player(player, monkeypatch):
    """A player of which everything is known that an answer may hold."""
    monkeypatch.setattr("earshot.web.subsonic.play_endpoints.time", lambda: 1_700_000_100.0)
    player.ask("star", id="tr-5", albumId="al-2", artistId="ar-2")
    for item in ("tr-5", "al-2", "ar-2"):
        player.ask("setRating", id=item, rating=5)
    player.ask("scrobble", id="tr-5", time=1_700_000_000_000)
    player.ask("scrobble", id="tr-6", submission="false")
    player.ask("createPlaylist", name="List", songId=["tr-1", "tr-5"])
    player.ask("updatePlaylist", playlistId="pl-1", comment="so & so")
    player.ask("savePlayQueue", id=["tr-1", "tr-5"], current="tr-5")
    return player


def test_every_answer_has_its_shape_in_json_and_says_the_same_in_xml(busy_player):
    for name, parameters in ASKED.items():
        told = busy_player.ask(name, **parameters)
        assert list(misfits(told)) == [], name
        said = as_tree(busy_player.element(f"{name}.view", **parameters))
        assert list(misfits(said)) == [], name
        assert said == without_empty_lists(told), name


def test_a_shape_refuses_what_the_schema_does():
    song = {"id": "tr-1", "isDir": False, "title": "One", "size": 2**40, "userRating": 5}
    assert list(misfits(song, SHAPES["Child"])) == []
    for wrong in ({"userRating": 0}, {"year": 2**31}, {"size": 2**63}, {"created": "2020-09-13 12:26"}):
        assert len(list(misfits(song | wrong, SHAPES["Child"]))) == 1
    artist = {"id": "ar-1", "name": "Air", "albumCount": 1}
    for names, is_right in (("artist song", True), ("song artist", False)):
        found = {name: [{"artist": artist, "song": song}[name]] for name in names.split()}
        element = ElementTree.fromstring(answer({"searchResult3": found}, "xml").body)
        if is_right:
            assert as_tree(element)["searchResult3"] == found
        else:
            with pytest.raises(AssertionError, match="another order"):
                as_tree(element)


def test_every_endpoint_is_asked():
    asked = {name.lower() for name in {*ASKED, *CHANGING, *OF_BYTES} - {"getOpenSubsonicExtensions"}}
    assert asked == set(ENDPOINTS)


def test_a_tree_becomes_attributes_elements_and_text():
    values = {"genres": {"genre": [{"value": "R&B", "songCount": 2}]}, "is": False, "gone": None, "n": [1, 2]}
    root = ElementTree.fromstring(answer(values, "xml").body)
    assert root.tag == f"{NAMESPACE}subsonic-response"
    assert root.attrib == {
        "status": "ok",
        "version": "1.16.1",
        "type": "earshot",
        "openSubsonic": "true",
        "is": "false",
    } | {"serverVersion": root.attrib["serverVersion"]}
    genre = root.find(f"{NAMESPACE}genres/{NAMESPACE}genre")
    assert (genre.text, genre.attrib) == ("R&B", {"songCount": "2"})
    assert [one.text for one in root.findall(f"{NAMESPACE}n")] == ["1", "2"]
    told = json.loads(answer(values, "json").body)["subsonic-response"]
    assert told["genres"] == values["genres"] and told["is"] is False and "gone" not in told and told["n"] == [1, 2]


def test_a_name_that_xml_cannot_hold_is_still_answered():
    root = ElementTree.fromstring(answer({"song": {"title": 'a\x00\x0b"<&>\ufffeé\n'}}, "xml").body)
    assert root.find(f"{NAMESPACE}song").attrib["title"] == 'a\ufffd\ufffd"<&>\ufffdé\n'


def test_a_failure_has_a_code_and_the_status_200():
    response = failure_answer(SubsonicError(NOT_FOUND, "No <such> song."), "xml")
    assert response.status_code == 200
    root = ElementTree.fromstring(response.body)
    assert root.attrib["status"] == "failed"
    assert root.find(f"{NAMESPACE}error").attrib == {"code": "70", "message": "No <such> song."}
