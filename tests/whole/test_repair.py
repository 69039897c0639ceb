"""Libraries of old versions: two steps were edited after they had landed, and a later one makes up for it."""

import hashlib
import inspect
import re
from pathlib import Path

import pytest
from sqlite_utils import Database

import earshot.index.migrations as schema
from commands_typed import invoke, rows_of
from earshot.index.library import Library
from earshot.index.migrations import migrations

# A step that has landed made the libraries of people: edited, it would make two kinds of them.
LANDED = {
    "m001_tracks": "b57870bd1aad74f0",
    "m002_vectors": "5354a104ad339fd3",
    "m003_triggers": "d1a5ac2b907b62e8",
    "m004_search_text": "904004f2a8cad7cf",
    "m005_views": "aa1177b971b78388",
    "m006_preferences": "b1e046c3acd8165f",
    "m007_metrics": "2e2e1ee89077c60e",
    "m008_node_vectors": "6c3191cc8bb31d04",
    "m009_links": "369c778ef0f16d4f",
    "m010_recommendations": "179229c4ed6bf7f2",
    "m011_repair": "006ff96e2683ef14",
    "m012_root_rules": "60474b4f403b228a",
    "m013_recorded_hashes": "6d84976acdb54247",
    "m014_names": "e9fe1377103c1b64",
    "m015_artist_keys": "330cd2596f9c8433",
    "m016_recordings": "a507efa9bd23e877",
    "m017_ordered_views": "b268296cd19f4b4d",
    "m018_ctimes": "08ca8cf530242d9a",
    "m020_best_files": "d39a73661661fd1a",
    "m021_feedback": "3357d7ed26dedcb9",
    "m022_favourites": "e043572a64aa2b34",
}
WORDS_OF_STEPS = {"m003_triggers": ("_BUMP", "_FORGET", "_CURRENT"), "m011_repair": ("_EDITED",)}
OLD = Path(__file__).parents[1] / "support" / "old_schemas"

ROWS = """
    INSERT INTO artists VALUES (1, 'Air'), (4, 'Can');
    INSERT INTO albums VALUES (2, 'Moon', 1);
    INSERT INTO tracks (id, path, title, artist, album, artist_id, album_id, duration_s, status)
        VALUES (1, '/m/one.mp3', 'One', 'Air', 'Moon', 1, 2, 180, 'embedded'),
               (7, '/m/seven.mp3', 'Vitamin C', 'Can', NULL, 4, NULL, 211.5, 'embedded'),
               (3, '/m/broken.mp3', 'Broken', NULL, NULL, NULL, NULL, NULL, 'failed');
    INSERT INTO roots VALUES ('/m', NULL);
    INSERT INTO runs (id, stage, fingerprint, started, config) VALUES (1, 'embed-audio', 'ear', '2026-11-21', '{}');
    INSERT INTO spaces (space, run_id) VALUES ('audio', 1);
    INSERT INTO vectors VALUES (1, 'audio', 1, 2, x'0000803f00000000'), (7, 'audio', 1, 2, x'000000000000803f');
    INSERT INTO excerpts VALUES (7, 1, 0, 30.0, 2, x'000000000000803f');
    INSERT INTO neighbours VALUES (1, 'audio', 1, 7, 0.0), (7, 'audio', 1, 1, 0.0);
"""
KEPT = ("artists", "albums", "roots", "runs", "spaces", "vectors", "excerpts", "neighbours", "tracks")


def digest(step: str) -> str:
    told = [inspect.getsource(getattr(schema, step))]
    told += [repr(getattr(schema, name)) for name in WORDS_OF_STEPS.get(step, ())]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def test_no_landed_step_is_edited():
    for step, landed in LANDED.items():
        assert digest(step) == landed, f"{step} has landed and is never edited: append a new step instead"
    news = {step.name: digest(step.name) for step in migrations._migrations if step.name not in LANDED}
    assert news == {}, "a new step: add its hash to LANDED"
    assert [step.name for step in migrations._migrations] == list(LANDED)


def old_library(folder: Path, version: str, *, upgraded: bool = False) -> dict[str, list[tuple]]:
    """A library of an old version with some rows; `upgraded` as far as versions before the repair brought it."""
    db = Database(folder / "library.db")
    db.conn.executescript((OLD / f"{version}.sql").read_text() + ROWS)
    if upgraded:
        migrations.apply(db, stop_before="m011_repair")
    kept = {table: rows(db, table) for table in KEPT}
    db.close()
    return kept


def rows(db: Database, table: str) -> list[tuple]:
    columns = {"tracks": "id, path, title, artist, album, artist_id, album_id, duration_s, status"}
    columns |= {"artists": "id, name", "albums": "id, name, artist_id"}
    names = columns.get(table, "*")
    return sorted(db.execute(f"SELECT {names} FROM {table}").fetchall(), key=repr)


def written(db: Database) -> dict[str, str]:
    found = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in found}


HISTORY = pytest.mark.parametrize(
    ("version", "upgraded"), [("first", False), ("first", True), ("second", False), ("second", True)]
)


@HISTORY
def test_an_old_library_becomes_one_of_today(tmp_path, version, upgraded):
    kept = old_library(tmp_path, version, upgraded=upgraded)
    with Library.open_to_write(tmp_path) as library, Library.open_to_write(tmp_path / "new") as new:
        assert written(library.db) == written(new.db)
        assert {table: rows(library.db, table) for table in KEPT} == kept
        assert library.db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert library.db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert library.db.execute("PRAGMA foreign_keys").fetchone() == (1,)
        library.db.execute("INSERT INTO tracks_fts (tracks_fts, rank) VALUES ('integrity-check', 1)")
    names = [path.name for path in tmp_path.glob("library.before-*.db")]
    first = {("first", False): "m006_preferences", ("second", False): "m008_node_vectors"}
    assert names == [f"library.before-{first.get((version, upgraded), 'm011_repair')}.db"]


@HISTORY
def test_everything_works_in_it(tmp_path, version, upgraded):
    old_library(tmp_path, version, upgraded=upgraded)
    with Library.open_to_write(tmp_path) as library:
        db = library.db
        db.execute("DELETE FROM tracks WHERE id = 7")
        assert rows(db, "excerpts") == [] and len(rows(db, "vectors")) == 1, "what belongs to a track goes with it"
        assert db.execute("SELECT revision FROM spaces").fetchone() > (0,), "triggers tell of it"
        assert db.execute("SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH 'vitamin'").fetchall() == []
        db.execute("INSERT INTO tracks (title, status) VALUES ('New', 'catalog')")
        assert db.execute("SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH 'new'").fetchall() == [(8,)]
        db.execute("INSERT INTO vectors VALUES (8, 'audio', 1, 2, x'0000803f00000000')")
        assert db.execute("SELECT track_id FROM current_vectors ORDER BY 1").fetchall() == [(1,), (8,)]
    listens = tmp_path / "listens.csv"
    listens.write_text("user,artist,title,time\nana,Air,One,2020-01-01T00:00:00Z\nana,Air,Two,2020-01-02T00:00:00Z\n")
    invoke(tmp_path, "import-listens", listens)
    assert rows_of(tmp_path, "SELECT id, title FROM tracks WHERE status = 'catalog' ORDER BY id") == [
        (8, "New"),
        (9, "Two"),
    ]


def test_a_library_of_unedited_steps_is_left_as_it_is(tmp_path):
    db = Database(tmp_path / "library.db")
    migrations.apply(db, stop_before="m011_repair")
    before = written(db)
    migrations.apply(db, stop_before="m012_root_rules")
    assert written(db) == before


def test_a_repair_that_is_killed_leaves_the_old_library(tmp_path, monkeypatch):
    kept = old_library(tmp_path, "first")

    def stopped(_: Database) -> None:
        raise KeyboardInterrupt

    step = next(step for step in migrations._migrations if step.name == "m011_repair")
    repair = step.fn
    monkeypatch.setattr(step, "fn", lambda db: (repair(db), stopped(db)))
    with pytest.raises(KeyboardInterrupt):
        Library.open_to_write(tmp_path)
    db = Database(tmp_path / "library.db")
    assert {table: rows(db, table) for table in KEPT} == kept
    assert "AUTOINCREMENT" not in written(db)["tracks"] and "users" not in written(db)
    db.close()
