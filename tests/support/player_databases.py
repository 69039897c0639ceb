"""Databases of music players, with the tables that their programs create, shortened to what they say of plays."""

import sqlite3
from contextlib import closing
from pathlib import Path


def database(path: Path, script: str, rows: dict[str, list[tuple]]) -> Path:
    """Make a database of a schema, and fill its tables. Texts may have MediaMonkey's order, which no reader knows."""
    with closing(sqlite3.connect(path)) as connection:
        connection.create_collation("IUNICODE", lambda one, other: (one > other) - (one < other))
        connection.executescript(script)
        for table, values in rows.items():
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)
        connection.commit()
    return path


# navidrome/db/migrations: 20200130083147, 20230616214944, 20240629152843, 20251206013022
NAVIDROME = """
CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER);
INSERT INTO goose_db_version (version_id) VALUES (0), (20251206013022);
CREATE TABLE user (id varchar(255) NOT NULL PRIMARY KEY, user_name varchar(255) DEFAULT '' NOT NULL UNIQUE,
    name varchar(255), password varchar(255) DEFAULT '' NOT NULL);
CREATE TABLE media_file (id varchar(255) NOT NULL PRIMARY KEY, path varchar(255) DEFAULT '' NOT NULL,
    title varchar(255) DEFAULT '' NOT NULL, album varchar(255) DEFAULT '' NOT NULL,
    artist varchar(255) DEFAULT '' NOT NULL, mbz_recording_id varchar(255) DEFAULT '' NOT NULL,
    library_id integer DEFAULT 1 NOT NULL);
CREATE TABLE library (id integer PRIMARY KEY AUTOINCREMENT, name text NOT NULL UNIQUE, path text NOT NULL UNIQUE);
INSERT INTO library VALUES (1, 'Music Library', '/music/');
CREATE TABLE annotation (user_id varchar(255) DEFAULT '' NOT NULL, item_id varchar(255) DEFAULT '' NOT NULL,
    item_type varchar(255) DEFAULT '' NOT NULL, play_count integer DEFAULT 0, play_date datetime,
    rating integer DEFAULT 0, starred bool DEFAULT FALSE NOT NULL, starred_at datetime,
    UNIQUE (user_id, item_id, item_type));
"""
NAVIDROME_SCROBBLES = """
CREATE TABLE scrobbles (media_file_id VARCHAR(255) NOT NULL REFERENCES media_file(id), user_id VARCHAR(255) NOT NULL
    REFERENCES user(id), submission_time INTEGER NOT NULL);
"""

PLEX = """
CREATE TABLE schema_migrations (version varchar(255) NOT NULL, rollback_sql text);
INSERT INTO schema_migrations (version) VALUES ('202302072000');
CREATE TABLE accounts (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name varchar(255));
CREATE TABLE metadata_items (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, parent_id integer, metadata_type integer,
    guid varchar(255), title varchar(255), original_title varchar(255));
CREATE TABLE metadata_item_settings (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, account_id integer,
    guid varchar(255), rating float, view_count integer, last_viewed_at dt_integer(8));
CREATE TABLE metadata_item_views (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, account_id integer,
    guid varchar(255), metadata_type integer, grandparent_title varchar(255), parent_title varchar(255),
    title varchar(255), viewed_at dt_integer(8));
"""

# src/Jellyfin.Database/.../Migrations: 20200613202153_AddUsers, 20241020103111_LibraryDbMigration
JELLYFIN_USERS = """
CREATE TABLE Users (Id TEXT NOT NULL PRIMARY KEY, Username TEXT NOT NULL, InternalId INTEGER NOT NULL);
"""
JELLYFIN = """
CREATE TABLE "__EFMigrationsHistory" (MigrationId TEXT NOT NULL PRIMARY KEY, ProductVersion TEXT NOT NULL);
INSERT INTO "__EFMigrationsHistory" VALUES ('20241111131257_AddedCustomDataKey', '9.0.0');
CREATE TABLE BaseItems (Id TEXT NOT NULL PRIMARY KEY, Type TEXT NOT NULL, Name TEXT, Album TEXT, Artists TEXT,
    AlbumArtists TEXT, Path TEXT);
CREATE TABLE UserData (ItemId TEXT NOT NULL, UserId TEXT NOT NULL, CustomDataKey TEXT NOT NULL, Rating REAL,
    PlayCount INTEGER NOT NULL, IsFavorite INTEGER NOT NULL, LastPlayedDate TEXT,
    PRIMARY KEY (ItemId, UserId, CustomDataKey));
"""
# Emby.Server.Implementations/Data: SqliteItemRepository, SqliteUserDataRepository
OLD_JELLYFIN = """
CREATE TABLE TypedBaseItems (guid GUID PRIMARY KEY NOT NULL, type TEXT NOT NULL, Name TEXT, Album TEXT, Artists TEXT,
    AlbumArtists TEXT, UserDataKey TEXT, Path TEXT);
CREATE TABLE UserDatas (key nvarchar NOT NULL, userId INT NOT NULL, rating float NULL, played bit NOT NULL,
    playCount int NOT NULL, isFavorite bit NOT NULL, playbackPositionTicks bigint NOT NULL,
    lastPlayedDate datetime NULL, AudioStreamIndex INT, SubtitleStreamIndex INT);
"""
# jellyfin-plugin-playbackreporting: ActivityRepository
JELLYFIN_REPORTS = """
CREATE TABLE PlaybackActivity (DateCreated DATETIME NOT NULL, UserId TEXT, ItemId TEXT, ItemType TEXT, ItemName TEXT,
    PlaybackMethod TEXT, ClientName TEXT, DeviceName TEXT, PlayDuration INT);
PRAGMA user_version = 1;
"""

# strawberry/data/schema/schema.sql, version 20
MIXXX = """
CREATE TABLE settings (name TEXT UNIQUE NOT NULL, value TEXT);
INSERT INTO settings VALUES ('mixxx.schema.version', '39');
CREATE TABLE track_locations (id INTEGER PRIMARY KEY, location varchar(512) UNIQUE);
CREATE TABLE library (id INTEGER PRIMARY KEY, artist varchar(64), title varchar(64), album varchar(64),
    album_artist TEXT DEFAULT '', location INTEGER, timesplayed INTEGER DEFAULT 0, rating INTEGER DEFAULT 0,
    last_played_at DATETIME DEFAULT NULL);
CREATE TABLE Playlists (id INTEGER PRIMARY KEY, name varchar(48), hidden INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE PlaylistTracks (playlist_id INTEGER, track_id INTEGER, position INTEGER, pl_datetime_added);
CREATE TABLE crates (id INTEGER PRIMARY KEY, name varchar(48) UNIQUE NOT NULL);
CREATE TABLE crate_tracks (crate_id INTEGER NOT NULL, track_id INTEGER NOT NULL);
"""
MIXXX_ROWS = {  # One was played twice in a history and once before; Two is only counted
    "track_locations": [(1, "/m/1.mp3"), (2, "/m/2.mp3"), (3, "/m/Neu.mp3")],
    "library": [
        (1, "Air", "One", "Moon", "", 1, 3, 5, "2009-05-04 23:08:57"),
        (2, "", "Two", "", "Can", 2, 4, 1, "2009-05-04T23:08:57Z"),
        (3, "", "", "", "", 3, 0, 3, None),
    ],
    "Playlists": [(1, "Mix", 0), (2, "Auto DJ", 1), (3, "2009-05-04", 2), (4, "Empty", 0)],
    "PlaylistTracks": [
        (1, 3, 1, None), (1, 1, 2, None), (1, 99, 3, None), (2, 1, 1, None),
        (3, 1, 1, "2009-05-04 23:00:00"), (3, 1, 2, "2009-05-04 23:08:57"),
    ],
    "crates": [(1, "Mix")],
    "crate_tracks": [(1, 2), (1, 1)],
}  # fmt: skip
STRAWBERRY = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version (version) VALUES (20);
CREATE TABLE songs (title TEXT, album TEXT, artist TEXT, albumartist TEXT, url TEXT NOT NULL,
    playcount INTEGER NOT NULL DEFAULT 0, skipcount INTEGER NOT NULL DEFAULT 0,
    lastplayed INTEGER NOT NULL DEFAULT -1, rating INTEGER DEFAULT -1, musicbrainz_recording_id TEXT, cue_path TEXT);
"""

# xbmc/music/MusicDatabase.cpp, as of version 82
KODI = """
CREATE TABLE version (idVersion integer, iCompressCount integer);
INSERT INTO version VALUES (82, 0);
CREATE TABLE song (idSong INTEGER PRIMARY KEY, idAlbum INTEGER, idPath INTEGER, strArtistDisp TEXT,
    strTitle VARCHAR(512), strFileName TEXT, strMusicBrainzTrackID TEXT, iTimesPlayed INTEGER,
    lastplayed VARCHAR(20) DEFAULT NULL, userrating INTEGER NOT NULL DEFAULT 0);
CREATE TABLE album (idAlbum INTEGER PRIMARY KEY, strAlbum VARCHAR(256));
CREATE TABLE path (idPath INTEGER PRIMARY KEY, strPath VARCHAR(512));
"""

# MediaMonkey 4 and 5; the collation is one that only the program has
MEDIAMONKEY = """
CREATE TABLE Songs (ID INTEGER PRIMARY KEY, Artist TEXT COLLATE IUNICODE, SongTitle TEXT COLLATE IUNICODE,
    Album TEXT COLLATE IUNICODE, SongPath TEXT COLLATE IUNICODE, Rating INTEGER, PlayCounter INTEGER,
    LastTimePlayed REAL);
CREATE INDEX IDXTitle ON Songs (SongTitle);
CREATE TABLE Played (IDPlayed INTEGER PRIMARY KEY, IDSong INTEGER, PlayDate REAL, UTCOffset REAL);
"""

# Tautulli's plexpy/__init__.py
TAUTULLI = """
CREATE TABLE session_history (id INTEGER PRIMARY KEY AUTOINCREMENT, reference_id INTEGER, started INTEGER,
    stopped INTEGER, user TEXT, paused_counter INTEGER DEFAULT 0, media_type TEXT);
CREATE TABLE session_history_metadata (id INTEGER PRIMARY KEY, title TEXT, parent_title TEXT,
    grandparent_title TEXT, original_title TEXT);
"""
