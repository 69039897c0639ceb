"""A player that others wrote, py-opensonic, against a server of a rendered library; and the door itself."""

import asyncio
import random
import shutil
import time
from xml.etree import ElementTree

import pytest
from libopensonic import Connection
from libopensonic.errors import CredentialError, DataNotFoundError, SonicError

from earshot.index.library import Library
from earshot.web.app import ServerSettings
from earshot.web.security.player_keys import keys_file, make_key
from earshot.web.subsonic.subsonic_routes import ENDPOINTS
from players import COMMON, Player, browsed_library, served
from web_client import signed_in


@pytest.fixture(scope="module", autouse=True)
def own_keys(tmp_path_factory):
    """Keys in a folder of this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="module")
def library(heard_library, tmp_path_factory):
    return shutil.copytree(heard_library, tmp_path_factory.mktemp("served") / "library")


@pytest.fixture(scope="module")
def port(library):
    with served(library) as port:
        yield port


def connected(port, *secrets, **options):
    return Connection("http://127.0.0.1", *secrets, port=port, **options)


@pytest.fixture(scope="module")
def a_song(library):
    with Player(library) as player:
        return player.ask("search3", query="")["searchResult3"]["song"][0]["id"]


def close(connection):
    connection.cleanup()
    connection._loop.close()  # which it leaves open


@pytest.fixture(scope="module")
def player(port):
    """The player with a key, by POST."""
    connection = connected(port, api_key=make_key(keys_file(), "music room", "ana"))
    yield connection
    close(connection)


@pytest.fixture
def songs(player):
    return player.search3("", song_count=500).song


def test_it_is_told_what_there_is(player):
    assert player.ping() and player.get_license()["license"] == {"valid": True}
    assert {one.name for one in player.get_open_subsonic_extensions()} >= {"apiKeyAuthentication", "sonicSimilarity"}
    assert player.token_info().username == "ana" and player.get_user("ana").stream_role
    assert [one.username for one in player.get_users()] == ["ana"]
    assert player.get_scan_status().count == 18
    with pytest.raises(SonicError, match="cli embed-audio"):
        player.start_scan()


@pytest.mark.parametrize("is_plain", [False, True])
def test_it_is_let_in_by_a_token_or_a_password(port, is_plain):
    password = make_key(keys_file(), f"phone {is_plain}", "ben", with_password=True)
    phone = connected(port, "ben", password, use_get=True, use_views=False, legacy_auth=is_plain)
    assert phone.ping() and phone.token_info().username == "ben"
    close(phone)


def test_it_browses_from_artists_to_songs(player, world):
    shown = [artist for index in player.get_artists().index for artist in index.artist]
    assert {artist.name for artist in shown} == {artist.name for artist in world.artists}
    artist = player.get_artist(shown[0].id)
    assert len(artist.album) == artist.album_count >= 1
    album = player.get_album(artist.album[0].id)
    assert len(album.song) == album.song_count and [song.track for song in album.song] == sorted(
        song.track for song in album.song
    )
    song = player.get_song(album.song[0].id)
    assert song == album.song[0] and song.artist_id == artist.id and song.album_id == album.id
    assert song.duration == 6 and song.suffix in song.path and song.size > 0
    assert player.get_indexes().index[0].artist[0].name
    folder = player.get_music_directory("1")
    albums = player.get_music_directory(folder.child[0].id)
    assert player.get_music_directory(albums.child[0].id).child[0].is_dir is False
    with pytest.raises(DataNotFoundError, match="There is no song tr-99999"):
        player.get_song("tr-99999")


def test_it_pages_through_everything(player, songs):
    assert len({song.id for song in songs}) == 18
    paged = [player.search3("", song_count=5, song_offset=start).song or [] for start in (0, 5, 10, 15, 20)]
    assert [song.id for page in paged for song in page] == [song.id for song in songs]
    found = player.search3(songs[3].title)
    assert found.song[0].title == songs[3].title
    by_artist = player.search3(songs[0].artist)
    assert by_artist.artist[0].name == songs[0].artist and by_artist.album
    assert player.search2(songs[0].artist).album[0].is_dir


@pytest.mark.parametrize("kind", ["random", "newest", "alphabeticalByName", "alphabeticalByArtist"])
def test_it_lists_all_albums(player, kind):
    everything = player.get_album_list2(kind, size=500)
    n = len(everything)
    assert n == len({album.id for album in everything}) > 2
    if kind != "random":
        assert player.get_album_list2(kind, size=2, offset=1) == everything[1:3]
    assert len(player.get_album_list(kind, size=500)) == n


def test_it_hears(player, songs, port):
    async def content(response):
        async with response:
            return response.status, response.headers["Content-Type"], await response.read()

    def heard(response):
        return asyncio.run_coroutine_threadsafe(content(response), player._loop).result()

    for song in songs:
        status, kind, whole = heard(player.stream(song.id))
        assert status == 200 and kind == (song.transcoded_content_type or song.content_type), song.suffix
        status, _, part = heard(player.stream(song.id, byte_range="bytes=100-199"))
        assert status == 206 and part == whole[100:200]
    status, _, file = heard(player.download(songs[0].id))
    assert (status, len(file)) == (200, songs[0].size)
    assert heard(player.stream(songs[0].id, tformat="mp3", max_bit_rate=64))[1] == "audio/mpeg"


def test_it_stars_rates_and_plays(player, songs):
    song, other = songs[5], songs[6]
    player.star([song.id], [song.album_id], [song.artist_id])
    starred = player.get_starred2()
    assert [one.id for one in starred.song] == [song.id] and starred.song[0].starred
    assert [one.id for one in starred.album] == [song.album_id]
    assert [one.id for one in starred.artist] == [song.artist_id]
    assert [one.id for one in player.get_album_list2("starred")] == [song.album_id]
    player.unstar([song.id], [song.album_id], [song.artist_id])
    starred = player.get_starred2()
    assert not (starred.song or starred.album or starred.artist)

    player.set_rating(other.id, 3)
    assert player.get_song(other.id).user_rating == 3
    assert player.get_album_list2("highest")[0].id == other.album_id
    player.set_rating(other.id, 0)
    assert player.get_song(other.id).user_rating is None

    before = player.get_song(song.id).play_count or 0
    player.scrobble(song.id, submission=False)
    assert player.get_now_playing()[0].id == song.id
    assert (player.get_song(song.id).play_count or 0) == before, "it only began"
    player.scrobble(song.id, listen_time=1_700_000_000 + 1_000 * before)
    assert player.get_song(song.id).play_count == before + 1
    assert player.get_album_list2("frequent")[0].id == song.album_id
    assert player.get_album_list2("recent")[0].id == song.album_id
    assert player.get_top_songs(song.artist)[0].id == song.id


def test_it_makes_playlists_and_a_queue(player, songs):
    ids = [song.id for song in songs]
    player.create_playlist(name="Evening", song_ids=ids[:3])
    (made,) = [one for one in player.get_playlists() if one.name == "Evening"]
    assert (made.song_count, made.owner, made.readonly) == (3, "ana", False)
    player.update_playlist(made.id, "Night", "calm", ids[3:5], [0])
    shown = player.get_playlist(made.id)
    assert (shown.name, shown.comment) == ("Night", "calm")
    assert [song.id for song in shown.entry] == [*ids[1:3], *ids[3:5]]
    player.delete_playlist(made.id)
    with pytest.raises(DataNotFoundError):
        player.get_playlist(made.id)

    player.save_play_queue(ids[:4], current=ids[2], position=1_500)
    queue = player.get_play_queue()
    assert (queue.current, queue.position, queue.changed_by) == (ids[2], 1_500, "py-opensonic")
    player.save_play_queue_by_index([ids[0], ids[0]], 1)
    assert player.get_play_queue_by_index().current_index == 1


def test_it_finds_what_is_similar(player, songs):
    seed, end = songs[0], songs[-1]
    found = player.get_similar_songs2(seed.id, 10)
    assert len(found) == 10 and seed.id not in {song.id for song in found}
    matches = player.get_sonic_similar_tracks(seed.id, 10)
    assert [match.entry.id for match in matches] == [song.id for song in found]
    scores = [match.similarity for match in matches]
    assert scores == sorted(scores, reverse=True) and all(0 <= score <= 1 for score in scores)
    path = player.find_sonic_path(seed.id, end.id, 6)
    assert [path[0].entry.id, path[-1].entry.id, len(path)] == [seed.id, end.id, 6]
    assert path[0].similarity == 1.0
    artists = player.get_artist_info2(seed.artist_id).similar_artist
    assert artists and seed.artist_id not in {artist.id for artist in artists}
    assert player.get_similar_songs(seed.album_id, 5) and player.get_similar_songs(seed.artist_id, 5)


def test_what_is_not_kept_is_answered_with_nothing(player, songs):
    assert player.get_lyrics().value == "" and player.get_lyrics_by_song_id(songs[0].id) == []
    assert player.get_bookmarks() == player.get_internet_radio_stations() == player.get_podcasts() == []
    assert player.get_album_info2(songs[0].album_id).notes is None


def test_a_wrong_password_is_refused_after_a_second(port):
    stranger = connected(port, "ana", "wrong")
    begin = time.monotonic()
    with pytest.raises(CredentialError, match="Wrong name or password"):
        stranger.ping()
    assert time.monotonic() - begin >= 1
    close(stranger)


def test_the_session_of_a_page_opens_nothing_here(library):
    with signed_in(library) as browser:
        told = browser.get("/rest/ping", params=COMMON | {"f": "json"}).json()["subsonic-response"]
        assert (told["error"]["code"], told["error"]["message"]) == (10, "The parameter u is missing.")


def test_a_form_and_the_address_are_one_request(library, a_song):
    with Player(library) as player:
        form = COMMON | {"apiKey": player.key, "f": "json"}
        for address, body in ((f"?id={a_song}", form), ("", form | {"id": a_song})):
            told = player.client.post(f"/rest/getSong.view{address}", data=body).json()["subsonic-response"]
            assert told["song"]["id"] == a_song
        assert player.client.get("/rest/getOpenSubsonicExtensions").status_code == 200


def test_pages_of_other_sites_may_not_ask_but_those_that_are_allowed(library, a_song):
    allowed = "https://player.example"
    for settings, origin in ((None, allowed), (ServerSettings(allowed_origins=(allowed,)), "https://evil.example")):
        with Player(library, settings) as player:
            player.client.headers["origin"] = origin
            for response in (player.get("ping"), player.client.options("/rest/ping"), player.get("stream", id=a_song)):
                assert "access-control-allow-origin" not in response.headers
                assert response.headers["cross-origin-resource-policy"] == "same-origin"
    with Player(library, ServerSettings(allowed_origins=(allowed,))) as player:
        player.client.headers["origin"] = allowed
        for response in (player.get("ping"), player.client.options("/rest/ping"), player.get("stream", id=a_song)):
            assert response.headers["access-control-allow-origin"] == allowed and response.headers["vary"] == "Origin"
            assert response.headers["cross-origin-resource-policy"] == "cross-origin"
        assert player.client.get("/sign-in").headers["cross-origin-resource-policy"] == "same-origin"


def test_what_it_does_not_speak_is_said(library):
    with Player(library) as player:
        response = player.get("jukeboxControl", f="json")
        assert response.status_code == 404 and response.json()["subsonic-response"]["error"]["code"] == 0
        assert "jsonp, which runs as a script" in player.get("ping", f="jsonp", callback="x").text
        assert player.error("stream", id="tr-99") == (70, "There is no track 99.")
        assert player.error("stream", id="/etc/passwd") == (70, "There is nothing with the id '/etc/passwd'.")


def test_a_library_that_is_written_waits_and_says_so(library, a_song):
    with Player(library) as player, Library.open_to_write(library):
        player.client.app.state.library._wait = 0.1
        code, sentence = player.error("star", id=a_song)
        assert code == 0 and "Nothing was changed" in sentence
        assert player.ask("getSong", id=a_song)


def test_keys_that_cannot_be_read_are_no_way_in(library, a_song):
    with Player(library) as player:
        keys_file().chmod(0o644)
        code, sentence = player.error("ping")
        keys_file().chmod(0o600)
        assert code == 0 and str(keys_file().parent) not in sentence and "cli keys" in sentence
        assert player.ask("ping")


def test_no_request_breaks_the_server(tmp_path):
    rng = random.Random(7)
    names = "id albumId type size offset query genre fromYear toYear artist time rating playlistId name songId"
    names += " songIndexToRemove current currentIndex position startSongId endSongId format timeOffset state mediaId"
    values = [
        "",
        "0",
        "-1",
        "7",
        "9" * 15,
        "1e5",
        "tr-1",
        "al-3",
        "an-0",
        "ar-2",
        "pl-1",
        "true",
        "Rock",
        "\0",
        "é(*",
        "byYear",
    ]
    with Player(browsed_library(tmp_path / "library")) as player:
        for _ in range(500):
            given = {name: rng.choices(values, k=rng.choice((1, 1, 2))) for name in rng.sample(names.split(), 5)}
            response = player.get(rng.choice(sorted(ENDPOINTS)), **given)
            assert response.status_code == 200
            if response.headers["content-type"] == "application/xml":
                ElementTree.fromstring(response.content)
