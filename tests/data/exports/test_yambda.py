"""Yambda's files in small."""

import numpy as np
import polars as pl
import pytest

from earshot.data.events.interactions import KINDS
from earshot.data.exports.yambda import embeddings, event_files, owners, read_yambda, role_of, with_owners
from earshot.data.listens.event_collector import Items


@pytest.fixture
def listens(tmp_path):
    columns = {"uid": [1, 1, 2, None], "timestamp": [5, 10, 5, 5], "item_id": [30, 31, 30, 30]}
    more = {"is_organic": [1, 0, 1, 1], "played_ratio_pct": [100, 50, 0, 7], "track_length_seconds": [200, 180, 60, 9]}
    schema = dict.fromkeys(columns, pl.UInt32) | dict.fromkeys(more, pl.UInt16)
    pl.DataFrame(columns | more, schema=schema).write_parquet(tmp_path / "listens.parquet")
    return tmp_path / "listens.parquet"


def test_listens(listens):
    (batch,) = read_yambda(listens, "listen")
    assert batch.events.select("user", "title", "time_s", "kind", "ratio", "played_ms").rows() == [
        (1, 30, 5, 0, 1.0, 200_000), (1, 31, 10, 0, 0.5, 90_000), (2, 30, 5, 0, 0.0, 0)
    ]  # fmt: skip
    assert batch.n_malformed == 1 and batch.malformed == ("row 4: , 30, 5, 7, 9",)


def test_times_count_from_nobody_knows_when(tmp_path):
    late = 2**32 - 1
    pl.DataFrame({"uid": [1], "timestamp": [late], "item_id": [3]}).write_parquet(tmp_path / "listens.parquet")
    (batch,) = read_yambda(tmp_path / "listens.parquet", "listen")
    assert batch.events["time_s"].to_list() == [late]


def test_it_is_read_in_pieces(listens):
    batches = list(read_yambda(listens, "listen", rows_at_once=3))
    assert [len(batch.events) for batch in batches] == [3, 0] and batches[1].malformed[0].startswith("row 4")


def test_events_of_all_kinds(tmp_path):
    path = tmp_path / "multi_event.parquet"
    kinds = [*KINDS, "skip"]
    frame = pl.DataFrame({"uid": [1] * 6, "timestamp": range(6), "item_id": [3] * 6, "event_type": kinds})
    frame.with_columns(pl.col("event_type").cast(pl.Categorical)).write_parquet(path)
    (batch,) = read_yambda(path, "multi_event")
    assert batch.events["kind"].to_list() == [0, 1, 2, 3, 4] and batch.n_malformed == 1
    assert set(batch.events.columns) == {"user", "title", "time_s", "kind"}


@pytest.mark.parametrize(
    ("name", "columns", "role"),
    [
        ("likes", ["uid", "timestamp", "item_id", "is_organic"], "like"),
        ("undislikes", ["uid", "timestamp", "item_id"], "undislike"),
        ("part-0", ["uid", "timestamp", "item_id"], "listen"),
        ("x", ["uid", "timestamp", "item_id", "event_type"], "multi_event"),
        ("x", ["artist_id", "item_id"], "artist"),
        ("x", ["item_id", "album_id"], "album"),
        ("x", ["item_id", "embed", "normalized_embed"], "embeddings"),
        ("x", ["user", "track"], None),
    ],
)
def test_what_a_file_is(tmp_path, name, columns, role):
    assert role_of(tmp_path / f"{name}.parquet", columns) == role


def test_the_file_of_all_events_makes_the_others_superfluous(tmp_path):
    one, two, whole = (tmp_path / name for name in ("a", "b", "c"))
    assert event_files({one: "listen", two: "like"}) == [(0, one), (0, two)]
    assert event_files({one: "listen", two: "artist", whole: "multi_event"}) == [(0, whole)]


def test_files_that_may_hold_the_same_are_parts(tmp_path):
    small, large = tmp_path / "50m", tmp_path / "500m"
    roles = {small / "likes": "like", small / "listens": "listen", large / "listens": "listen", large / "map": "artist"}
    assert event_files(roles) == [(0, small / "likes"), (1, small / "listens"), (2, large / "listens")]
    roles = {small / "listens": "listen", small / "multi": "multi_event", large / "likes": "like"}
    assert event_files(roles) == [(0, small / "multi"), (1, large / "likes")]


def test_one_owner_of_each_item(tmp_path):
    pl.DataFrame({"artist_id": [9, 4, 7], "item_id": [30, 30, 31]}).write_parquet(tmp_path / "x.parquet")
    assert owners(tmp_path / "x.parquet", "artist", np.array([31, 32, 30])).tolist() == [7, -1, 4]


def test_items_get_their_owners(tmp_path):
    pl.DataFrame({"artist_id": [9], "item_id": [30]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"album_id": [5], "item_id": [31]}).write_parquet(tmp_path / "b.parquet")
    items, numbers = Items.from_names(["yambda:30", "yambda:31"]), np.array([30, 31])
    known = with_owners(items, numbers, {tmp_path / "a.parquet": "artist", tmp_path / "b.parquet": "album"})
    assert (known.artists, known.albums) == (["yambda:artist:9", None], [None, "yambda:album:5"])
    assert known.titles == items.titles and known.title_is_key
    assert with_owners(items, numbers, {tmp_path / "listens.parquet": "listen"}) is items


def test_embeddings_become_unit_vectors(tmp_path):
    vectors = [[3.0, 4.0], [0.0, 0.0], [1.0, 0.0], [0.0, 2.0], None]
    pl.DataFrame({"item_id": [30, 31, 32, 33, 34], "embed": vectors}).write_parquet(tmp_path / "x.parquet")
    pieces = list(embeddings(tmp_path / "x.parquet", np.array([30, 31, 33, 34]), rows_at_once=2))
    assert [items.tolist() for items, _ in pieces] == [[30], [33]]  # 31 has no direction, 32 is not asked for
    np.testing.assert_allclose(pieces[0][1], [[0.6, 0.8]], rtol=1e-6)
    assert pieces[1][1].tolist() == [[0.0, 1.0]] and pieces[0][1].dtype == np.float32
