"""Keys get rows in the order of their first occurrence."""

import numpy as np
import polars as pl

from earshot.data.listens.vocabulary import Vocabulary


def test_numbers_follow_the_order_of_first_sight():
    names = Vocabulary()
    assert names.rows(pl.DataFrame({"key": ["b", "a", "b"], "fact": [1, 2, 3]})).tolist() == [0, 1, 0]
    rows = names.rows(pl.DataFrame({"key": ["c", "a", "c", "d"], "fact": [4, 5, 6, 7]}))
    assert rows.tolist() == [2, 1, 2, 3] and rows.dtype == np.int32
    assert names.column("key").to_list() == ["b", "a", "c", "d"] and names.column("fact").to_list() == [1, 2, 4, 7]
    assert len(names) == 4 and len(Vocabulary()) == 0 and Vocabulary().column("key").to_list() == []


def test_keys_may_be_numbers_small_or_great():
    for keys, more in (([7, 3, 7], [9, 3]), ([2**40, -5, 2**40], [0, -5])):
        names = Vocabulary()
        assert names.rows(pl.DataFrame({"key": keys})).tolist() == [0, 1, 0]
        assert names.rows(pl.DataFrame({"key": more})).tolist() == [2, 1]
        assert names.column("key").to_list() == [*keys[:2], more[0]]
        assert names.rows(pl.DataFrame({"key": []}, schema={"key": pl.Int64})).tolist() == []


def test_many_keys_in_many_blocks_keep_their_rows(rng):
    names, known = Vocabulary(), {}
    for _ in range(20):
        keys = [f"name {number}" for number in rng.integers(0, 3_000, 400)]
        expected = [known.setdefault(key, len(known)) for key in keys]
        assert names.rows(pl.DataFrame({"key": keys})).tolist() == expected
    assert names.column("key").to_list() == list(known) and len(names) == len(known)
