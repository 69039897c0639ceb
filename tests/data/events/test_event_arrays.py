"""Files of events by hand, and the arrays that training reads."""

import numpy as np
import polars as pl
import pytest

from earshot.data.events.event_arrays import build_arrays, open_arrays
from earshot.data.events.event_log import write_events
from event_blocks import DISLIKE, LIKE, block

ROWS = [(7, 30, 50, 1, 0), (7, 10, 20, 2, 0), (4, 20, 10, 1, LIKE), (4, 30, 5, 1, 0)]


@pytest.fixture
def file(tmp_path):
    write_events(tmp_path / "1.parquet", [block(*ROWS)], "track")
    return tmp_path / "1.parquet"


def arrays(folder, *files, level="track", **options):
    build_arrays(folder, files, level, **options)
    return open_arrays(folder)


def events(listening, users, items):
    """(user, item, time, weight) of each event, by id."""
    columns = (users.ids(listening.user_rows), items.ids(listening.track_rows), listening.times, listening.weights)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_events_stand_by_user_and_time(tmp_path, file):
    listening, users, items = arrays(tmp_path / "a", file)
    assert repr(listening) == "<Interactions 2 users x 3 tracks, 4 events>"
    assert events(listening, users, items) == [(4, 30, 5, 1.0), (4, 20, 10, 1.0), (7, 10, 20, 2.0), (7, 30, 50, 1.0)]
    assert listening.kinds.tolist() == [0, LIKE, 0, 0] and listening.splits is None
    assert isinstance(listening.times, np.memmap) and listening.track_rows.dtype == np.int32


def test_a_few_at_a_time_give_the_same(tmp_path, file):
    one, *_ = arrays(tmp_path / "a", file)
    other, *_ = arrays(tmp_path / "b", file, events_at_once=1)
    for name in ("user_rows", "track_rows", "times", "weights", "kinds"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_what_two_files_know_is_there_once(tmp_path, file):
    # 30 at 50 is known to both, a dislike at the same time is something else, and so is a play at no known time
    more = [(7, 30, 50, 1, 0), (7, 30, 50, 1, DISLIKE), (7, 10, None, 3, 0)]
    write_events(tmp_path / "2.parquet", [block(*more)], "track")
    listening, users, items = arrays(tmp_path / "a", file, tmp_path / "2.parquet")
    of_7 = [event[1:] for event in events(listening, users, items) if event[0] == 7]
    assert of_7 == [(10, 0, 3.0), (10, 20, 2.0), (30, 50, 1.0), (30, 50, 1.0)]
    assert listening.kinds.tolist() == [0, LIKE, 0, 0, 0, DISLIKE]


def test_equal_times_keep_the_order_of_the_files(tmp_path):
    """In any other order one track would seem to follow another by habit."""
    days = [[(1, item, day, 1, 0) for day in (0, 86_400) for item in items] for items in ((30, 10, 20), (25, 5))]
    files = [tmp_path / f"{number}.parquet" for number in range(2)]
    for path, rows in zip(files, days, strict=True):
        write_events(path, [block(*rows)], "track")
    listening, users, items = arrays(tmp_path / "a", *files)
    assert [item for _, item, _, _ in events(listening, users, items)] == [30, 10, 20, 25, 5] * 2


def test_a_linked_item_is_another(tmp_path, file):
    listening, users, items = arrays(tmp_path / "a", file, links={20: 30, 99: 10})
    assert [item for _, item, _, _ in events(listening, users, items)] == [30, 30, 10, 30]
    assert len(items) == 2 and listening.n_tracks == 2


def test_weights_follow_what_was_played(tmp_path):
    # a ratio tells most; 15 s are half of half a minute; more than whole is whole; plays multiply
    frame = block(*[(1, 1, time, plays, 0) for time, plays in ((1, 1), (2, 1), (3, 1), (4, 2), (5, 1))])
    frame = frame.with_columns(
        ratio=pl.Series([0.25, None, 1.5, 0.5, None]), played_ms=pl.Series([60_000, 15_000, None, None, 90_000])
    )
    write_events(tmp_path / "x.parquet", [frame], "track")
    listening, *_ = arrays(tmp_path / "a", tmp_path / "x.parquet")
    assert listening.weights.tolist() == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_a_share_that_is_no_number_is_not_known(tmp_path):
    """Imports let it pass once."""
    frame = block((1, 1, 1, 1, 0), (1, 1, 2, 1, 0)).with_columns(
        ratio=pl.Series([float("nan")] * 2), played_ms=pl.Series([15_000, None])
    )
    write_events(tmp_path / "x.parquet", [frame], "track")
    listening, *_ = arrays(tmp_path / "a", tmp_path / "x.parquet")
    assert listening.weights.tolist() == [0.5, 1.0]


def test_splits_are_kept(tmp_path):
    frame = block((1, 1, 1, 1, 0), (1, 2, 2, 1, 0), (1, 3, 3, 1, 0)).with_columns(split=pl.Series([0, 2, None]))
    write_events(tmp_path / "x.parquet", [frame], "track")
    listening, *_ = arrays(tmp_path / "a", tmp_path / "x.parquet")
    assert listening.splits.tolist() == [0, 2, 0] and listening.kinds is None


def test_listens_to_artists(tmp_path):
    write_events(tmp_path / "x.parquet", [block((1, 8, None, 5, 0), level="artist")], "artist")
    listening, users, items = arrays(tmp_path / "a", tmp_path / "x.parquet", level="artist")
    assert events(listening, users, items) == [(1, 8, 0, 5.0)]


def test_a_failure_leaves_nothing(tmp_path, file, monkeypatch):
    monkeypatch.setattr("earshot.data.events.event_arrays.user_ranges", lambda *_: iter([(0, 1), (5, 6)]))
    with pytest.raises(IndexError):
        build_arrays(tmp_path / "a", [file], "track")
    assert [path.name for path in tmp_path.iterdir()] == ["1.parquet"]
