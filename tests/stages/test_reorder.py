"""Playlists reordered, with entries that the library knows and others."""

import pytest

from earshot.index.library import LibraryError
from earshot.stages import reorder
from earshot.stages.reorder import reorder_playlist, reorder_tracks
from earshot.stages.shared.reports import StageError
from library_world import add, at, heard, open_library
from playlist_world import make_quarter_circle


@pytest.fixture
def library(tmp_path):
    with make_quarter_circle(tmp_path / "library") as library:
        yield library


def song(n):
    return f"/music/{'AB'[n > 5]}/{n:02}.mp3"


def playlist(tmp_path, *lines):
    path = tmp_path / "mix.m3u8"
    path.write_text("".join(f"{song(line) if isinstance(line, int) else line}\n" for line in lines))
    return path


def places(report):
    return [entry.before for entry in report.entries]


def test_tracks_by_id_flow_as_a_playlist_does(library):
    assert reorder_tracks(library, [1, 10, 4, 12, 7]) == [1, 4, 7, 10, 12]
    assert reorder_tracks(library, [1, 99, 10, 4]) == [1, 99, 4, 10], "what has no vector follows what it followed"
    with pytest.raises(StageError, match="no vector by audio of any entry of the playlist"):
        reorder_tracks(library, [99])


def test_tracks_flow_from_the_first(library, tmp_path):
    report = reorder_playlist(library, playlist(tmp_path, 0, 9, 3, 11, 6))
    assert places(report) == [1, 3, 5, 2, 4] and report.name == "mix"
    assert [entry.rank for entry in report.entries] == [1, 2, 3, 4, 5]
    assert [entry.track.title for entry in report.entries] == ["Song 0", "Song 3", "Song 6", "Song 9", "Song 11"]
    angles = [entry.angle for entry in report.entries]
    assert angles[0] is None and angles[1:] == pytest.approx([0.4189, 0.4189, 0.4189, 0.2793], abs=1e-3)
    before, now = report.mean_angles  # 72, 48, 64 and 40 degrees; 24, 24, 24 and 16
    assert (before, now) == pytest.approx((0.9774, 0.3840), abs=1e-3)
    assert report.unknown == [] and report.n_elsewhere == 0


def test_what_is_unknown_stays_behind_what_it_followed(library, tmp_path):
    lines = ["/x/intro.mp3", 0, 9, "/x/after 9.mp3", "/x/and this.mp3", 3, "http://radio.example/live"]
    report = reorder_playlist(library, playlist(tmp_path, *lines))
    texts = [entry.entry.text for entry in report.entries]
    assert texts == ["/x/intro.mp3", song(0), song(3), song(9), "/x/after 9.mp3", "/x/and this.mp3"]
    assert report.unknown == ["/x/intro.mp3", "/x/after 9.mp3", "/x/and this.mp3"] and report.n_elsewhere == 1
    assert [entry.track is None for entry in report.entries] == [True, False, False, False, True, True]


def test_entries_are_listed_as_the_library_knows_them_else_as_they_were(library, tmp_path):
    path = tmp_path / "mix.xspf"
    path.write_text(
        '<playlist xmlns="http://xspf.org/ns/0/"><trackList>'
        "<track><creator>Artist 0</creator><title>Song 1</title></track>"
        "<track><creator>Nobody</creator><title>Unheard</title><album>Of</album></track>"
        "<track><location>file:///x/1.mp3</location></track></trackList></playlist>"
    )
    listed = [entry.listed for entry in reorder_playlist(library, path).entries]
    assert (listed[0].path, listed[0].title, listed[0].album) == (song(1), "Song 1", "Album 0")
    assert (listed[1].path, listed[1].name, listed[1].album) == (None, "Nobody - Unheard", "Of")
    assert (listed[2].path, listed[2].title) == ("/x/1.mp3", "/x/1.mp3")


def test_one_song_twice_is_kept_twice_and_apart(library, tmp_path):
    report = reorder_playlist(library, playlist(tmp_path, 0, 3, 3, 6))
    assert sorted(places(report)) == [1, 2, 3, 4]
    titles = [entry.track.title for entry in report.entries]
    assert titles == ["Song 0", "Song 3", "Song 6", "Song 3"]


def test_what_cannot_be_ordered(library, tmp_path, monkeypatch):
    with pytest.raises(StageError, match="has no vector by audio of any entry of"):
        reorder_playlist(library, playlist(tmp_path, "/x/1.mp3"))
    (tmp_path / "x.xspf").write_text("<playlist>")
    with pytest.raises(StageError, match=r"x\.xspf is not XML"):
        reorder_playlist(library, tmp_path / "x.xspf")
    (tmp_path / "two.csv").write_text("title,artist,playlist name\nSong 1,Artist 0,One\nSong 2,Artist 1,Two\n")
    with pytest.raises(StageError, match=r"two\.csv holds 2 playlists \(One, Two\)"):
        reorder_playlist(library, tmp_path / "two.csv")
    monkeypatch.setattr(reorder, "MAX_TRACKS", 2)
    with pytest.raises(StageError, match="has 3 tracks; an order is looked for among at most 2"):
        reorder_playlist(library, playlist(tmp_path, 1, 2, 3))
    with pytest.raises(LibraryError, match="cli train-tower"):
        reorder_playlist(library, playlist(tmp_path, 1), space="tower")


def test_one_track_has_no_neighbours(library, tmp_path):
    report = reorder_playlist(library, playlist(tmp_path, 4))
    assert places(report) == [1] and report.mean_angles is None


def test_a_library_without_vectors(tmp_path):
    with (
        open_library(tmp_path / "library")[0] as library,
        pytest.raises(LibraryError, match="No track in this library"),
    ):
        reorder_playlist(library, playlist(tmp_path, 1))


def test_a_copy_that_was_removed_counts_as_unknown(library, tmp_path):
    """Its row is there, but no vector of it."""
    add(library, library.value("SELECT run_id FROM spaces"), [heard("/music/gone.mp3", at(3))])
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE path = '/music/gone.mp3'")
    report = reorder_playlist(library, playlist(tmp_path, 0, "/music/gone.mp3", 5))
    assert report.unknown == ["/music/gone.mp3"] and places(report) == [1, 2, 3]
