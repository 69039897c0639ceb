"""The playlists in the collections of Traktor and rekordbox."""

import pytest

from dj_files import REKORDBOX, TRAKTOR, TRAKTOR_HISTORY
from earshot.data.playlists.dj_playlists import is_dj_collection
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import find_playlists, read_playlists


def written(path, text):
    path.write_text(text)
    return path


def test_the_playlists_of_traktor(tmp_path):
    path, told = written(tmp_path / "collection.nml", TRAKTOR), []
    mix, other = read_playlists(str(path), told.append)
    boy = ("/Users/me/Music/boy & co.mp3", "/Volumes/Macintosh HD/Users/me/Music/boy & co.mp3")
    assert (mix.path, mix.name, mix.n_elsewhere) == (f"{path}/Mix", "Mix", 0)
    assert mix.entries == [
        Entry(("/Volumes/USB/Sets/two.flac", "/Sets/two.flac"), "Can", "Two"),
        Entry(boy, "Air", "Sexy Boy", "Moon Safari"),
        Entry(("C:/Gone/x.mp3",)),
    ]
    assert (other.path, other.entries) == (f"{path}/Mix_2", [])
    assert told == [
        "collection.nml: 1 playlists of loops and recordings",
        "collection.nml: 1 playlists that are chosen by rules",
    ]
    assert list(find_playlists([str(tmp_path)])) == [str(path)]


def test_the_playlists_of_rekordbox(tmp_path):
    mix, by_place = read_playlists(str(written(tmp_path / "rekordbox.xml", REKORDBOX)))
    assert (mix.name, mix.n_elsewhere) == ("Mix", 1), "a track that is not there"
    assert mix.entries == [
        Entry(("/Users/me/two.mp3",)), Entry(("C:/Music/Björk & co.mp3",), "Air", "Sexy Boy", "Moon Safari"),
    ]  # fmt: skip
    assert (by_place.name, by_place.entries) == ("By place", [Entry(("/Users/me/3.mp3",), "Can", "Three")])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TRAKTOR_HISTORY, "holds no playlist; 1 that are histories, which `cli import-listens` reads"),
        (REKORDBOX.replace('Type="1"', 'Type="0"'), "x.xml holds no playlist$"),
        (TRAKTOR[:900], "x.xml is not XML"),
        (TRAKTOR.replace("<NML", '<!DOCTYPE a [<!ENTITY b "c">]><NML'), "x.xml declares XML entities"),
    ],
)
def test_what_holds_no_playlist_is_refused(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        read_playlists(str(written(tmp_path / "x.xml", text)))


def test_a_collection_is_known_by_its_beginning(tmp_path):
    assert is_dj_collection(str(written(tmp_path / "x.nml", TRAKTOR)))
    assert not is_dj_collection(str(written(tmp_path / "x.xml", "<rss/>")))
    assert not is_dj_collection(str(written(tmp_path / "x.txt", TRAKTOR)))
    assert not is_dj_collection(str(tmp_path / "none.nml"))
