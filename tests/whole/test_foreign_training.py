"""Listens, arrays, lists and states of a library that was damaged, or that a stranger made."""

import json
import shutil
from functools import partial

import numpy as np
import polars as pl
import pytest
import torch

from commands_typed import invoke, rows_of
from earshot.index.library import Library, LibraryError
from earshot.index.listens.listen_store import listen_files
from earshot.index.listens.stored_interactions import read_interactions
from earshot.index.manifest import file_hash, listens_fix
from earshot.index.recommending.recommendation_table import ResumableLists, store_recommendations
from earshot.index.runs import start_run
from trained_library import QUICK

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def folder(library_copy):
    return library_copy


def log_of(folder):
    (log,) = (folder / "listens").glob("*.parquet")
    return log


def written(table, folder):
    """A log in the place of an import's, whose recorded size and hash are right, as a stranger would see to."""
    table.write_parquet(log_of(folder))
    with Library.open_to_write(folder) as library:
        row = [log_of(folder).stat().st_size, file_hash(log_of(folder)), f"listens/{log_of(folder).name}"]
        library.db.execute("UPDATE kept_files SET n_bytes = ?, hash = ? WHERE name = ?", row)


LOGS = {
    "a column less": (lambda table: table.drop("kind"), "has nothing for kind, not UInt8"),
    "a column of another type": (
        lambda table: table.with_columns(pl.col("user_id").cast(pl.String)),
        "has String for user_id, not Int32",
    ),
    "fewer events": (lambda table: table.head(10), "says that it holds 10 events, not 270"),
    "another table": (lambda _: pl.DataFrame({"a": [1]}), "has nothing for user_id, not Int32"),
}


@pytest.mark.parametrize(("change", "told"), LOGS.values(), ids=LOGS)
def test_a_log_that_no_import_wrote(folder, change, told):
    written(change(pl.read_parquet(log_of(folder))), folder)
    with Library.open(folder) as library, pytest.raises(LibraryError, match=told) as error:
        listen_files(library, "track")
    assert "cli forget-listens 1 && cli import-listens" in str(error.value)


VALUES = {
    "no user": (pl.lit(None, pl.Int32).alias("user_id"), "holds a user_id that is none"),
    "a user of no number": (pl.lit(-5, pl.Int32).alias("user_id"), "holds a user_id that is none"),
    "a track of no number": (pl.lit(0, pl.Int32).alias("track_id"), "holds a item_id that is none"),
    "a kind of the future": (pl.lit(200, pl.UInt8).alias("kind"), "say what no import writes"),
    "negative plays": (pl.lit(-1.0, pl.Float32).alias("plays"), "say what no import writes"),
}


@pytest.mark.parametrize(("column", "told"), VALUES.values(), ids=VALUES)
def test_a_log_of_values_that_no_import_writes(folder, column, told):
    written(pl.read_parquet(log_of(folder)).with_columns(column), folder)
    for arrays in (folder / "listens").glob("arrays-*"):
        shutil.rmtree(arrays)
    with Library.open(folder) as library:
        for _ in range(2):
            with pytest.raises(LibraryError, match=told):
                read_interactions(library)
    assert not list((folder / "listens").glob("arrays-*"))


@pytest.mark.parametrize("place", [0.1, 0.3])
def test_a_log_with_damaged_pages(folder, place):
    data = bytearray(log_of(folder).read_bytes())
    start = int(len(data) * place)
    data[start : start + 200] = bytes(200)
    log_of(folder).write_bytes(data)
    for arrays in (folder / "listens").glob("arrays-*"):
        shutil.rmtree(arrays)
    with Library.open(folder) as library, pytest.raises(LibraryError, match=r"damaged|that is none|no import writes"):
        read_interactions(library)


def test_users_and_tracks_that_the_tables_do_not_know(folder):
    """A row less is an import's user or track that was removed since, and takes nothing with it."""
    numbers = {name: pl.col(name) + 1_000_000 for name in ("user_id", "track_id")}
    written(pl.read_parquet(log_of(folder)).with_columns(**numbers), folder)
    for words in (["train-tower", *QUICK], ["recommend", "--all"], ["build-graph"], ["check"], ["status"]):
        result = invoke_any(folder, *words)
        assert result.exception is None or isinstance(result.exception, LibraryError | SystemExit), words


def invoke_any(folder, *words):
    from click.testing import CliRunner

    from earshot.cli import cli

    return CliRunner().invoke(cli, ["--library", str(folder), *map(str, words)])


ARRAYS = {
    "facts.json that is none": ("arrays.json", b"[1]"),
    "ids that are too few": ("user_ids.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<i8'}"),
    "no ids": ("item_ids.npy", b""),
    "rows that lead nowhere": ("track_rows", np.full(270, 2**31 - 1, "<i4").tobytes()),
    "more rows than times": ("user_rows", np.zeros(271, "<i4").tobytes()),
    "half a number": ("times", b"\0" * 7),
    "kinds of the future": ("kinds", b"\xff" * 270),
}


@pytest.mark.parametrize(("name", "data"), ARRAYS.values(), ids=ARRAYS)
def test_arrays_that_are_damaged_are_made_anew(folder, name, data):
    with Library.open(folder) as library:
        before = read_interactions(library).interactions.digest()
        (arrays,) = (folder / "listens").glob("arrays-*")
        (arrays / name).write_bytes(data)
        facts = json.loads((arrays / "arrays.json").read_text())
        if name == "kinds":
            (arrays / "arrays.json").write_text(json.dumps(facts | {"n_kinds": 270}))
        assert read_interactions(library).interactions.digest() == before


def test_lists_that_cannot_be_read_today_are_not_made_anew(folder, failing_disk):
    lists = ResumableLists(folder, {})
    lists.keep(0, np.array([1]), np.array([[1]]), np.ones((1, 1), np.float32))
    with failing_disk(lists._path(0)):
        for read in (lambda: lists.has(0), lambda: list(lists.rows(1))):
            with pytest.raises(OSError, match="Input/output error"):
                read()
    assert lists.has(0)


def test_lists_that_are_damaged_are_made_anew(folder):
    lists = ResumableLists(folder, {})
    ids, scores = np.array([[1, 2]]), np.ones((1, 2), np.float32)
    lists.keep(0, np.array([1]), ids, scores)
    assert lists.has(0) and not lists.has(1)
    path = lists._path(0)
    for damaged in ({"user_ids": np.array([1, 2])}, {"track_ids": ids.astype(float)}, {"scores": scores[0]}):
        np.savez(path, **({"user_ids": np.array([1]), "track_ids": ids, "scores": scores} | damaged))
        assert not lists.has(0)
    path.write_bytes(path.read_bytes()[:100])
    assert not lists.has(0)
    with pytest.raises(LibraryError, match=r"is damaged\.\n\nRun `cli recommend --all` again"):
        list(lists.rows(1))


def test_lists_of_tracks_that_are_not_there(folder):
    invoke(folder, "recommend", "--all", "-k", 3)
    before = rows_of(folder, "SELECT * FROM recommendations")
    with Library.open_to_write(folder) as library:
        run, _ = start_run(library, "recommend", {})
        lists = ResumableLists(folder, {})
        lists.keep(0, np.array([1]), np.array([[999_999]]), np.ones((1, 1)))
        with pytest.raises(LibraryError, match="name tracks or listeners that are not there any more"):
            store_recommendations(library, run, lists)
    assert rows_of(folder, "SELECT * FROM recommendations") == before


def test_a_state_of_another_shape(folder, monkeypatch):
    """A stranger may know the key; what goes on from it must fit all the same."""
    from earshot.towers.training import fit_stages

    key = []
    resume = fit_stages.resume_training
    monkeypatch.setattr(fit_stages, "resume_training", lambda *asked: key.append(asked[:2]) or resume(*asked))
    invoke(folder, "train-tower", *QUICK, "--seed", 3)
    path, of = key[0]
    for state in ({}, {"towers": {"is_seen": torch.zeros(1)}}, [1]):
        torch.save({"key": of, "state": state}, path)
        result = invoke(folder, "train-tower", *QUICK, "--seed", 3, code=1)
        assert f"{path} is damaged" in result.stderr and f"rm {path}" in result.stderr
    path.unlink()
    invoke(folder, "train-tower", *QUICK, "--seed", 3)


def test_towers_whose_settings_are_gone(folder):
    unsplit = '{"tower": {"model": "two-tower", "use_audio": 0}, "ear": null}'
    for config in ("{}", '{"tower": 1, "ear": null}', unsplit, "[]", "nonsense"):
        with Library.open_to_write(folder) as library:
            library.db.execute("UPDATE runs SET config = ? WHERE stage = 'train-tower'", [config])
        run = partial(invoke_any, folder)
        for words in (["recommend", "listener 1"], ["recommend", "--all"], ["status"], ["evaluate"]):
            result = run(*words)
            ends = (LibraryError, SystemExit)
            assert result.exception is None or isinstance(result.exception, ends), (words, result.exception)


def test_options_of_an_import_that_are_none(tmp_path):
    origin, cure = str(tmp_path), "cli forget-listens 1 && cli import-listens"
    with Library.open_to_write(tmp_path / "library") as library:
        for options in (None, "nonsense", "{}", "[1]", "[" * 100_000):
            assert listens_fix(library, 1, "1.parquet", origin, options) == f"{cure} {origin}"
        typed = '["--listener", "a b"]'
        assert listens_fix(library, 1, "1.parquet", origin, typed) == f"{cure} --listener 'a b' {origin}"
