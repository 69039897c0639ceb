"""Imports of listens from Python: what is reported, in what order."""

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from earshot.index.library import Library
from earshot.index.listens.listen_store import stored_listens
from earshot.index.vectors.spaces import read_vectors
from earshot.stages.imports.import_listens import (
    ImportedSource,
    ImportListensConfig,
    KnownSource,
    UnreadableSource,
    WithoutListens,
    import_listens,
)
from earshot.stages.shared.reports import InputError, Progress
from listen_exports import SECOND, spotify, stream
from player_databases import STRAWBERRY, database


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(tmp_path / "library") as opened:
        yield opened


def test_an_import_reports_blocks_then_the_source_then_other_files(library, tmp_path):
    spotify(tmp_path / "in" / "a.json", stream(), stream("Two"))
    (tmp_path / "in" / "notes.txt").write_text("x")
    reports = list(import_listens(library, tmp_path / "in", ImportListensConfig(listener="ana")))
    assert list(map(type, reports)) == [Progress, ImportedSource, WithoutListens]
    assert str(reports[0]) == "reading a.json: 1 blocks" and reports[2].names == ["notes.txt"]
    assert reports[1].result.listens.n_events == 2 and reports[1].is_timed and reports[1].n_vectors is None
    known, _ = import_listens(library, tmp_path / "in")
    assert isinstance(known, KnownSource) and known.listens == reports[1].result.listens


def test_a_later_state_of_a_players_database_takes_the_place_of_the_earlier_one(library, tmp_path):
    """Also where the player has not moved its log into the database yet."""
    songs = [("One", "", "Air", "", "file:///1.mp3", 3, 0, SECOND, -1, "", "")]
    path = database(tmp_path / "strawberry.db", f"PRAGMA journal_mode = WAL; {STRAWBERRY}", {"songs": songs})
    first, _ = (report for report in import_listens(library, path) if not isinstance(report, Progress))
    assert first.replaced is None
    with closing(sqlite3.connect(path)) as player:
        player.execute("UPDATE songs SET playcount = 5")
        player.commit()
        assert (tmp_path / "strawberry.db-wal").stat().st_size
        second, _ = (report for report in import_listens(library, path) if not isinstance(report, Progress))
        assert second.replaced == first.result.listens
    (log,) = (library.folder / "listens").glob("*.parquet")
    assert pl.read_parquet(log)["plays"].to_list() == [5]
    assert [listens.id for listens in stored_listens(library)] == [second.result.listens.id]
    copy = Path(shutil.copy(path, tmp_path / "other.db"))
    (again, _) = (report for report in import_listens(library, copy) if not isinstance(report, Progress))
    assert isinstance(again, ImportedSource) and again.replaced is None, "it is another file"


def test_two_exports_in_one_archive_do_not_replace_each_other(library, tmp_path):
    songs = [("One", "", "Air", "", "file:///1.mp3", 3, 0, SECOND, -1, "", "")]
    inner = database(tmp_path / "strawberry.db", STRAWBERRY, {"songs": songs})
    with zipfile.ZipFile(tmp_path / "phone.zip", "w") as archive:
        archive.write(inner, "backup/strawberry.db")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a/Streaming_History_Audio_2009.json", json.dumps([stream()]))
        archive.write(tmp_path / "phone.zip", "phone.zip")
    reports = [one for one in import_listens(library, tmp_path / "all.zip") if isinstance(one, ImportedSource)]
    assert [(one.format, one.replaced) for one in reports] == [("spotify", None), ("strawberry", None)]
    assert [listens.n_events for listens in stored_listens(library)] == [1, 1]
    again = [one for one in import_listens(library, tmp_path / "all.zip") if isinstance(one, KnownSource)]
    assert len(again) == 2


def test_a_later_state_keeps_the_options_of_the_first_import(library, tmp_path):
    songs = [("One", "", "Air", "", "file:///1.mp3", 3, 0, SECOND, -1, "", "")]
    path = database(tmp_path / "strawberry.db", STRAWBERRY, {"songs": songs})
    assert noted(library, path, listener="ana b") == []
    for plays, settings, note in (
        (4, {}, "--listener 'ana b' of the earlier import is kept; --again imports without it"),
        (4, {"again": True}, "the earlier import had --listener 'ana b', and this one has not"),
        (5, {"listener": "bob"}, None),
        (6, {}, "--listener bob of the earlier import is kept; --again imports without it"),
    ):
        with closing(sqlite3.connect(path)) as player:
            player.execute("UPDATE songs SET playcount = ?", [plays])
            player.commit()
        assert noted(library, path, **settings)[: 1 if note else 0] == ([note] if note else [])
        (listens,) = stored_listens(library)
        name = "me" if "again" in settings else "bob" if plays > 4 else "ana b"
        assert library.column("SELECT name FROM users WHERE id IN (SELECT max(id) FROM users)") == [name]
        assert json.loads(listens.options) == ([] if name == "me" else ["--listener", name])


def test_a_damaged_file_of_a_folder_is_reported(library, tmp_path):
    spotify(tmp_path / "in" / "a.json", stream())
    (tmp_path / "in" / "b.zip").write_text("PK")
    (tmp_path / "in" / "c.json").write_text('[{"msPlayed": 1')
    reports = list(import_listens(library, tmp_path / "in"))
    assert [report.split()[0] for report in reports if isinstance(report, UnreadableSource)] == [
        "b.zip",
        "c.json",
    ]
    assert sum(isinstance(report, ImportedSource) for report in reports) == 1


def test_a_damaged_file_of_an_archive_stops_the_import(library, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.json", json.dumps([stream()]))
        archive.writestr("b.json", '[{"msPlayed": 1')
    with pytest.raises(ValueError, match=r"b\.json is not JSON"):
        list(import_listens(library, tmp_path / "x.zip"))
    assert library.db.execute("SELECT count(*) FROM listens").fetchone() == (0,)


def test_a_folder_of_damaged_files_alone_is_reported_then_refused(library, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.zip").write_text("PK")
    reports = import_listens(library, tmp_path / "in")
    assert "a.zip is a damaged archive" in next(reports)
    with pytest.raises(ValueError, match="Nothing of in could be read"):
        list(reports)


def test_an_option_that_means_nothing_is_an_error_of_its_own(library, tmp_path):
    path = spotify(tmp_path / "a.json", stream())
    with pytest.raises(InputError, match="--level: for tables only, and this is spotify"):
        list(import_listens(library, path, ImportListensConfig(level="artist")))


def test_the_options_that_import_the_same_again(tmp_path):
    config = ImportListensConfig(listener="ana", names=tmp_path / "x.csv", again=True)
    assert config.cli_options() == ["--listener", "ana", "--names", str(tmp_path / "x.csv")]
    assert ImportListensConfig().cli_options() == []


def test_vectors_of_an_export_are_stored_for_what_was_listened_to(library, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    pl.DataFrame({"uid": [1], "timestamp": [1], "item_id": [70]}).write_parquet(folder / "listens.parquet")
    vectors = {"item_id": [71, 70], "embed": [[1.0, 0.0], [0.0, 2.0]]}
    pl.DataFrame(vectors).write_parquet(folder / "embeddings.parquet")
    (imported,) = (report for report in import_listens(library, folder) if isinstance(report, ImportedSource))
    assert imported.n_vectors == 1
    ids, stored = read_vectors(library, "yambda")
    assert ids.all_ids.tolist() == imported.result.items.ids.tolist() and stored.tolist() == [[0.0, 1.0]]


def noted(library, path, **settings):
    """The notes of the one import in a path."""
    reports = import_listens(library, path, ImportListensConfig(**settings))
    return [note for report in reports if isinstance(report, ImportedSource) for note in report.notes]


def test_play_counts_that_came_before_are_named(library, tmp_path):
    tables = {"a.csv": "Air,One,12\nCan,Two,3", "b.csv": "Air,One,13\nCan,Two,3\nCan,Three,1", "c.csv": "Can,Four,9"}
    for name, rows in tables.items():
        (tmp_path / name).write_text(f"artist,track,plays\n{rows}\n")
    assert (
        noted(library, tmp_path / "a.csv", listener="ana") == noted(library, tmp_path / "c.csv", listener="ana") == []
    )
    (note,) = noted(library, tmp_path / "b.csv", listener="ana")
    assert note.startswith("these are play counts of what import 1 (a.csv, ") and "`cli forget-listens 1`" in note


def counts(path, plays, names="abcdefghijklmnopqrst"):
    """A table of play counts by Air."""
    rows = "".join(f"Air,{name},{number}\n" for name, number in zip(names, plays, strict=False))
    path.write_text(f"artist,track,plays\n{rows}")
    return path


def test_play_counts_that_grew_take_the_place_of_the_earlier_ones(library, tmp_path):
    first = [5, 1, 7, 2, 9, 4, 4, 8, 3, 1, 6, 2, 2, 5, 1, 3, 7, 1, 2, 4]
    noted(library, counts(tmp_path / "january.csv", first), listener="ana")
    second = [0.0, *(plays + number % 3 for number, plays in enumerate(first[1:]))]  # the first file is no more
    (note,) = noted(library, counts(tmp_path / "may.csv", second), listener="ana")
    assert note.startswith("these play counts take the place of those of import 1 (january.csv, ")
    (listens,) = stored_listens(library)
    assert Path(listens.origin).name == "may.csv"
    (log,) = (library.folder / "listens").glob("*.parquet")
    assert sorted(pl.read_parquet(log)["plays"]) == sorted(second[1:])
    assert noted(library, counts(tmp_path / "other.csv", first[::-1]), listener="bob") == [], "of another listener"
    (note,) = noted(library, tmp_path / "january.csv", listener="ana")
    assert "`cli forget-listens 4` takes these back" in note, "the one before is ahead"


def test_a_table_that_was_written_again_takes_its_place_however_short(library, tmp_path):
    noted(library, counts(tmp_path / "plays.csv", [3, 1]), listener="ana")
    (note,) = noted(library, counts(tmp_path / "plays.csv", [5, 1, 1]), listener="ana")
    assert note.startswith("these play counts take the place of those of import 1 (plays.csv, ")
    assert len(stored_listens(library)) == 1


@pytest.mark.parametrize(
    ("second", "names"),
    [
        ([plays - number % 3 + 1 for number, plays in enumerate([9, 3] * 10)], "abcdefghijklmnopqrst"),  # lower
        ([9, 3] * 10, "abcdefghijklmnopqXYZ"),  # of others
        ([9, 3] * 4, "abcdefgh"),  # of half of them alone
    ],
)
def test_play_counts_that_may_be_of_another_time_are_added(library, tmp_path, second, names):
    noted(library, counts(tmp_path / "january.csv", [9, 3] * 10), listener="ana")
    (note,) = noted(library, counts(tmp_path / "may.csv", second, names), listener="ana")
    assert "and both are added: `cli forget-listens 1`" in note and len(stored_listens(library)) == 2


def test_play_counts_whose_likes_are_gone_are_added(library, tmp_path):
    songs = [(f"Song {n}", "", "Air", "", f"file:///{n}.mp3", 3, 0, SECOND + n, 1, "", "") for n in range(20)]
    noted(library, database(tmp_path / "a.db", STRAWBERRY, {"songs": songs}))
    (note,) = noted(library, database(tmp_path / "b.db", STRAWBERRY, {"songs": [(*s[:8], -1, "", "") for s in songs]}))
    assert "both are added" in note


def test_a_second_listener_may_be_the_first_one(library, tmp_path):
    assert noted(library, spotify(tmp_path / "a.json", stream(username="ana b"))) == []
    (note,) = noted(library, spotify(tmp_path / "b.json", stream("Two")))
    assert note.startswith("listens of 'me' are now beside those of 'ana b'")
    assert "`cli forget-listens 2`" in note and note.endswith("--listener 'ana b'")
    assert noted(library, spotify(tmp_path / "c.json", stream("Three"))) == []  # said once


def test_listens_without_a_name_beside_those_of_two_are_told(library, tmp_path):
    (tmp_path / "x").mkdir()
    for number, user in enumerate(({"username": "ana"}, {"username": "bob"}, {})):
        spotify(tmp_path / "x" / f"endsong_{number}.json", stream(f"Song {number}", **user))
    (note,) = noted(library, tmp_path / "x")
    assert "the latter are of 'me'" in note and note.endswith("import again with --listener NAME")


def test_times_before_services_kept_any_are_told(library, tmp_path):
    (tmp_path / "a.csv").write_text("track,time\nOne,5\nTwo,1500000000\n")
    assert noted(library, tmp_path / "a.csv", listener="ana") == [
        "1 of 2 lie before 1990: are their times seconds since 1970?"
    ]
