"""cli export as a user meets it."""

import json

import polars as pl
import pytest

from commands_typed import invoke


@pytest.fixture
def run(heard_library, tmp_path):
    return lambda *arguments, code=0: invoke(heard_library, "export", *arguments, code=code)


def test_it_says_what_it_wrote(run, tmp_path):
    result = run("--parquet", tmp_path / "out")
    assert result.stdout.splitlines() == [
        f"22 tracks, 306 neighbours and 0 recommendations written to {tmp_path / 'out'}",
        "  vectors-audio: 18 vectors of 128 numbers (audio)",
    ]
    assert len(pl.read_parquet(tmp_path / "out" / "tracks" / "*.parquet")) == 22


def test_the_report_as_json_is_that_in_the_folder(run, tmp_path):
    result = run("--parquet", tmp_path / "out", "--json")
    report = json.loads(result.stdout)
    assert report == json.loads((tmp_path / "out" / "export.json").read_text())
    assert report["rows"]["tracks"] == 22 and report["spaces"]["audio"]["dim"] == 128


def test_it_wants_a_folder_and_takes_no_other_one(run, tmp_path):
    assert "--parquet" in run(code=2).stderr
    (tmp_path / "mine.txt").write_text("x")
    result = run("--parquet", tmp_path, code=2)
    assert "holds other things than an export" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
