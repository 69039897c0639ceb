"""The schema of library.db, in small numbered steps that are never edited once they have landed.

Every table is strict. The views and their columns are a contract: other programs read them.
"""

from sqlite3 import complete_statement

from sqlite_utils import Database, Migrations

from earshot.data.name_matching import album_key, main_artist_key

APPLICATION_ID = 0x45415253  # "EARS" in the header of the file, by which `file` and Earshot recognize it

migrations = Migrations("earshot")


def _run(db: Database, script: str) -> None:
    """Execute statements one by one: sqlite3's own executescript would commit the migration's transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            db.conn.execute(statement)
            statement = ""
    assert not statement.strip(), statement


@migrations()
def m001_tracks(db: Database) -> None:
    _run(db, f"PRAGMA application_id = {APPLICATION_ID};")
    _run(
        db,
        """
        CREATE TABLE artists (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE albums (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            artist_id INTEGER REFERENCES artists(id),
            UNIQUE (name, artist_id)
        ) STRICT;
        CREATE TABLE tracks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: listens in Parquet name it for ever
            path TEXT UNIQUE,          -- as shown; NULL for an item that is no file here
            path_bytes BLOB,           -- the name itself where it is not UTF-8, else NULL
            content_hash TEXT,
            size INTEGER,              -- bytes
            mtime_ns INTEGER,
            duration_s REAL,
            sample_rate INTEGER,       -- Hz
            channels INTEGER,
            codec TEXT,
            title TEXT,                -- the tag, else the file's name
            artist TEXT,
            album TEXT,
            genre TEXT,
            year INTEGER,
            track_number INTEGER,
            artist_id INTEGER REFERENCES artists(id),
            album_id INTEGER REFERENCES albums(id),
            -- 'catalog': known from a graph, listens or a playlist, without a file
            status TEXT NOT NULL CHECK (status IN ('embedded', 'failed', 'missing', 'excluded', 'catalog')),
            reason TEXT                -- why it failed or is excluded; a note on an embedded track
        ) STRICT;
        CREATE INDEX tracks_by_content ON tracks(content_hash);
        CREATE INDEX tracks_by_artist ON tracks(artist_id);
        CREATE INDEX tracks_by_status ON tracks(status);
        CREATE TABLE roots (path TEXT PRIMARY KEY, path_bytes BLOB) STRICT;  -- folders given to embed-audio
        """,
    )


@migrations()
def m002_vectors(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            stage TEXT NOT NULL,
            continues INTEGER REFERENCES runs(id),  -- the first run with the same fingerprint
            fingerprint TEXT,          -- of decoder, front end and weights
            started TEXT NOT NULL,     -- ISO 8601, UTC
            finished TEXT,             -- NULL: going on, or killed
            config TEXT NOT NULL,      -- JSON
            metrics TEXT,              -- JSON
            seed INTEGER,
            versions TEXT,             -- JSON
            checkpoint TEXT            -- file name below checkpoints/, NULL for packaged weights
        ) STRICT;
        CREATE TABLE vectors (
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            space TEXT NOT NULL,       -- 'audio' or 'tower'
            run_id INTEGER NOT NULL REFERENCES runs(id),
            dim INTEGER NOT NULL,
            vector BLOB NOT NULL CHECK (length(vector) = 4 * dim),  -- little-endian float32, unit length
            PRIMARY KEY (space, run_id, track_id)
        ) STRICT;
        CREATE INDEX vectors_by_track ON vectors(track_id);
        CREATE TABLE excerpts (
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            run_id INTEGER NOT NULL REFERENCES runs(id),
            position INTEGER NOT NULL,
            start_s REAL NOT NULL,
            dim INTEGER NOT NULL,
            vector BLOB NOT NULL CHECK (length(vector) = 4 * dim),
            PRIMARY KEY (track_id, run_id, position)
        ) STRICT;
        CREATE TABLE spaces (
            space TEXT PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs(id),  -- the run whose vectors search uses
            revision INTEGER NOT NULL DEFAULT 0,          -- counts every change to what search may find
            neighbours_revision INTEGER                   -- the revision that `neighbours` was filled at
        ) STRICT;
        CREATE TABLE index_files (
            space TEXT PRIMARY KEY,
            name TEXT NOT NULL,        -- below the library folder
            hash TEXT NOT NULL,        -- xxh3_128 of the file
            type TEXT NOT NULL,
            asked_type TEXT NOT NULL,  -- 'auto' lets the next rebuild choose by size
            target_recall REAL NOT NULL,
            run_id INTEGER NOT NULL REFERENCES runs(id),
            revision INTEGER NOT NULL, -- of the space when it was built
            n_vectors INTEGER NOT NULL,
            recall_at_10 REAL,         -- against exact search, measured when it was built; 1 for exact
            settings TEXT NOT NULL,    -- JSON
            built TEXT NOT NULL
        ) STRICT;
        CREATE TABLE neighbours (
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            space TEXT NOT NULL,
            rank INTEGER NOT NULL,     -- 1 is the nearest
            neighbour_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            score REAL NOT NULL,       -- cosine similarity
            PRIMARY KEY (track_id, space, rank)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX neighbours_by_neighbour ON neighbours(neighbour_id, space);
        """,
    )


# A change by any program increments the revision of its space, so that a stale index is always detected.
_BUMP = "UPDATE spaces SET revision = revision + 1 WHERE space = {row}.space AND run_id = {row}.run_id"
_FORGET = (
    "DELETE FROM neighbours WHERE space = {row}.space AND (track_id = {row}.track_id OR neighbour_id = {row}.track_id)"
)
_CURRENT = "EXISTS (SELECT 1 FROM spaces WHERE space = {row}.space AND run_id = {row}.run_id)"


@migrations()
def m003_triggers(db: Database) -> None:
    # An update takes one vector away and brings another: of another track, run or space, perhaps.
    for verb, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        db.conn.execute(f"""
            CREATE TRIGGER vectors_after_{verb.lower()}_{row.lower()} AFTER {verb} ON vectors
            WHEN {_CURRENT.format(row=row)} BEGIN
                {_FORGET.format(row=row)};
                {_BUMP.format(row=row)};
            END
        """)
    db.conn.execute("""
        CREATE TRIGGER tracks_after_status AFTER UPDATE OF status ON tracks
        WHEN (OLD.status = 'embedded') <> (NEW.status = 'embedded') BEGIN
            DELETE FROM neighbours WHERE track_id = NEW.id OR neighbour_id = NEW.id;
            UPDATE spaces SET revision = revision + 1;
        END
    """)
    db.conn.execute(
        """
        CREATE TRIGGER spaces_after_run AFTER UPDATE OF run_id ON spaces WHEN OLD.run_id <> NEW.run_id BEGIN
            DELETE FROM neighbours WHERE space = NEW.space;
            UPDATE spaces SET revision = revision + 1, neighbours_revision = NULL WHERE space = NEW.space;
        END
        """,
    )


@migrations()
def m004_search_text(db: Database) -> None:
    db.table("tracks").enable_fts(
        ["title", "artist", "album"], tokenize="unicode61 remove_diacritics 2", create_triggers=True
    )
    db.table("tracks").populate_fts(["title", "artist", "album"])
    # A scan changes the status of many tracks and the words of few.
    (update,) = [trigger.sql for trigger in db.table("tracks").triggers if trigger.name == "tracks_au"]
    db.conn.execute("DROP TRIGGER tracks_au")
    db.conn.execute(update.replace("AFTER UPDATE ON", "AFTER UPDATE OF title, artist, album ON"))


@migrations()
def m005_views(db: Database) -> None:
    db.create_view(
        "current_vectors",
        """
        SELECT v.track_id, t.path, v.space, v.dim, v.vector
        FROM spaces AS s
        JOIN vectors AS v ON v.space = s.space AND v.run_id = s.run_id
        JOIN tracks AS t ON t.id = v.track_id
        WHERE t.status IN ('embedded', 'catalog')  -- a diffused vector needs no file
        """,
    )
    db.create_view(
        "similar_tracks",
        """
        SELECT n.track_id, n.space, n.rank, n.score,
               a.title, a.artist, a.album, a.path,
               n.neighbour_id, b.title AS neighbour_title, b.artist AS neighbour_artist,
               b.album AS neighbour_album, b.path AS neighbour_path
        FROM neighbours AS n
        JOIN tracks AS a ON a.id = n.track_id
        JOIN tracks AS b ON b.id = n.neighbour_id
        """,
    )
    db.create_view(
        "failures", "SELECT id AS track_id, path, reason, size, mtime_ns FROM tracks WHERE status = 'failed'"
    )
    db.create_view(
        "library_summary",
        """
        SELECT (SELECT count(*) FROM tracks WHERE status = 'embedded') AS tracks,
               (SELECT count(DISTINCT artist) FROM tracks WHERE status = 'embedded') AS artists,
               (SELECT count(DISTINCT album) FROM tracks WHERE status = 'embedded') AS albums,
               (SELECT round(sum(duration_s) / 3600, 2) FROM tracks WHERE status = 'embedded') AS hours,
               (SELECT count(*) FROM tracks WHERE status = 'failed') AS failed,
               (SELECT count(*) FROM tracks WHERE status = 'missing') AS missing,
               (SELECT count(*) FROM tracks WHERE status = 'excluded') AS excluded
        """,
    )


@migrations()
def m006_preferences(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE playlists (
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL UNIQUE,
            path_bytes BLOB,           -- where the path is not UTF-8
            name TEXT NOT NULL,
            imported TEXT NOT NULL     -- ISO 8601, UTC
        ) STRICT;
        CREATE TABLE playlist_tracks (
            playlist_id INTEGER NOT NULL REFERENCES playlists(id) ON DELETE CASCADE,
            position INTEGER NOT NULL, -- from 1
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            PRIMARY KEY (playlist_id, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE listens (         -- one row per imported file; the events lie in listens/ as Parquet
            id INTEGER PRIMARY KEY,
            file TEXT NOT NULL UNIQUE, -- name below listens/
            content_hash TEXT NOT NULL UNIQUE,  -- of what was imported: a second import adds nothing
            origin TEXT NOT NULL,
            level TEXT NOT NULL CHECK (level IN ('track', 'artist')),
            n_events INTEGER NOT NULL,
            n_users INTEGER NOT NULL,
            n_items INTEGER NOT NULL,
            n_malformed INTEGER NOT NULL,
            imported TEXT NOT NULL
        ) STRICT;
        CREATE TABLE graphs (
            kind TEXT PRIMARY KEY,     -- 'listens', 'playlists', 'album', 'artist', or the name of an imported one
            level TEXT NOT NULL CHECK (level IN ('track', 'album', 'artist')),
            directed INTEGER NOT NULL CHECK (directed IN (0, 1)),
            origin TEXT NOT NULL,      -- the file, or how it was built
            settings TEXT NOT NULL,    -- JSON
            n_nodes INTEGER NOT NULL,
            n_edges INTEGER NOT NULL,
            made TEXT NOT NULL
        ) STRICT;
        CREATE TABLE edges (
            kind TEXT NOT NULL REFERENCES graphs(kind) ON DELETE CASCADE,
            source_id INTEGER NOT NULL, -- in tracks, albums or artists: graphs.level says which
            target_id INTEGER NOT NULL, -- of an undirected graph the greater id; each edge is one row
            weight REAL NOT NULL CHECK (weight > 0),
            PRIMARY KEY (kind, source_id, target_id)
        ) STRICT, WITHOUT ROWID;
        """,
    )


@migrations()
def m007_metrics(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE metrics (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,     -- whose figure: 'audio', 'mfcc', 'random', ...
            metric TEXT NOT NULL,
            k INTEGER,
            slice TEXT NOT NULL DEFAULT 'all',
            value REAL,                -- NULL where it is not defined
            ci_low REAL,               -- 95 % bootstrap interval
            ci_high REAL,
            n INTEGER NOT NULL         -- queries it is a mean of
        ) STRICT;
        CREATE INDEX metrics_by_run ON metrics(run_id);
        """,
    )


@migrations()
def m008_node_vectors(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE node_vectors (    -- spread over a graph: also for artists and albums without any track here
            level TEXT NOT NULL CHECK (level IN ('album', 'artist')),
            node_id INTEGER NOT NULL,  -- in albums or artists: level says which
            run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            dim INTEGER NOT NULL,
            vector BLOB NOT NULL CHECK (length(vector) = 4 * dim),  -- little-endian float32, unit length
            PRIMARY KEY (level, node_id)
        ) STRICT;
        CREATE INDEX node_vectors_by_run ON node_vectors(run_id);
        """,
    )


@migrations()
def m009_links(db: Database) -> None:
    _run(
        db,
        """
        ALTER TABLE tracks ADD COLUMN mbid TEXT;       -- of the recording, in MusicBrainz
        ALTER TABLE tracks ADD COLUMN isrc TEXT;
        -- The file that holds what this catalog track names. Ids never change: what reads listens puts the file's
        -- track in the place of this one.
        ALTER TABLE tracks ADD COLUMN linked_id INTEGER REFERENCES tracks(id) ON DELETE SET NULL;
        CREATE INDEX tracks_by_mbid ON tracks(mbid) WHERE mbid IS NOT NULL;
        CREATE INDEX tracks_by_isrc ON tracks(isrc) WHERE isrc IS NOT NULL;
        CREATE INDEX tracks_by_link ON tracks(linked_id) WHERE linked_id IS NOT NULL;
        """,
    )


@migrations()
def m010_recommendations(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE recommendations ( -- of the last `cli recommend --all` that ended, whole or not at all
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            rank INTEGER NOT NULL CHECK (rank >= 1),  -- 1 is the best
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            score REAL NOT NULL,       -- to be compared within one run only
            run_id INTEGER NOT NULL REFERENCES runs(id),
            PRIMARY KEY (user_id, rank)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX recommendations_by_track ON recommendations(track_id);
        """,
    )
    db.create_view(
        "user_recommendations",
        """
        SELECT u.name AS user, r.rank, r.score, t.title, t.artist, t.album, t.path,
               r.user_id, r.track_id, runs.started AS made
        FROM recommendations AS r
        JOIN users AS u ON u.id = r.user_id
        JOIN tracks AS t ON t.id = r.track_id
        JOIN runs ON runs.id = r.run_id
        """,
    )


_EDITED = (  # table or view, its text in m001 and m005 before they were edited, and after
    (
        "tracks",
        "id INTEGER PRIMARY KEY,",
        "id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: listens in Parquet name it for ever",
    ),
    (
        "tracks",
        "status TEXT NOT NULL CHECK (status IN ('embedded', 'failed', 'missing', 'excluded')),",
        """-- 'catalog': known from a graph, listens or a playlist, without a file
            status TEXT NOT NULL CHECK (status IN ('embedded', 'failed', 'missing', 'excluded', 'catalog')),""",
    ),
    (
        "current_vectors",
        "WHERE t.status = 'embedded'",
        "WHERE t.status IN ('embedded', 'catalog')  -- a diffused vector needs no file",
    ),
)


@migrations()
def m011_repair(db: Database) -> None:
    """Make libraries of the two edited steps what the edited steps make; all others stay as they are.

    Foreign keys are off (`Library.open_to_write` sees to it): with them, dropping `tracks` would drop its vectors too.
    """
    names = "('tracks', 'current_vectors')"
    schema = dict(db.execute(f"SELECT name, sql FROM sqlite_master WHERE name IN {names}").fetchall())
    repaired = dict(schema)
    for name, was, is_now in _EDITED:
        if name in repaired:
            repaired[name] = repaired[name].replace(was, is_now)
    if repaired.get("tracks") != schema.get("tracks"):
        assert not db.execute("PRAGMA foreign_keys").fetchone()[0]
        with_it = db.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'tracks' AND type IN ('index', 'trigger') AND sql NOT NULL"
        ).fetchall()
        # Kept aside and put back, rather than renamed: a renaming rewrites what points to the table.
        db.execute("CREATE TEMP TABLE kept_tracks AS SELECT * FROM main.tracks")
        db.execute("DROP TABLE main.tracks")
        db.execute(repaired["tracks"])
        db.execute("INSERT INTO main.tracks SELECT * FROM temp.kept_tracks ORDER BY id")
        db.execute("DROP TABLE temp.kept_tracks")
        for (sql,) in with_it:
            db.execute(sql)
    if repaired.get("current_vectors") != schema.get("current_vectors"):
        db.execute("DROP VIEW current_vectors")
        db.execute(repaired["current_vectors"])


@migrations()
def m012_root_rules(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE root_rules (      -- what a folder of `roots` leaves out, in this run and every later one
            path TEXT PRIMARY KEY REFERENCES roots(path) ON DELETE CASCADE,
            exclude TEXT NOT NULL,     -- JSON: a list of globs
            min_duration_s REAL,
            max_duration_s REAL
        ) STRICT;
        CREATE TABLE mount_points (    -- folders that are empty while a disk is away, which says nothing of its files
            path TEXT PRIMARY KEY,
            path_bytes BLOB,           -- where the path is not UTF-8
            was_mounted INTEGER NOT NULL CHECK (was_mounted IN (0, 1))  -- 0: was only found without its tracks
        ) STRICT;
        """,
    )


@migrations()
def m013_recorded_hashes(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE kept_files (      -- what cannot be made again as it was: listens and trained checkpoints
            name TEXT PRIMARY KEY,     -- below the library folder
            n_bytes INTEGER NOT NULL,
            hash TEXT NOT NULL         -- xxh3_128 of the whole file
        ) STRICT;
        ALTER TABLE playlists ADD COLUMN content_hash TEXT;  -- of the file that was imported; NULL: nobody looked
        ALTER TABLE listens ADD COLUMN options TEXT;         -- JSON: what was typed with the import; NULL: nobody knows
        """,
    )


@migrations()
def m014_names(db: Database) -> None:
    """Index what people ask for by name; by title SQLite else reads every neighbour of every track."""
    _run(
        db,
        """
        CREATE INDEX tracks_by_title ON tracks(title);
        CREATE INDEX tracks_by_album ON tracks(album_id);
        CREATE INDEX tracks_by_genre ON tracks(genre);
        """,
    )


@migrations()
def m015_artist_keys(db: Database) -> None:
    """Add the album artist, where names come from, and keys by which spellings of one artist or album are one."""
    _run(
        db,
        """
        ALTER TABLE tracks ADD COLUMN album_artist TEXT;  -- the tag; 'Various Artists' also for a mere compilation flag
        -- 'tags', 'table' (imported) or 'path' (artist, album or number from folders); NULL: by an earlier version
        ALTER TABLE tracks ADD COLUMN names_from TEXT;
        ALTER TABLE artists ADD COLUMN key TEXT;          -- data.name_matching.artist_key; '' for no artist's name
        ALTER TABLE albums ADD COLUMN key TEXT;           -- data.name_matching.album_key; '' for no album's name
        CREATE INDEX artists_by_key ON artists(key);
        CREATE INDEX albums_by_key ON albums(key, artist_id);
        """,
    )
    for table, key in (("artists", main_artist_key), ("albums", album_key)):
        names = db.execute(f"SELECT id, name FROM {table}").fetchall()
        db.conn.executemany(f"UPDATE {table} SET key = ? WHERE id = ?", [(key(name), node) for node, name in names])
    _run(
        db,
        """
        CREATE TEMP TABLE same_artists AS SELECT a.id AS old_id, k.id FROM main.artists AS a
            JOIN (SELECT key, min(id) AS id FROM main.artists WHERE key <> '' GROUP BY key) AS k
            ON k.key = a.key AND k.id <> a.id;
        UPDATE tracks SET artist_id = (SELECT id FROM temp.same_artists WHERE old_id = artist_id)
            WHERE artist_id IN (SELECT old_id FROM temp.same_artists);
        DROP TABLE temp.same_artists;
        UPDATE tracks SET artist_id = NULL WHERE artist_id IN (SELECT id FROM artists WHERE key = '');
        UPDATE tracks SET album_id = NULL WHERE album_id IN (SELECT id FROM albums WHERE key = '');
        """,
    )


@migrations()
def m016_recordings(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE fingerprints (    -- of the sound of a file, by which other files of it are recognized
            track_id INTEGER PRIMARY KEY REFERENCES tracks(id) ON DELETE CASCADE,
            is_compared INTEGER NOT NULL DEFAULT 0 CHECK (is_compared IN (0, 1)),  -- with all earlier ones
            fingerprint BLOB NOT NULL
        ) STRICT;
        CREATE INDEX fingerprints_to_compare ON fingerprints(track_id) WHERE NOT is_compared;
        CREATE TABLE same_recording (  -- pairs of tracks that were found to be one recording, by sound or by name
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            other_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            why TEXT NOT NULL,         -- 'sound' or 'name'
            agreement REAL,            -- of their fingerprints: 1 for equal bits, 0 for chance
            PRIMARY KEY (track_id, other_id),
            CHECK (track_id < other_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX same_recording_by_other ON same_recording(other_id);
        CREATE TABLE recordings (      -- every track: lists and towers know a recording once
            track_id INTEGER PRIMARY KEY REFERENCES tracks(id) ON DELETE CASCADE,
            recording_id INTEGER NOT NULL,  -- the id of one of its tracks, under which listens to all of them count
            is_best INTEGER NOT NULL DEFAULT 1 CHECK (is_best IN (0, 1))  -- the file that lists show
        ) STRICT;
        CREATE INDEX recordings_by_recording ON recordings(recording_id, is_best);
        CREATE INDEX recordings_of_copies ON recordings(track_id) WHERE recording_id <> track_id;
        INSERT INTO recordings (track_id, recording_id) SELECT id, id FROM tracks;
        DROP VIEW similar_tracks;
        DROP VIEW user_recommendations;
        """,
    )
    db.create_view(  # of each track, whichever file of its recording it is; neighbours by their best files
        "similar_tracks",
        """
        SELECT own.track_id, n.space, n.rank, n.score,
               a.title, a.artist, a.album, a.path,
               b.id AS neighbour_id, b.title AS neighbour_title, b.artist AS neighbour_artist,
               b.album AS neighbour_album, b.path AS neighbour_path
        FROM recordings AS own
        JOIN neighbours AS n ON n.track_id = own.recording_id
        JOIN recordings AS best ON best.recording_id = n.neighbour_id AND best.is_best = 1
        JOIN tracks AS a ON a.id = own.track_id
        JOIN tracks AS b ON b.id = best.track_id
        """,
    )
    db.create_view(
        "user_recommendations",
        """
        SELECT u.name AS user, r.rank, r.score, t.title, t.artist, t.album, t.path,
               r.user_id, t.id AS track_id, runs.started AS made
        FROM recommendations AS r
        JOIN users AS u ON u.id = r.user_id
        JOIN recordings AS best ON best.recording_id = r.track_id AND best.is_best = 1
        JOIN tracks AS t ON t.id = best.track_id
        JOIN runs ON runs.id = r.run_id
        """,
    )
    db.conn.execute("""
        CREATE TRIGGER tracks_after_insert_recording AFTER INSERT ON tracks BEGIN
            INSERT INTO recordings (track_id, recording_id) VALUES (NEW.id, NEW.id);
        END
    """)
    db.conn.execute("""
        CREATE TRIGGER recordings_after_delete AFTER DELETE ON recordings BEGIN
            UPDATE recordings SET recording_id = track_id, is_best = 1 WHERE recording_id = OLD.track_id;
            UPDATE recordings SET is_best = 1 WHERE track_id = OLD.recording_id AND OLD.is_best = 1;
        END
    """)


@migrations()
def m017_ordered_views(db: Database) -> None:
    """Order the views that programs read row by row; a query with its own order, or an aggregate, pays nothing."""
    for name, order in (
        ("similar_tracks", "own.track_id, n.space, n.rank"),
        ("user_recommendations", "u.name, r.rank"),
    ):
        (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", [name]).fetchone()
        db.execute(f"DROP VIEW {name}")
        db.execute(f"{sql.rstrip()} ORDER BY {order}")
    db.execute("DROP VIEW failures")
    db.create_view(
        "failures",
        "SELECT id AS track_id, path, reason, size, mtime_ns FROM tracks WHERE status = 'failed' ORDER BY path",
    )


@migrations()
def m018_ctimes(db: Database) -> None:
    """Add the time of change that no tagger can set back; NULL until a file is scanned again."""
    _run(db, "ALTER TABLE tracks ADD COLUMN ctime_ns INTEGER;")


@migrations()
def m020_best_files(db: Database) -> None:
    """Ask views for best files by truth: by equality SQLite begins with all of them, and sorts every neighbour."""
    for name in ("similar_tracks", "user_recommendations"):
        (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", [name]).fetchone()
        db.execute(f"DROP VIEW {name}")
        db.execute(sql.replace("best.is_best = 1", "best.is_best"))


@migrations()
def m021_feedback(db: Database) -> None:
    """Add what a listener tells while music plays: plays and opinions, exclusions, star ratings, the queue."""
    _run(
        db,
        """
        -- Of plays and opinions that are told here one by one, whose they are and of which year; NULL: an import.
        ALTER TABLE listens ADD COLUMN listener_id INTEGER REFERENCES users(id);
        ALTER TABLE listens ADD COLUMN year INTEGER;   -- UTC
        CREATE UNIQUE INDEX listens_by_listener ON listens(listener_id, year) WHERE listener_id IS NOT NULL;
        CREATE TABLE never_recommended (  -- tracks that no list holds, under whichever file of their recording
            id INTEGER PRIMARY KEY,
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            user_id INTEGER REFERENCES users(id) ON DELETE CASCADE,  -- NULL: the lists of everybody
            since TEXT NOT NULL        -- ISO 8601, UTC
        ) STRICT;
        CREATE UNIQUE INDEX never_recommended_once ON never_recommended(track_id, coalesce(user_id, 0));
        CREATE INDEX never_recommended_to ON never_recommended(user_id);
        CREATE TABLE ratings (         -- as they were given; 4 and 5 are likes among the listens, 1 is a dislike
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            track_id INTEGER NOT NULL REFERENCES tracks(id) ON DELETE CASCADE,
            stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
            rated TEXT NOT NULL,       -- ISO 8601, UTC
            PRIMARY KEY (user_id, track_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ratings_by_track ON ratings(track_id);
        CREATE TABLE play_queues (     -- with which a listener goes on at another player
            user_id INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
            track_ids TEXT NOT NULL,   -- JSON: a list of ids
            place INTEGER NOT NULL,    -- of the track that plays, from 0
            position_ms INTEGER NOT NULL,  -- in that track
            changed TEXT NOT NULL,     -- ISO 8601, UTC
            changed_by TEXT            -- the name of the player
        ) STRICT;
        ALTER TABLE playlists ADD COLUMN owner_id INTEGER REFERENCES users(id) ON DELETE SET NULL;
        ALTER TABLE playlists ADD COLUMN comment TEXT;
        ALTER TABLE playlists ADD COLUMN changed TEXT;  -- ISO 8601, UTC, of one that was made here; NULL: an import
        """,
    )


@migrations()
def m022_favourites(db: Database) -> None:
    _run(
        db,
        """
        CREATE TABLE favourites (      -- albums and artists that a listener starred or rated; tracks are in listens
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            level TEXT NOT NULL CHECK (level IN ('album', 'artist')),
            node_id INTEGER NOT NULL,  -- in albums or artists: level says which
            starred TEXT,              -- ISO 8601, UTC; NULL: it is only rated
            stars INTEGER CHECK (stars BETWEEN 1 AND 5),  -- NULL: it is only starred
            PRIMARY KEY (user_id, level, node_id)
        ) STRICT, WITHOUT ROWID;
        """,
    )
