"""Shares that sit out."""

import numpy as np

from earshot.index.playlists.variety import MAX_VARIETY, chosen_place, new_seed, taking_part

ROWS = np.arange(10, 2_010)


def test_without_variety_nothing_is_drawn():
    assert taking_part(ROWS, 1, 0.0, seed=1) is ROWS
    assert {chosen_place(0.0, seed, turn) for seed in range(3) for turn in range(3)} == {0}


def test_a_share_sits_out_and_a_seed_decides_which():
    parts = [taking_part(ROWS, 1, 0.3, seed) for seed in (1, 2, 1)]
    assert parts[0].tolist() == parts[2].tolist() != parts[1].tolist()
    for part in parts:
        assert 0.65 < len(part) / len(ROWS) < 0.75 and (np.diff(part) > 0).all()
    assert len(taking_part(ROWS, 1_999, MAX_VARIETY, 1)) == 1_999


def test_places_fall_as_if_each_track_in_turn_sat_out():
    # With a variety of 1/2, place 0 has the probability 1/2, place 1 a quarter.
    places = [chosen_place(0.5, seed=3, turn=turn) for turn in range(2_000)]
    assert 0.45 < places.count(0) / 2_000 < 0.55 and 0.2 < places.count(1) / 2_000 < 0.3
    assert places[:50] == [chosen_place(0.5, 3, turn) for turn in range(50)]
    assert places[:50] != [chosen_place(0.5, 4, turn) for turn in range(50)]


def test_seeds_are_new_ones():
    assert len({new_seed() for _ in range(20)}) > 10
