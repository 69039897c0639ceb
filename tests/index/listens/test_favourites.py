"""Albums and artists that a listener starred or rated."""

import pytest

from earshot.index.listens.favourites import ALBUM, ARTIST, Favourite, favourites, rate_node, star_node
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{n}.mp3", at(n), artist=f"A{n}", album=f"B{n}") for n in range(3)])
        library.db.execute("INSERT INTO users (id, name) VALUES (1, 'ana'), (2, 'ben')")
        yield library


def test_a_star_stays_as_old_as_it_is_until_it_is_taken_back(library):
    star_node(library, 1, ALBUM, 2, is_starred=True)
    library.db.execute("UPDATE favourites SET starred = '2001-01-01T00:00:00.000+00:00'")
    star_node(library, 1, ALBUM, 2, is_starred=True)
    star_node(library, 1, ALBUM, 1, is_starred=True)
    assert list(favourites(library, 1, ALBUM)) == [1, 2], "the latest first"
    assert favourites(library, 1, ALBUM)[2].starred.startswith("2001")
    assert favourites(library, 1, ARTIST) == favourites(library, 2, ALBUM) == {}
    star_node(library, 1, ALBUM, 2, is_starred=False)
    assert list(favourites(library, 1, ALBUM)) == [1]
    star_node(library, 1, ALBUM, 3, is_starred=False)
    assert library.value("SELECT count(*) FROM favourites") == 1


def test_a_rating_and_a_star_are_two_things(library):
    rate_node(library, 1, ARTIST, 3, 4)
    assert favourites(library, 1, ARTIST) == {3: Favourite(None, 4)}
    star_node(library, 1, ARTIST, 3, is_starred=True)
    rate_node(library, 1, ARTIST, 3, 0)
    assert favourites(library, 1, ARTIST)[3].stars is None and favourites(library, 1, ARTIST)[3].starred
    star_node(library, 1, ARTIST, 3, is_starred=False)
    assert favourites(library, 1, ARTIST) == {}


def test_what_does_not_exist_is_refused(library):
    with pytest.raises(ValueError, match="no album 4"):
        star_node(library, 1, ALBUM, 4, is_starred=True)
    with pytest.raises(ValueError, match="6 is no rating"):
        rate_node(library, 1, ARTIST, 1, 6)
    assert favourites(library, 1, ALBUM) == {}
