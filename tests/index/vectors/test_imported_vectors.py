"""Vectors that come with a data set."""

import numpy as np
import polars as pl
import pytest

from earshot.data.listens.listen_sources import find_sources
from earshot.index.vectors.imported_vectors import store_embeddings, store_imported_vectors
from earshot.index.vectors.spaces import current_space, read_vectors, spaces
from library_world import add, at, heard, open_library, unit


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(3)])
        yield library


def test_a_space_of_their_own(library):
    pieces = [(np.array([3]), unit(1, 0, 0)[None]), (np.array([1]), unit(0, 3, 4)[None])]
    assert store_imported_vectors(library, "theirs", "x.parquet", iter(pieces)) == 2
    ids, vectors = read_vectors(library, "theirs")
    assert ids.ids([0, 1]).tolist() == [1, 3]
    np.testing.assert_allclose(vectors, [[0, 0.6, 0.8], [1, 0, 0]], rtol=1e-6)
    assert spaces(library) == ["audio", "theirs"] and len(read_vectors(library, "audio")[0]) == 3
    stage, finished, metrics = library.db.execute(
        "SELECT stage, finished IS NOT NULL, metrics FROM runs WHERE id = ?", [current_space(library, "theirs").run_id]
    ).fetchone()
    assert (stage, finished, metrics) == ("import-listens", 1, '{"n_vectors": 2}')


def test_later_ones_take_their_place(library):
    store_imported_vectors(library, "theirs", "x", [(np.array([1, 2]), np.stack([at(0), at(1)]))])
    before = current_space(library, "theirs").revision
    store_imported_vectors(library, "theirs", "x", [(np.array([2]), at(2)[None])])
    assert read_vectors(library, "theirs")[0].ids([0]).tolist() == [2]
    assert library.db.execute("SELECT count(*) FROM vectors WHERE space = 'theirs'").fetchone() == (1,)
    assert current_space(library, "theirs").revision > before  # so that an index of the first is known as stale


def test_a_failure_leaves_the_first(library):
    store_imported_vectors(library, "theirs", "x", [(np.array([1]), at(0)[None])])

    def pieces():
        yield np.array([2]), at(1)[None]
        raise ValueError("x.parquet is damaged")

    with pytest.raises(ValueError, match=r"x\.parquet is damaged"):
        store_imported_vectors(library, "theirs", "x", pieces())
    assert read_vectors(library, "theirs")[0].ids([0]).tolist() == [1]


def test_of_a_source_only_what_was_listened_to(library, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    pl.DataFrame({"uid": [1], "timestamp": [1], "item_id": [70]}).write_parquet(folder / "listens.parquet")
    assert store_embeddings(library, "yambda", (), np.array([70]), np.array([2])) == 0 and spaces(library) == ["audio"]
    vectors = {"item_id": [71, 70], "embed": [[1.0, 0.0], [0.0, 2.0]]}
    pl.DataFrame(vectors).write_parquet(folder / "embeddings.parquet")
    (source,) = find_sources(folder).sources
    files = source.open().vector_files
    assert store_embeddings(library, "yambda", files, np.array([70]), np.array([2])) == 1
    ids, stored = read_vectors(library, "yambda")
    assert ids.ids([0]).tolist() == [2] and stored.tolist() == [[0.0, 1.0]]
