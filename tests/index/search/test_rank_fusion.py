"""Two lists fused by rank; filters and caps hold for the result."""

import numpy as np
import pytest

from earshot.index.recommending.tower_runs import store_tower_vectors
from earshot.index.runs import start_run
from earshot.index.search.filters import SearchFilters
from earshot.index.search.rank_fusion import reciprocal_rank_fusion, similar_by_both
from earshot.index.search.similarity_search import Match, Seed
from earshot.index.tracks.track_lookup import TrackRow
from earshot.index.vectors.spaces import AUDIO, TOWER, read_vector
from library_world import add, at, finish, heard, open_library, seed_of


def track(number):
    return TrackRow(number, None, f"Song {number}", None, None, None, None, None, None)


def matches(*numbers):
    return [Match(rank, 0.5, track(number)) for rank, number in enumerate(numbers, start=1)]


def test_ranks_are_fused_by_hand():
    best = reciprocal_rank_fusion({"audio": matches(1, 2, 3), "tower": matches(3, 4, 1)})
    # 1: 1/61 + 1/63; 3: 1/63 + 1/61, first in the later list; 2 and 4: 1/62
    assert [match.track.id for match in best] == [1, 3, 2, 4]
    expected = [1 / 61 + 1 / 63, 1 / 61 + 1 / 63, 1 / 62, 1 / 62]
    assert [match.score for match in best] == pytest.approx(expected)
    assert [match.rank for match in best] == [1, 2, 3, 4]
    assert best[0].ranks == {"audio": 1, "tower": 3} and best[3].ranks == {"tower": 2}
    assert reciprocal_rank_fusion({}) == []


@pytest.fixture
def library(tmp_path):
    """Track n sounds n degrees away from track 0, and is played as if it were 30 - n degrees away; 30 tracks."""
    library, head = open_library(tmp_path)
    with library:
        facts = [
            {"artist": f"Artist {n // 10}", "album": "Ä" if n % 2 else "B", "duration": 100.0 + n} for n in range(30)
        ]
        add(library, head, [heard(f"/{n}.mp3", at(n), title=f"Song {n}", **facts[n]) for n in range(30)])
        run, _ = start_run(library, "train-tower", {})
        played = np.stack([at(0), *(at(30 - n) for n in range(1, 30))])
        store_tower_vectors(library, run, np.arange(1, 31), played)
        finish(library)
        yield library


def both(library, track_id):
    heard_one = seed_of(library, track_id)
    return {AUDIO: heard_one, TOWER: Seed(**{**vars(heard_one), "vector": read_vector(library, TOWER, track_id)})}


def songs(answer):
    return [int(match.track.title.split()[1]) for match in answer.matches]


FREE = SearchFilters(k=6, max_per_artist=99)


def test_both_ends_come_before_the_middle(library):
    answer = similar_by_both(library, [both(library, 1)], [], FREE)
    assert set(songs(answer)) == {1, 2, 3, 27, 28, 29}  # the first three of each list
    assert answer.matches[0].ranks == {AUDIO: 1, TOWER: 29} and [match.rank for match in answer.matches] == list(
        range(1, 7)
    )


def test_a_seed_without_sound_asks_who_plays_it(library):
    by_taste = {TOWER: both(library, 1)[TOWER]}
    assert songs(similar_by_both(library, [by_taste], [], FREE)) == [29, 28, 27, 26, 25, 24]
    by_sound = {AUDIO: both(library, 1)[AUDIO]}
    assert songs(similar_by_both(library, [by_sound], [], FREE)) == [1, 2, 3, 4, 5, 6]


def test_shares_hold_for_the_blend_and_filters_for_both_lists(library):
    few = similar_by_both(library, [both(library, 1)], [], SearchFilters(k=6, max_per_artist=1))
    assert len(few.matches) == 3 and len({match.track.artist for match in few.matches}) == 3
    albums = similar_by_both(library, [both(library, 1)], [], SearchFilters(k=30, max_per_artist=99, max_per_album=2))
    assert [match.track.album for match in albums.matches].count("Ä") == 2 * 3  # an album of each artist
    short = similar_by_both(library, [both(library, 1)], [], SearchFilters(k=30, max_per_artist=99, max_duration=104.0))
    assert sorted(songs(short)) == [1, 2, 3, 4]
    other_artists = similar_by_both(
        library, [both(library, 1)], [], SearchFilters(k=30, max_per_artist=99, same_artist=False)
    )
    assert sorted(songs(other_artists)) == list(range(10, 30))


def test_a_list_that_comes_out_short_looks_deeper(library, monkeypatch):
    monkeypatch.setattr("earshot.index.search.rank_fusion._MIN_DEPTH", 1)
    whole = similar_by_both(library, [both(library, 1)], [], SearchFilters(k=3, max_per_artist=1))
    assert {match.track.artist for match in whole.matches} == {"Artist 0", "Artist 1", "Artist 2"}


def test_the_unwanted_pushes_in_both_and_why_tells_of_sound(library):
    answer = similar_by_both(library, [both(library, 1)], [both(library, 2)], FREE, why=True)
    assert not {0, 1} & set(songs(answer)) and all(match.moment is not None for match in answer.matches)
    assert songs(answer) != songs(similar_by_both(library, [both(library, 1)], [], FREE))
