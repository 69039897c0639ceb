"""Names from folders, and what becomes of them when files are moved."""

import pytest

from earshot.index.tracks.folder_names import FIELDS, folder_names
from earshot.index.tracks.track_store import PendingFile, reuse_vectors
from library_world import add, at, heard, open_library

MOTHER = ("Mother", "Pink Floyd", "The Wall", 6, None, "path")


@pytest.fixture
def world(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        library.db.execute("INSERT INTO roots (path) VALUES ('/m'), ('/m/Pink Floyd')")
        yield library, head


def names(library, path):
    query = f"SELECT {', '.join(FIELDS)}, names_from FROM tracks WHERE path = ?"
    return library.db.execute(query, [path]).fetchone()


def move(library, head, old, new):
    (content_hash,) = library.db.execute("SELECT content_hash FROM tracks WHERE path = ?", [old]).fetchone()
    with library.transaction():
        assert reuse_vectors(library, PendingFile(new, 1_000, 1), content_hash, head)


def test_an_untagged_file(world):
    library, head = world
    path = "/m/Pink Floyd/The Wall/06 Mother.mp3"
    add(library, head, [heard(path, at(0)), heard("/m/Pink Floyd/The Wall/07 x.mp3", at(1), artist="Other", title="X")])
    assert names(library, path) == MOTHER
    assert names(library, "/m/Pink Floyd/The Wall/07 x.mp3") == ("X", "Other", None, None, None, "tags")
    query = "SELECT name FROM albums WHERE artist_id = (SELECT artist_id FROM tracks WHERE path = ?)"
    assert library.db.execute(query, [path]).fetchall() == [("The Wall",)]


def test_below_no_folder_of_the_library_paths_say_nothing(world):
    library, _ = world
    assert folder_names(library, "/elsewhere/Pink Floyd/The Wall/06 Mother.mp3") is None
    assert folder_names(library, "/m/Pink Floyd/The Wall/06 Mother.mp3").artist == "Pink Floyd"  # by the outer folder


def test_names_follow_a_moved_file(world):
    library, head = world
    old = "/m/Pink Floyd/The Wall/06 Mother.mp3"
    add(library, head, [heard(old, at(0))])
    move(library, head, old, "/m/Floyd/Wall/01 Mum.mp3")
    assert names(library, "/m/Floyd/Wall/01 Mum.mp3") == ("Mum", "Floyd", "Wall", 1, None, "path")
    move(library, head, "/m/Floyd/Wall/01 Mum.mp3", "/m/loose.mp3")
    assert names(library, "/m/loose.mp3") == ("loose", None, None, None, None, "tags")
    move(library, head, "/m/loose.mp3", old)
    assert names(library, old) == MOTHER


def test_tags_stay_with_a_moved_file(world):
    library, head = world
    add(library, head, [heard("/m/A/B/01 x.mp3", at(0), artist="Ann", title="Tagged")])
    move(library, head, "/m/A/B/01 x.mp3", "/m/C/D/02 y.mp3")
    assert names(library, "/m/C/D/02 y.mp3") == ("Tagged", "Ann", None, None, None, "tags")


def test_a_copy_has_the_names_of_its_own_path(world, tmp_path):
    library, head = world
    library.db.execute("INSERT INTO roots (path) VALUES (?)", [str(tmp_path)])
    first = tmp_path / "Ann" / "Post" / "01 One.mp3"
    first.parent.mkdir(parents=True)
    first.write_bytes(b"there")
    add(library, head, [heard(str(first), at(0))])
    move(library, head, str(first), str(tmp_path / "Bob" / "Lot" / "02 Two.mp3"))
    assert names(library, str(first)) == ("One", "Ann", "Post", 1, None, "path")
    assert names(library, str(tmp_path / "Bob" / "Lot" / "02 Two.mp3")) == ("Two", "Bob", "Lot", 2, None, "path")
