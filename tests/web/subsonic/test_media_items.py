"""Songs, albums and artists as the API writes them."""

from dataclasses import replace

from earshot.index.browsing.album_rows import Album
from earshot.index.browsing.song_rows import Song
from earshot.stages.playing.feedback import PlayCount
from earshot.web.subsonic.listener_facts import ListenerFacts
from earshot.web.subsonic.media_items import album_folder, album_item, song_item

SONG = Song(
    id=7, recording_id=3, title="A/B", artist="Air; Can", artist_id=1, first_artist="Air", album="Moon",
    album_artist=None, album_key=5, album_artist_id=1, album_owner="Air", genre="Pop; Rock", year=1998,
    track_number=2, duration_s=180.6, size=4_500_000, sample_rate=44_100, channels=2, codec="flac",
    path="/private/x.FLAC", mtime_ns=1_600_000_000_000_000_000, mbid=None, isrc="X1",
)  # fmt: skip
NOTHING = ListenerFacts({}, {}, {}, {}, {})


def test_a_song_tells_what_is_known_and_not_where_it_lies():
    item = song_item(SONG, NOTHING)
    assert (item["id"], item["parent"], item["albumId"], item["artistId"]) == ("tr-7", "al-5", "al-5", "ar-1")
    assert (item["duration"], item["bitRate"], item["suffix"], item["contentType"]) == (181, 199, "flac", "audio/flac")
    assert item["path"] == "Air/Moon/02 A_B.flac" and "private" not in str(item)
    assert item["genres"] == [{"name": "Pop"}, {"name": "Rock"}] and item["isrc"] == ["X1"]
    assert item["created"] == "2020-09-13T12:26:40.000Z" and item["playCount"] == 0 and item["starred"] is None


def test_a_listener_is_told_by_recording_and_rates_by_track():
    facts = ListenerFacts({3: 1_600_000_000}, {7: 4}, {3: PlayCount(3, 9, 1_600_000_001)}, {}, {})
    item = song_item(SONG, facts)
    assert (item["starred"], item["userRating"], item["playCount"]) == ("2020-09-13T12:26:40.000Z", 4, 9)
    assert item["played"] == "2020-09-13T12:26:41.000Z"


def test_what_no_browser_plays_is_told_to_come_as_wav():
    alac = song_item(replace(SONG, codec="alac", path="/m/x.m4a"), NOTHING)
    assert (alac["contentType"], alac["transcodedContentType"], alac["transcodedSuffix"]) == (
        "audio/mp4",
        "audio/wav",
        "wav",
    )
    assert song_item(SONG, NOTHING)["transcodedSuffix"] is None
    cue = song_item(replace(SONG, path="/m/Album.cue/track0003"), NOTHING)
    assert (cue["suffix"], cue["contentType"]) == ("wav", "audio/wav")


def test_an_album_without_an_artist_and_songs_without_an_album():
    hits = Album(5, "Hits", None, None, "Various Artists", 2, 360.4, 2001, "Pop", None, 7)
    item = album_item(hits, NOTHING)
    assert (item["artist"], item["artistId"], item["isCompilation"]) == ("Various Artists", None, True)
    assert item["duration"] == 360 and item["created"].startswith("1970")
    folder = album_folder(replace(hits, key=-2, artist_id=1, owner="Air"), NOTHING)
    assert (folder["id"], folder["parent"], folder["isDir"], folder["title"]) == ("an-1", "ar-1", True, "Hits")
