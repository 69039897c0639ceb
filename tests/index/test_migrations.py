"""Tables as a contract: types, constraints, views, and the triggers that keep search correct."""

import sqlite3

import pytest
from sqlite_utils import Database

from earshot.index.library import Library
from earshot.index.migrations import APPLICATION_ID, migrations
from earshot.index.runs import start_run
from earshot.index.tracks.track_store import set_status
from library_world import add, at, finish, heard, open_library

VIEWS = {  # other programs read these
    "current_vectors": ["track_id", "path", "space", "dim", "vector"],
    "similar_tracks": [
        *("track_id", "space", "rank", "score", "title", "artist", "album", "path"),
        *("neighbour_id", "neighbour_title", "neighbour_artist", "neighbour_album", "neighbour_path"),
    ],
    "user_recommendations": [
        "user",
        "rank",
        "score",
        "title",
        "artist",
        "album",
        "path",
        "user_id",
        "track_id",
        "made",
    ],
    "failures": ["track_id", "path", "reason", "size", "mtime_ns"],
    "library_summary": ["tracks", "artists", "albums", "hours", "failed", "missing", "excluded"],
}


@pytest.fixture
def library(tmp_path):
    """Three tracks in the plane, at 0, 10 and 40 degrees, with index and neighbours."""
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{degrees}.mp3", at(degrees)) for degrees in (0, 10, 40)])
        finish(library)
        yield library


def revision(library):
    return library.db.execute("SELECT revision FROM spaces WHERE space = 'audio'").fetchone()[0]


def neighbours(library):
    query = "SELECT track_id, neighbour_id FROM neighbours WHERE space = 'audio' ORDER BY track_id, rank"
    return library.db.execute(query).fetchall()


ALL = [(1, 2), (1, 3), (2, 1), (2, 3), (3, 2), (3, 1)]  # worked by hand from 0, 10 and 40 degrees


def test_every_table_of_ours_is_strict(library):
    names = {"artists", "albums", "tracks", "roots", "runs", "vectors", "excerpts", "spaces", "index_files"}
    names |= {"users", "playlists", "playlist_tracks", "listens", "graphs", "edges", "metrics", "node_vectors"}
    names |= {"recordings", "same_recording", "fingerprints"}
    names |= {"never_recommended", "ratings", "favourites", "play_queues"}
    tables = {
        table.name: table for table in library.db.tables if not table.name.startswith(("_", "tracks_fts", "sqlite_"))
    }
    assert set(tables) == names | {"neighbours", "recommendations", "root_rules", "mount_points", "kept_files"}
    assert [name for name, table in tables.items() if not table.strict] == []


def test_the_id_of_a_removed_track_is_never_given_again(library):
    library.db.execute("DELETE FROM tracks WHERE id = (SELECT max(id) FROM tracks)")
    library.db.execute("INSERT INTO tracks (title, status) VALUES ('new', 'catalog')")
    assert library.db.execute("SELECT id FROM tracks WHERE title = 'new'").fetchone() == (4,)


def test_the_file_says_whose_it_is(library):
    assert library.db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert APPLICATION_ID.to_bytes(4, "big") == b"EARS"


def test_every_step_is_recorded_once_in_order(library):
    names = [name for (name,) in library.db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
    assert names == [step.name for step in migrations._migrations]
    assert names == sorted(names) and names[0] == "m001_tracks"
    migrations.apply(library.db)
    assert library.db.table("_sqlite_migrations").count == len(names)


@pytest.mark.parametrize("view", VIEWS)
def test_the_columns_of_the_views_are_a_contract(library, view):
    assert [column.name for column in library.db.view(view).columns] == VIEWS[view]


def test_any_sqlite_client_answers_what_is_similar(library):
    client = sqlite3.connect(library.folder / "library.db")
    rows = client.execute(
        "SELECT rank, neighbour_path, round(score, 4) FROM similar_tracks WHERE path = '/10.mp3' ORDER BY rank"
    ).fetchall()
    client.close()
    assert rows == [(1, "/0.mp3", 0.9848), (2, "/40.mp3", 0.8660)]  # cos 10 and cos 30 degrees


def test_the_first_rows_need_no_sorting_of_all(library):
    plan = [step for *_, step in library.db.execute("EXPLAIN QUERY PLAN SELECT * FROM similar_tracks LIMIT 5")]
    assert plan[0] == "SCAN own" and not any("TEMP" in step or "AUTOMATIC" in step for step in plan)


def test_the_summary_counts_what_can_be_searched(library):
    set_status(library, "/broken.mp3", 1, 1, "failed", "not audio")
    set_status(library, "/cover.jpg", 1, 1, "excluded", "not audio by its name (.jpg)")
    set_status(library, "/40.mp3", 1_000, 1, "missing", None)
    library.db.execute("UPDATE tracks SET artist = 'Björk', album = 'Debut' WHERE id IN (1, 2)")
    (row,) = library.db.query("SELECT * FROM library_summary")
    # Two tracks of 180 s are a tenth of an hour.
    assert row == {"tracks": 2, "artists": 1, "albums": 1, "hours": 0.1, "failed": 1, "missing": 1, "excluded": 1}
    assert library.db.execute("SELECT path, reason FROM failures").fetchall() == [("/broken.mp3", "not audio")]


def test_current_vectors_are_of_one_run_and_of_embedded_tracks(library):
    _, other = start_run(library, "embed-audio", {}, fingerprint="another ear")
    library.db.execute("INSERT INTO vectors SELECT track_id, space, ?, dim, vector FROM vectors", [other])
    set_status(library, "/40.mp3", 1_000, 1, "missing", None)
    rows = library.db.execute("SELECT track_id, path, space, dim, vector FROM current_vectors").fetchall()
    assert rows == [(1, "/0.mp3", "audio", 2, at(0).tobytes()), (2, "/10.mp3", "audio", 2, at(10).tobytes())]


CHANGES = {  # what search may find is another afterwards: the neighbours left, of ALL
    "a new vector": (
        "INSERT INTO tracks (id, path, status) VALUES (4, '/4', 'embedded');"
        "INSERT INTO vectors SELECT 4, space, run_id, dim, vector FROM vectors WHERE track_id = 1",
        ALL,
    ),
    "another vector": ("UPDATE vectors SET vector = zeroblob(8) WHERE track_id = 2", [(1, 3), (3, 1)]),
    "a vector less": ("DELETE FROM vectors WHERE track_id = 2", [(1, 3), (3, 1)]),
    "a replaced vector": ("REPLACE INTO vectors SELECT * FROM vectors WHERE track_id = 2", [(1, 3), (3, 1)]),
    "a vector moved to another run": ("UPDATE vectors SET run_id = 2 WHERE track_id = 2", [(1, 3), (3, 1)]),
    "a vector moved to another space": ("UPDATE vectors SET space = 'tower' WHERE track_id = 2", [(1, 3), (3, 1)]),
    "a track less": ("DELETE FROM tracks WHERE id = 2", [(1, 3), (3, 1)]),
    "a missing track": ("UPDATE tracks SET status = 'missing' WHERE id = 2", [(1, 3), (3, 1)]),
    "another run": ("UPDATE spaces SET run_id = 2", []),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_to_what_search_may_find_moves_the_revision(library, change):
    script, left = CHANGES[change]
    start_run(library, "embed-audio", {}, fingerprint="another ear")
    before = revision(library)
    assert neighbours(library) == ALL
    for statement in script.split(";"):
        library.db.execute(statement)
    assert revision(library) > before
    assert neighbours(library) == left
    filled = library.db.execute("SELECT neighbours_revision FROM spaces").fetchone()[0]
    assert filled != revision(library), "the table of neighbours is known as stale"


def test_a_track_that_comes_back_moves_the_revision_too(library):
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 2")
    before = revision(library)
    library.db.execute("UPDATE tracks SET status = 'embedded' WHERE id = 2")
    assert revision(library) > before


INDIFFERENT = {
    "a title": "UPDATE tracks SET title = 'Jóga', path = '/elsewhere.mp3', mtime_ns = 5 WHERE id = 1",
    "the same status again": "UPDATE tracks SET status = status",
    "a file that failed": "INSERT INTO tracks (path, status) VALUES ('/broken.mp3', 'failed')",
    "from failed to excluded": "UPDATE tracks SET status = 'excluded' WHERE status = 'failed'",
    "a vector of a run not in use": "INSERT INTO vectors SELECT track_id, space, 2, dim, vector FROM vectors",
    "a vector of another space": "INSERT INTO vectors SELECT track_id, 'tower', 2, dim, vector FROM vectors",
    "an excerpt": "DELETE FROM excerpts",
    "a run": "UPDATE runs SET finished = 'now'",
    "the same run again": "UPDATE spaces SET run_id = 1",
}


@pytest.mark.parametrize("change", INDIFFERENT)
def test_other_changes_leave_the_revision_alone(library, change):
    start_run(library, "embed-audio", {}, fingerprint="another ear")
    set_status(library, "/cover.jpg", 1, 1, "failed", "not audio")
    before = revision(library)
    assert library.db.execute(INDIFFERENT[change]).rowcount > 0
    assert revision(library) == before
    assert neighbours(library) == ALL


def words(library, query):
    return [row for (row,) in library.db.execute("SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH ?", [query])]


def test_search_text_follows_the_tracks(library):
    library.db.execute("UPDATE tracks SET title = 'Jóga', artist = 'Björk', album = 'Homogenic' WHERE id = 2")
    for query in ("Bjork", "björk", "BJÖRK", "joga", "homogenic", "artist:bjork title:joga"):
        assert words(library, query) == [2], query
    library.db.execute("UPDATE tracks SET title = 'Hunter' WHERE id = 2")
    assert (words(library, "joga"), words(library, "hunter")) == ([], [2])
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 2")
    assert words(library, "hunter") == [2]
    library.db.execute("DELETE FROM tracks WHERE id = 2")
    assert words(library, "hunter") == []
    library.db.execute("INSERT INTO tracks_fts (tracks_fts, rank) VALUES ('integrity-check', 1)")


REFUSED = {
    "an unknown status": (
        "INSERT INTO tracks (path, status) VALUES ('/x', 'lost')",
        "CHECK constraint failed: status IN",
    ),
    "two tracks of one path": (
        "INSERT INTO tracks (path, status) VALUES ('/0.mp3', 'failed')",
        "UNIQUE constraint failed: tracks.path",
    ),
    "text for a size": (
        "INSERT INTO tracks (path, size, status) VALUES ('/x', 'big', 'failed')",
        "cannot store TEXT value in INTEGER column",
    ),
    "a vector shorter than it says": (
        "INSERT INTO vectors VALUES (1, 'tower', 1, 3, zeroblob(8))",
        r"CHECK constraint failed: length\(vector\) = 4 \* dim",
    ),
    "an excerpt longer than it says": (
        "INSERT INTO excerpts VALUES (1, 1, 9, 0.0, 1, zeroblob(8))",
        r"CHECK constraint failed: length\(vector\) = 4 \* dim",
    ),
    "a vector of no track": ("INSERT INTO vectors VALUES (99, 'audio', 1, 2, zeroblob(8))", "FOREIGN KEY"),
    "a vector of no run": ("INSERT INTO vectors VALUES (1, 'audio', 99, 2, zeroblob(8))", "FOREIGN KEY"),
    "a second vector of one track, space and run": (
        "INSERT INTO vectors VALUES (1, 'audio', 1, 2, zeroblob(8))",
        "UNIQUE constraint failed: vectors.space, vectors.run_id, vectors.track_id",
    ),
    "a recommendation to nobody": ("INSERT INTO recommendations VALUES (99, 1, 1, 0.5, 1)", "FOREIGN KEY"),
    "a recommendation before the first": ("INSERT INTO recommendations VALUES (1, 0, 1, 0.5, 1)", "rank >= 1"),
    "a neighbour that is no track": ("INSERT INTO neighbours VALUES (1, 'audio', 9, 99, 0.5)", "FOREIGN KEY"),
    "a score that is no number": (
        "INSERT INTO neighbours VALUES (1, 'audio', 9, 2, 'near')",
        "cannot store TEXT value in REAL column",
    ),
    "a run that is in use": ("DELETE FROM runs WHERE id = 1", "FOREIGN KEY"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_makes_no_sense_is_refused(library, mistake):
    statement, message = REFUSED[mistake]
    with pytest.raises(sqlite3.IntegrityError, match=message):
        library.db.execute(statement)


def test_with_a_track_goes_all_that_belongs_to_it(library):
    library.db.execute("DELETE FROM tracks WHERE id = 1")
    for table in ("vectors", "excerpts"):
        assert library.db.execute(f"SELECT DISTINCT track_id FROM {table} ORDER BY 1").fetchall() == [(2,), (3,)]
    assert neighbours(library) == [(2, 3), (3, 2)]
    assert library.db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_cost_of_one_vector_does_not_grow_with_the_library(library):
    """SQLite counts its own steps; a scan of any table would show."""

    def steps_of(statement: str) -> int:
        count = 0

        def tick() -> None:
            nonlocal count
            count += 1

        with library.transaction():
            library.db.conn.set_progress_handler(tick, 1)
            library.db.execute(statement)
            library.db.conn.set_progress_handler(None, 0)
        return count

    touch = "UPDATE vectors SET vector = zeroblob(8) WHERE space = 'audio' AND run_id = 1 AND track_id = 1"
    small = steps_of(touch)
    add(library, 1, [heard(f"/more/{number}.mp3", at(number)) for number in range(500)])
    assert steps_of(touch) < 2 * small


def test_plain_sqlite_utils_reads_the_library(library):
    """As `sqlite-utils rows library.db library_summary` would."""
    db = Database(library.folder / "library.db")
    assert next(iter(db["library_summary"].rows))["tracks"] == 3
    db.close()


def test_opening_again_changes_nothing(library, tmp_path):
    library.close()
    before = (tmp_path / "library.db").read_bytes()
    for opening in (Library.open_to_write, Library.open):
        opening(tmp_path).close()
    assert (tmp_path / "library.db").read_bytes() == before


def test_spellings_in_an_old_library_become_one_artist(tmp_path):
    """And what names no artist or album is none; rows stay, since ids are durable."""
    db = Database(tmp_path / "library.db")
    migrations.apply(db, stop_before="m015_artist_keys")
    names = ["Guns N\u2019 Roses", "Guns N' Roses", "Unknown Artist", "Guns N Roses feat. Izzy"]
    for node, name in enumerate(names, start=1):
        album = "Unknown Album" if node == 3 else "Lies"
        db.execute("INSERT INTO artists VALUES (?, ?)", [node, name])
        db.execute("INSERT INTO albums VALUES (?, ?, ?)", [node, album, node])
        track = [name, album, node, node]
        db.execute(
            "INSERT INTO tracks (artist, album, artist_id, album_id, status) VALUES (?, ?, ?, ?, 'catalog')", track
        )
    migrations.apply(db)
    rows = db.execute("SELECT artist, artist_id, album_id, album_artist, names_from FROM tracks ORDER BY id").fetchall()
    expected = [(1, 1), (1, 2), (None, None), (1, 4)]
    assert rows == [(name, *ids, None, None) for name, ids in zip(names, expected, strict=True)]
    keys = [key for (key,) in db.execute("SELECT key FROM artists ORDER BY id")]
    assert keys == ["guns n roses", "guns n roses", "", "guns n roses"]
    db.close()


def test_views_that_are_read_row_by_row_are_ordered(tmp_path):
    """Rows are written against the order, and asked for without one."""
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(10 * number), title="Same") for number in range(3, 0, -1)])
        finish(library)
        rows = library.db.execute("SELECT track_id, space, rank FROM similar_tracks").fetchall()
        assert rows == sorted(rows) and len(rows) == 6
        ranks = library.column("SELECT rank FROM similar_tracks WHERE title = 'Same' AND track_id = 2")
        assert ranks == [1, 2]
        for number in (3, 1, 2):
            set_status(library, f"/{number}.mp3", 1, 1, "failed", "damaged")
        assert library.column("SELECT path FROM failures") == ["/1.mp3", "/2.mp3", "/3.mp3"]
        library.db.execute("INSERT INTO users VALUES (1, 'zoe'), (2, 'ann')")
        lists = [(user, rank, 1, 0.5, head) for user in (1, 2) for rank in (2, 1)]
        library.db.conn.executemany("INSERT INTO recommendations VALUES (?, ?, ?, ?, ?)", lists)
        names = library.db.execute("SELECT user, rank FROM user_recommendations").fetchall()
        assert names == [("ann", 1), ("ann", 2), ("zoe", 1), ("zoe", 2)]


def test_a_title_has_its_index(library):
    query = "EXPLAIN QUERY PLAN SELECT rank, neighbour_title FROM similar_tracks WHERE title = 'Vibe Ace' ORDER BY rank"
    assert any("tracks_by_title" in step[3] for step in library.db.execute(query))
