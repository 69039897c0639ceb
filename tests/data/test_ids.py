"""Ids and rows never mix; the map between them is exact and complains by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.data.ids import IdMap


def test_rows_and_ids_by_hand():
    tracks = IdMap([30, 10, 20])
    assert tracks.rows([10, 30]).tolist() == [1, 0]
    assert tracks.ids([[2, 0], [1, 1]]).tolist() == [[20, 30], [10, 10]]
    assert tracks.all_ids.tolist() == [30, 10, 20]
    assert len(tracks) == 3 and 20 in tracks and 21 not in tracks and "20" not in tracks
    assert repr(tracks) == "<IdMap 3 rows>"


@given(st.lists(st.integers(-(2**62), 2**62), unique=True, min_size=1))
def test_there_and_back_again(ids):
    tracks = IdMap(ids)
    assert tracks.rows(tracks.all_ids).tolist() == list(range(len(ids)))


def test_the_ids_of_all_rows_are_a_copy():
    tracks = IdMap(np.array([30, 10]))
    tracks.all_ids[0] = 7
    assert tracks.all_ids.tolist() == [30, 10]


def test_a_stranger_is_named():
    with pytest.raises(KeyError, match="id 7 is not among 3 rows"):
        IdMap([30, 10, 20]).rows([10, 7])
    with pytest.raises(KeyError, match="id 7 is not among 0 rows"):
        IdMap([]).rows([7])


def test_an_id_stands_for_one_row():
    with pytest.raises(ValueError, match="id 5 stands for more than one row"):
        IdMap([5, 4, 5])
