"""Sound and covers by ids, and plays as players tell them."""

import time

import pytest
from PIL import Image

from earshot.index.library import Library
from earshot.stages.playing.feedback import recent_feedback
from played_files import library_of_files, write_noise
from players import Player


@pytest.fixture
def sounding(tmp_path, own_keys):
    """A player of one song that is a flac file."""
    write_noise(tmp_path, "flac")
    library_of_files(tmp_path / "library", tmp_path / "noise.flac", artist="Air", album="Moon")
    with Player(tmp_path / "library") as player:
        yield player


def plays(player, listener="ana"):
    with Library.open(player.client.app.state.library.folder) as library:
        return [(one.track_id, one.time_s) for one in recent_feedback(library, listener)]


def test_a_song_is_sent_whole_in_parts_encoded_and_from_a_moment_on(sounding):
    whole = sounding.get("stream", id="tr-1")
    assert whole.headers["content-type"] == "audio/flac" and whole.content.startswith(b"fLaC")
    key = {"v": "1.16.1", "c": "t", "apiKey": sounding.key, "id": "tr-1"}
    part = sounding.client.get("/rest/stream.view", params=key, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert sounding.client.get("/rest/stream", params=key, headers={"Range": "bytes=9999999-"}).status_code == 416
    assert sounding.client.head("/rest/stream", params=key).headers["content-length"] == str(len(whole.content))
    assert sounding.get("download", id="tr-1").content == whole.content
    for form in ("raw", "flac", "unheard-of"):
        assert sounding.get("stream", id="tr-1", format=form).content == whole.content, form
    encoded = sounding.get("stream", id="tr-1", maxBitRate=64)
    later = sounding.get("stream", id="tr-1", maxBitRate=64, timeOffset=3)
    assert encoded.headers["content-type"] == later.headers["content-type"] == "audio/mpeg"
    assert len(later.content) < len(encoded.content) / 2
    assert sounding.get("stream", id="tr-1", format="ogg").headers["content-type"] == "audio/ogg"


def test_a_picture_is_of_anything_with_a_song(sounding, tmp_path):
    assert sounding.error("getCoverArt", id="tr-1")[0] == 70, "one that is drawn is for browsers"
    Image.new("RGB", (90, 90), "red").save(tmp_path / "cover.png")
    sounding.ask("createPlaylist", name="P", songId="tr-1")
    for item in ("tr-1", "al-1", "ar-1", "pl-1"):
        response = sounding.get("getCoverArt", id=item, size=64)
        assert response.status_code == 200 and response.headers["content-type"] == "image/jpeg", item
    for item in ("al-2", "ar-2", "an-1", "pl-2", "tr-2", "x-1"):
        assert sounding.error("getCoverArt", id=item)[0] == 70, item


def test_plays_are_listens_at_once(player):
    player.ask("scrobble", id=["tr-1", "tr-2"], time=[1_600_000_000_500, 1_600_000_300_000])
    assert plays(player) == [(2, 1_600_000_300), (1, 1_600_000_000)]
    player.ask("scrobble", id="tr-1", time=1_600_000_000_500)
    assert len(plays(player)) == 2, "a player that tries again tells no news"
    player.ask("scrobble", id="tr-3")
    assert plays(player)[0][0] == 3 and abs(plays(player)[0][1] - time.time()) < 60


def test_a_song_that_plays_is_shown_and_its_begin_is_kept(player, monkeypatch):
    player.ask("scrobble", id="tr-1", submission="false")
    assert plays_nobody(player)
    (entry,) = player.ask("getNowPlaying")["nowPlaying"]["entry"]
    assert (entry["id"], entry["username"], entry["minutesAgo"], entry["playerName"]) == ("tr-1", "ana", 0, "test")
    begin = time.time()
    monkeypatch.setattr("earshot.web.subsonic.play_endpoints.time", lambda: begin + 170)
    player.ask("scrobble", id="tr-1")
    assert plays(player)[0][1] <= begin, "not when it was over"


def test_a_skip_is_known_by_what_was_heard(player, monkeypatch):
    clock = [time.time() - 1_000]
    monkeypatch.setattr("earshot.web.subsonic.play_endpoints.time", lambda: clock[0])

    def report(after, track, state, position, **more):
        clock[0] += after
        player.ask("reportPlayback", mediaId=track, mediaType="song", state=state, positionMs=1_000 * position, **more)

    report(0, "tr-1", "starting", 0)
    report(1, "tr-1", "playing", 0)
    report(12, "tr-1", "stopped", 12)
    report(0, "tr-2", "playing", 0)
    (entry,) = player.ask("getNowPlaying")["nowPlaying"]["entry"]
    assert (entry["id"], entry["state"], entry["positionMs"]) == ("tr-2", "playing", 0)
    report(90, "tr-3", "playing", 0, ignoreScrobble="true")
    report(90, "tr-3", "stopped", 90, ignoreScrobble="true")
    with Library.open(player.client.app.state.library.folder) as library:
        events = [(one.track_id, one.played_ms) for one in recent_feedback(library, "ana")]
    assert events == [(2, 90_000), (1, 12_000)]
    for wrong in ({"state": "dancing"}, {"mediaType": "podcast"}, {"positionMs": "x"}, {"playbackRate": "fast"}):
        right = {"mediaId": "tr-1", "mediaType": "song", "state": "playing", "positionMs": 0}
        assert player.error("reportPlayback", **right | wrong)[0] == 0


def plays_nobody(player):
    with Library.open(player.client.app.state.library.folder) as library:
        return library.value("SELECT count(*) FROM listens") == 0


def test_a_play_of_nothing_changes_nothing(player):
    assert player.error("scrobble", id=["tr-1", "tr-99"])[0] == 70
    assert player.error("scrobble", id=["tr-1", "tr-2"], time=[1])[0] == 0
    assert player.error("scrobble", id="tr-1", time="yesterday")[0] == 0
    assert player.error("scrobble", id=["tr-1", "tr-2"], time=[1_600_000_000_000, 10**15 - 1])[0] == 0
    assert player.error("scrobble")[0] == 10
    assert plays_nobody(player)
