-- The schema as its first version made it, with m001 to m005, before two of these steps were edited.
PRAGMA application_id = 1161908819;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE artists (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE albums (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            artist_id INTEGER REFERENCES artists(id),
            UNIQUE (name, artist_id)
        ) STRICT;
CREATE TABLE tracks (
            id INTEGER PRIMARY KEY,
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
            status TEXT NOT NULL CHECK (status IN ('embedded', 'failed', 'missing', 'excluded')),
            reason TEXT                -- why it failed or is excluded; a note on an embedded track
        ) STRICT;
CREATE INDEX tracks_by_content ON tracks(content_hash);
CREATE INDEX tracks_by_artist ON tracks(artist_id);
CREATE INDEX tracks_by_status ON tracks(status);
CREATE TABLE roots (path TEXT PRIMARY KEY, path_bytes BLOB) STRICT;
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
CREATE TRIGGER vectors_after_insert_new AFTER INSERT ON vectors
            WHEN EXISTS (SELECT 1 FROM spaces WHERE space = NEW.space AND run_id = NEW.run_id) BEGIN
                DELETE FROM neighbours WHERE space = NEW.space AND (track_id = NEW.track_id OR neighbour_id = NEW.track_id);
                UPDATE spaces SET revision = revision + 1 WHERE space = NEW.space AND run_id = NEW.run_id;
            END;
CREATE TRIGGER vectors_after_update_old AFTER UPDATE ON vectors
            WHEN EXISTS (SELECT 1 FROM spaces WHERE space = OLD.space AND run_id = OLD.run_id) BEGIN
                DELETE FROM neighbours WHERE space = OLD.space AND (track_id = OLD.track_id OR neighbour_id = OLD.track_id);
                UPDATE spaces SET revision = revision + 1 WHERE space = OLD.space AND run_id = OLD.run_id;
            END;
CREATE TRIGGER vectors_after_update_new AFTER UPDATE ON vectors
            WHEN EXISTS (SELECT 1 FROM spaces WHERE space = NEW.space AND run_id = NEW.run_id) BEGIN
                DELETE FROM neighbours WHERE space = NEW.space AND (track_id = NEW.track_id OR neighbour_id = NEW.track_id);
                UPDATE spaces SET revision = revision + 1 WHERE space = NEW.space AND run_id = NEW.run_id;
            END;
CREATE TRIGGER vectors_after_delete_old AFTER DELETE ON vectors
            WHEN EXISTS (SELECT 1 FROM spaces WHERE space = OLD.space AND run_id = OLD.run_id) BEGIN
                DELETE FROM neighbours WHERE space = OLD.space AND (track_id = OLD.track_id OR neighbour_id = OLD.track_id);
                UPDATE spaces SET revision = revision + 1 WHERE space = OLD.space AND run_id = OLD.run_id;
            END;
CREATE TRIGGER tracks_after_status AFTER UPDATE OF status ON tracks
        WHEN (OLD.status = 'embedded') <> (NEW.status = 'embedded') BEGIN
            DELETE FROM neighbours WHERE track_id = NEW.id OR neighbour_id = NEW.id;
            UPDATE spaces SET revision = revision + 1;
        END;
CREATE TRIGGER spaces_after_run AFTER UPDATE OF run_id ON spaces WHEN OLD.run_id <> NEW.run_id BEGIN
            DELETE FROM neighbours WHERE space = NEW.space;
            UPDATE spaces SET revision = revision + 1, neighbours_revision = NULL WHERE space = NEW.space;
        END;
CREATE VIRTUAL TABLE "tracks_fts" USING FTS5 (
    "title", "artist", "album",
    tokenize='unicode61 remove_diacritics 2',
    content="tracks"
);
CREATE TRIGGER "tracks_ai" AFTER INSERT ON "tracks" BEGIN
  INSERT INTO "tracks_fts" (rowid, "title", "artist", "album") VALUES (new.rowid, new."title", new."artist", new."album");
END;
CREATE TRIGGER "tracks_ad" AFTER DELETE ON "tracks" BEGIN
  INSERT INTO "tracks_fts" ("tracks_fts", rowid, "title", "artist", "album") VALUES('delete', old.rowid, old."title", old."artist", old."album");
END;
CREATE TRIGGER "tracks_au" AFTER UPDATE OF title, artist, album ON "tracks" BEGIN
  INSERT INTO "tracks_fts" ("tracks_fts", rowid, "title", "artist", "album") VALUES('delete', old.rowid, old."title", old."artist", old."album");
  INSERT INTO "tracks_fts" (rowid, "title", "artist", "album") VALUES (new.rowid, new."title", new."artist", new."album");
END;
CREATE VIEW "current_vectors" AS 
        SELECT v.track_id, t.path, v.space, v.dim, v.vector
        FROM spaces AS s
        JOIN vectors AS v ON v.space = s.space AND v.run_id = s.run_id
        JOIN tracks AS t ON t.id = v.track_id
        WHERE t.status = 'embedded';
CREATE VIEW "similar_tracks" AS 
        SELECT n.track_id, n.space, n.rank, n.score,
               a.title, a.artist, a.album, a.path,
               n.neighbour_id, b.title AS neighbour_title, b.artist AS neighbour_artist,
               b.album AS neighbour_album, b.path AS neighbour_path
        FROM neighbours AS n
        JOIN tracks AS a ON a.id = n.track_id
        JOIN tracks AS b ON b.id = n.neighbour_id;
CREATE VIEW "failures" AS SELECT id AS track_id, path, reason, size, mtime_ns FROM tracks WHERE status = 'failed';
CREATE VIEW "library_summary" AS 
        SELECT (SELECT count(*) FROM tracks WHERE status = 'embedded') AS tracks,
               (SELECT count(DISTINCT artist) FROM tracks WHERE status = 'embedded') AS artists,
               (SELECT count(DISTINCT album) FROM tracks WHERE status = 'embedded') AS albums,
               (SELECT round(sum(duration_s) / 3600, 2) FROM tracks WHERE status = 'embedded') AS hours,
               (SELECT count(*) FROM tracks WHERE status = 'failed') AS failed,
               (SELECT count(*) FROM tracks WHERE status = 'missing') AS missing,
               (SELECT count(*) FROM tracks WHERE status = 'excluded') AS excluded;
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('earshot', 'm001_tracks', '2026-11-21');
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('earshot', 'm002_vectors', '2026-11-21');
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('earshot', 'm003_triggers', '2026-11-21');
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('earshot', 'm004_search_text', '2026-11-21');
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('earshot', 'm005_views', '2026-11-21');
