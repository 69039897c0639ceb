"""Rows by artist."""

from earshot.index.playlists.artist_spacing import ArtistRows


def test_rows_that_share_an_artist():
    rows = ArtistRows([{"air"}, {"björk", "air"}, set(), {"björk"}, {"can"}])
    assert rows.sharing([0]).tolist() == [0, 1]
    assert rows.sharing([1]).tolist() == [0, 1, 3]  # of either artist
    assert rows.sharing([0, 4, 4]).tolist() == [0, 1, 4]
    assert rows.sharing([2]).tolist() == rows.sharing([]).tolist() == [], "an unknown artist is nobody's"


def test_rows_of_artists():
    rows = ArtistRows([{"air"}, {"björk", "air"}])
    assert rows.of_artists({"björk", "nobody"}).tolist() == [1]
    assert rows.of_artists([]).tolist() == []
    assert ArtistRows([]).of_artists({"air"}).tolist() == []
