"""Names become rows, in whatever batches they come."""

import numpy as np
import polars as pl
import pytest

from earshot.data.listens.event_batch import Batch
from earshot.data.listens.event_collector import EventCollector, Vocabulary


def batch(*rows, **options):
    return Batch(pl.DataFrame(rows, schema=["user", "artist", "title", "time_s"], orient="row"), **options)


def test_case_makes_no_other_track(tmp_path):
    with EventCollector(tmp_path) as collector:
        collector.add(batch(("u", "Air", "One", 5), ("v", "Can", "Two", 6)))
        collector.add(batch(("v", "AIR", "one", 3), ("u", None, "x.mp3", 4), ("u", None, "X.mp3", 4)))
        assert repr(collector) == "<EventCollector 2 users x 4 tracks, 5 events>"
        assert collector.users == ["u", "v"]
        assert collector.items.names == ["Air - One", "Can - Two", "x.mp3", "X.mp3"]  # paths have case
        ids = np.array([70, 71, 72, 73])
        events = pl.concat(collector.events(np.array([20, 10]), ids))
    rows = events.select("user_id", "track_id", "time_s", "plays", "kind", "ratio").rows()
    # by the rows of users, so u comes first although its id is greater
    assert rows == [
        (20, 72, 4, 1.0, 0, None), (20, 73, 4, 1.0, 0, None), (20, 70, 5, 1.0, 0, None),
        (10, 70, 3, 1.0, 0, None), (10, 71, 6, 1.0, 0, None),
    ]  # fmt: skip


def test_what_lies_on_disk_is_gone_at_the_end(tmp_path):
    with EventCollector(tmp_path) as collector:
        collector.add(batch(("u", "Air", "One", 5)))
        assert list(tmp_path.rglob("*.parquet"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RuntimeError), EventCollector(tmp_path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_was_wrong_adds_up(tmp_path):
    with EventCollector(tmp_path) as collector:
        collector.add(batch(n_malformed=4, malformed=("a", "b", "c", "d"), left_out={"podcasts": 2}))
        collector.add(batch(n_malformed=3, malformed=("e", "f", "g"), left_out={"podcasts": 1, "audiobooks": 1}))
        assert collector.n_malformed == 7 and collector.malformed == ("a", "b", "c", "d", "e")
        assert collector.left_out == {"podcasts": 3, "audiobooks": 1}
        assert len(collector) == 0 and collector.users == [] and len(collector.items) == 0


@pytest.mark.parametrize("at_once", [1, 1_000])
def test_what_two_parts_know_is_there_once(tmp_path, at_once):
    """One twice at 5 in the first part and thrice in the second is thrice; at no known time nothing is the same."""
    first = [("u", "Air", "One", 5), ("u", "Air", "One", 5), ("u", "Air", "One", None), ("v", "Air", "One", 5)]
    second = [("u", "Air", "One", 5)] * 3 + [("u", "AIR", "one", None), ("u", "Air", "Two", 5), ("u", "Air", "One", 4)]
    with EventCollector(tmp_path, events_at_once=at_once) as collector:
        collector.add(batch(*second[:2], part=1))
        collector.add(batch(*first, part=0))
        collector.add(batch(*second[2:], part=1))
        events = pl.concat(collector.events(np.array([7, 8]), np.array([50, 51])))
        assert len(collector) == 10
    assert events.select("user_id", "track_id", "time_s").rows() == [
        *[(7, 50, None), (7, 50, None), (7, 50, 4), (7, 50, 5), (7, 50, 5), (7, 50, 5), (7, 51, 5)],
        (8, 50, 5),
    ]


def test_a_kind_that_is_not_said_is_a_listen(tmp_path):
    frame = pl.DataFrame({"user": ["u", "u"], "title": ["x", "y"], "kind": [None, 1], "split": [None, 2]})
    with EventCollector(tmp_path) as collector:
        collector.add(Batch(frame))
        (events,) = collector.events(np.array([1]), np.array([5, 6]))
    assert events.select("track_id", "plays", "kind", "split").rows() == [(5, 1.0, 0, None), (6, 1.0, 1, 2)]


def test_numbers_get_their_prefix(tmp_path):
    with EventCollector(tmp_path, prefix="yambda:") as collector:
        collector.add(Batch(pl.DataFrame({"user": [7], "title": [30], "time_s": [5]})))
        assert (collector.users, collector.items.titles) == (["yambda:7"], ["yambda:30"])
        assert collector.items.artists == [None] and collector.item_numbers().tolist() == [30]


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


def test_an_album_makes_an_item_of_its_own_but_no_listen(tmp_path):
    """The library may hold both; one part names the album and another does not."""
    schema = ["user", "artist", "title", "album", "time_s"]
    first = pl.DataFrame([("u", "Air", "One", "Moon", 5), ("u", "air", "one", "Best", 900)], schema, orient="row")
    with EventCollector(tmp_path) as collector:
        collector.add(Batch(first))
        collector.add(Batch(first.drop("album"), part=1))
        assert len(collector.items) == 3 and collector.items.albums == ["Moon", "Best", None]
        events = pl.concat(collector.events(np.array([7]), np.array([50, 51, 52])))
    assert events.select("track_id", "time_s").rows() == [(50, 5), (51, 900)]


def test_what_is_noted_of_all_batches(tmp_path):
    frame = pl.DataFrame({"user": ["u"], "title": ["x"], "time_s": [5]})
    with EventCollector(tmp_path) as collector:
        for notes in (("one", "two"), ("two", "three")):
            collector.add(Batch(frame, notes=notes, n_early=2))
        assert list(collector.notes) == ["one", "two", "three"] and collector.n_early == 4
