"""Facts of a listener, and a mark that changes with each of them."""

import pytest

from earshot.index.library import Library
from earshot.index.listens.favourites import ALBUM, Favourite, rate_node, star_node
from earshot.stages.playing.feedback import record_dislike, record_like, record_play, record_rating, record_unlike
from earshot.web.subsonic.listener_facts import read_facts, state_of_facts
from players import browsed_library


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(browsed_library(tmp_path / "library")) as library:
        yield library


def test_likes_ratings_plays_and_favourites_are_read(library):
    record_like(library, "ana", 1, 1_700_000_000)
    record_like(library, "ana", 2, 1_700_000_100)
    record_dislike(library, "ana", 3, 1_700_000_000)
    record_rating(library, "ana", 4, 3)
    record_play(library, "ana", 5, 1_700_000_000)
    with library.transaction():
        star_node(library, 1, ALBUM, 1, is_starred=True)
    facts = read_facts(library, "ana")
    assert list(facts.starred.items()) == [(2, 1_700_000_100), (1, 1_700_000_000)]
    assert facts.stars == {4: 3} and facts.plays[5].n_plays == 1 and facts.albums[1].starred and facts.artists == {}
    assert read_facts(library, "nobody").starred == {}


def test_the_state_changes_with_every_event(library):
    states = [state_of_facts(library)]
    for change in (
        lambda: record_like(library, "ana", 1),
        lambda: record_unlike(library, "ana", 1),
        lambda: record_play(library, "ana", 1, 1_700_000_000),
        lambda: record_rating(library, "ana", 1, 3),
        lambda: record_rating(library, "ana", 1, 2),
        lambda: star_node(library, 1, ALBUM, 1, is_starred=True),
        lambda: rate_node(library, 1, ALBUM, 1, 2),
        lambda: rate_node(library, 1, ALBUM, 1, 3),
    ):
        change()
        states.append(state_of_facts(library))
    assert len(set(states)) == len(states)
    assert read_facts(library, "ana").albums[1] == Favourite(read_facts(library, "ana").albums[1].starred, 3)
