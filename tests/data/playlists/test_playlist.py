"""Entries of playlists, by place and by name."""

import pytest

from earshot.data.playlists.playlist import Entry, entry_at, places_below, recording_mbid


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a.mp3", ("/lists/a.mp3",)),
        ("../100%25.mp3", ("/100%25.mp3", "/100%.mp3")),
        ("..\\M\\a.mp3", ("/M/a.mp3", "/lists/..\\M\\a.mp3")),
        ("D:\\M\\a.mp3", ("D:/M/a.mp3", "/lists/D:\\M\\a.mp3")),
        ("file:///m/a%20b.mp3", ("/m/a b.mp3",)),
    ],
)
def test_an_entry_by_its_place(text, paths):
    assert entry_at("/lists", text) == Entry(paths)


def test_an_entry_by_its_name():
    entry = entry_at("/lists", "http://radio/1", artist=" Air ", title="Talisman", album="")
    assert entry == Entry(artist="Air", title="Talisman") and entry.text == "Air - Talisman"
    assert entry_at("/lists", "a%20b.mp3", is_encoded=True, artist="Air", title="Talisman").text == "/lists/a b.mp3"
    assert entry_at("/lists", "", title="Talisman") is None


def test_the_recording_of_an_address():
    mbid = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
    assert recording_mbid("x", f"https://musicbrainz.org/recording/{mbid}") == mbid
    assert recording_mbid("https://musicbrainz.org/recording/x") is None


def test_each_of_many_playlists_of_one_name_has_a_place():
    titles = ["a", "a_2", "a", "a", *["b"] * 50_000]  # with a sign more for each, 8,000 took 46 s
    places = places_below("/x", titles)
    assert places[:4] == ["/x/a", "/x/a_2", "/x/a_3", "/x/a_4"] and len(set(places)) == len(titles)
    assert max(map(len, places)) == len("/x/b_50000")
