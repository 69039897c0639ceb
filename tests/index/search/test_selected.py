"""Names and addresses of what was selected."""

from earshot.index.search.selected import AmbiguousError, Selected
from earshot.index.tracks.track_lookup import TrackRow

ONE = TrackRow(7, "/a.mp3", "Song", "Ann", "Album", None, None, None, None)
TWO = TrackRow(8, "/b.mp3", "Other", "Ann", "Album", None, None, None, None)


def test_a_group_is_repeated_with_its_size_and_a_track_by_its_name():
    assert Selected("track", "", [ONE]).name == "Ann - Song"
    assert Selected("artist", "Ann", [ONE, TWO]).name == "Ann (artist, 2 tracks)"
    assert Selected("artist", "Ann", [ONE]).name == "Ann - Song", "her only one"
    assert Selected("folder", "/m", [ONE]).name == "/m (folder, 1 track)"
    assert Selected("playlist", "/m/x.m3u", [ONE], unknown=["x", "y"]).name == "/m/x.m3u (playlist, 1 of 3 entries)"


def test_addresses_can_be_typed():
    addresses = [Selected(*of, [ONE]).address for of in (("track", ""), ("genre", "Pop"), ("folder", "/my music"))]
    assert addresses == ["id:7", "genre:Pop", "'/my music'"]


def test_a_choice_says_how_many_there_are():
    tracks = [Selected("track", "", [ONE]), Selected("track", "", [TWO])]
    assert str(AmbiguousError("song", tracks)) == "'song' could be any of 2 tracks"
    with_artist = [Selected("artist", "Ann", [ONE, TWO]), *tracks]
    assert str(AmbiguousError("song", with_artist, more=True)) == "'song' could be any of 3 or more things"
