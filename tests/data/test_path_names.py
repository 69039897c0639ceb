"""Names in paths, of folders as rippers, shops and people make them."""

import os
import unicodedata

import pytest

from earshot.data.path_names import PathNames, file_title, lacking_names, names_of_path

TIME = PathNames("Pink Floyd", "The Wall", "Mother", 6)


@pytest.mark.parametrize(
    "path",
    [
        "Pink Floyd/The Wall/06 Mother.mp3", "Pink Floyd/The Wall/06. Mother.flac", "Pink_Floyd/The_Wall/06_Mother.ogg",
        "Pink Floyd/The Wall/06 - Mother.mp3",
        "Pink Floyd/The Wall/6. Mother.mp3", "Pink Floyd/The Wall/1-06 Mother.mp3",
        "Pink Floyd/The Wall/CD 1/06 Mother.mp3", "Pink Floyd/The Wall/Disc 1/06 Mother.mp3",
        "Rock/Pink Floyd/The Wall/06 Mother.mp3", "Pink Floyd/1979 - The Wall/06 Mother.mp3",
        "Pink Floyd/(1979) The Wall [FLAC]/06 Mother.flac", "Pink Floyd/Pink Floyd - The Wall (1979)/06 Mother.mp3",
        "Pink Floyd/The Wall/06 - Pink Floyd - Mother.mp3",
    ],
)  # fmt: skip
def test_artist_album_number_and_title(path):
    assert names_of_path(path) == TIME


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("Various Artists/Now/03 Ann - Song.mp3", PathNames("Ann", "Now", "Song", 3, "Various Artists")),
        ("Compilations/Now/03 Song.mp3", PathNames(None, "Now", "Song", 3, "Various Artists")),
        ("Unknown Artist/Unknown Album/01 Track 01.wma", PathNames(None, None, None, 1)),
        ("Prince/1999/01 1999.mp3", PathNames("Prince", "1999", "1999", 1)),
        ("椎名林檎/無罪モラトリアム/03 丸の内.flac", PathNames("椎名林檎", "無罪モラトリアム", "丸の内", 3)),
        ("Ann/Post/01.mp3", PathNames("Ann", "Post", None, 1)),
    ],
)
def test_folders_of_samplers_and_of_nobody(path, names):
    assert names_of_path(path) == names


@pytest.mark.parametrize(
    "path",
    ["01 Song.mp3", "Ann/01 Song.mp3", "Ann/Post/Song.mp3", "Nena/Nena/99 Luftballons.mp3", "Music/Ann/01 Song.mp3",
     "mp3/new/02 - x.mp3", "Ann/Post/2001 A Space Odyssey.mp3"],
)  # fmt: skip
def test_paths_that_say_nothing(path):
    assert names_of_path(path) is None


def test_letters_of_paths():
    found = PathNames("Björk", "Début", "Jóga", 1)
    assert names_of_path(unicodedata.normalize("NFD", "Björk/Début/01 Jóga.mp3")) == found
    assert names_of_path(os.fsdecode("Björk/Début/01 Jóga.mp3".encode("latin-1"))) == found
    assert names_of_path(os.fsdecode("Кино/Группа крови/01 Война.mp3".encode("cp1251"))).artist == "Кино"


def test_siblings_tell_a_number_from_a_title():
    assert names_of_path("Ann/Post/12 Monkeys.mp3", ["12 Monkeys.mp3", "99 Red.mp3"]) is None
    found = names_of_path("Ann/Post/12 Monkeys.mp3", ["12 Monkeys.mp3", "01 One.mp3"])
    assert found == PathNames("Ann", "Post", "Monkeys", 12)


def test_tags_come_first():
    nothing = dict.fromkeys(("title", "artist", "album", "track_number", "album_artist"))
    found = {"title": "Mother", "artist": "Pink Floyd", "album": "The Wall", "track_number": 6}
    assert lacking_names(nothing, TIME) == lacking_names(nothing | {"title": "Track 06"}, TIME) == found
    assert lacking_names(nothing | {"artist": "Roger Waters"}, TIME) == {}
    assert lacking_names(nothing | {"album": "Animals"}, TIME) == {}
    assert lacking_names(nothing | {"album": "THE WALL", "title": "Own"}, TIME) == {
        "artist": "Pink Floyd", "track_number": 6
    }  # fmt: skip
    assert lacking_names(nothing, None) == {}


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/a/01 - Song.mp3", "01 - Song"),
        ("/a/Mr. Brightside.flac", "Mr. Brightside"),
        ("/a/noext", "noext"),
        ("/a/two\n lines.mp3", "two lines"),
    ],
)
def test_a_file_without_a_title_is_called_by_its_name(path, title):
    assert file_title(path) == title
