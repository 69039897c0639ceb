"""Jellyfin's databases as they are read, alone and together."""

import shutil
import time
from pathlib import Path
from uuid import UUID

import pytest

from earshot.data.exports.listen_sources import find_sources
from earshot.data.listens.listen_reader import ReadOptions
from listen_exports import SECOND, read
from player_databases import JELLYFIN, JELLYFIN_REPORTS, JELLYFIN_USERS, OLD_JELLYFIN, database

AUDIO = "MediaBrowser.Controller.Entities.Audio.Audio"
ANA, ITEM, FILM, ODD = (UUID(int=number) for number in (10**30, 10**31, 10**32, 10**33))
DATE = "2009-05-04 23:08:57.1234567"
COLUMNS = ("user", "artist", "title", "album", "time_s", "plays", "kind")
BOY = ("Air|Beth Hirsch", "Sexy Boy", "Moon Safari")


def server(folder):
    rows = {
        "Users": [(str(ANA).upper(), "ana", 1)],
        "BaseItems": [
            (str(ITEM).upper(), AUDIO, "Sexy Boy", "Moon Safari", "Air|Beth Hirsch", "Air", "/m/1.mp3"),
            (str(FILM).upper(), "MediaBrowser.Controller.Entities.Movies.Movie", "Alien", None, None, None, "/f"),
            (str(ODD).upper(), AUDIO, "Odd", None, "Air", "Air", "/m/2.mp3"),
        ],
        "UserData": [
            (str(ITEM).upper(), str(ANA).upper(), "Air-Moon Safari-0002Sexy Boy", None, 3, 1, DATE),
            (str(ITEM).upper(), str(ANA).upper(), str(ITEM), None, 3, 1, DATE),
            (str(FILM).upper(), str(ANA).upper(), "film", 10.0, 1, 1, DATE),
            (str(ODD).upper(), str(ANA).upper(), "odd", None, "many", 0, DATE),  # SQLite keeps any type
        ],
    }
    return database(folder / "jellyfin.db", JELLYFIN_USERS + JELLYFIN, rows)


def reports(folder, *names, schema=JELLYFIN_REPORTS):
    plays = [(DATE, ANA.hex, ITEM.hex, "Audio", name, "DirectPlay", "Web", "Firefox", 7) for name in names]
    return database(folder / "playback_reporting.db", schema, {"PlaybackActivity": plays})


def test_counts_at_the_time_of_the_last_play(tmp_path):
    name, events, left_out = read(server(tmp_path), *COLUMNS)
    assert (name, left_out) == ("jellyfin", {})
    assert events == [("ana", *BOY, SECOND, 3, 0), ("ana", *BOY, None, 1, 1)]


def test_reports_beside_them(tmp_path):
    server(tmp_path), reports(tmp_path, "Air - Sexy Boy (Moon Safari)", "Air - Sexy Boy (Moon Safari)")
    together = [("ana", *BOY, SECOND, 1, 0)] * 2 + [("ana", *BOY, None, 1, 0), ("ana", *BOY, None, 1, 1)]
    assert read(tmp_path, *COLUMNS)[1] == read(tmp_path / "jellyfin.db", *COLUMNS)[1] == together
    assert read(tmp_path, "played_ms")[1][0] == (7_000,)


def test_what_lies_beside_is_part_of_the_source(tmp_path):
    path = server(tmp_path)
    assert find_sources(path).sources[0].paths == [path]
    beside = reports(tmp_path, "Air - Sexy Boy (Moon Safari)")  # the counts are the same, and new single plays
    (tmp_path / "library.db").write_text("another program's")
    for given in (path, beside, tmp_path):
        assert find_sources(given).sources[0].paths == [path, beside]


def test_reports_alone(tmp_path):
    names = ["Air - Sexy Boy (Moon (Deluxe))", "Not Known - A - B (Not Known)", "just a name"]
    events = read(reports(tmp_path, *names), *COLUMNS)[1]
    assert [event[1:4] for event in events] == [
        ("Air", "Sexy Boy", "Moon (Deluxe)"), (None, "A - B", None), (None, "just a name", None)
    ]  # fmt: skip
    assert {event[0] for event in events} == {ANA.hex} and {event[4] for event in events} == {SECOND}


def test_old_reports_have_local_times(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        schema = JELLYFIN_REPORTS.replace("user_version = 1", "user_version = 0")
        path = reports(tmp_path, "Air - Sexy Boy (Moon)", schema=schema)
        assert read(path, "time_s")[1] == [(SECOND - 7_200,)]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_before_version_10_11(tmp_path):
    database(tmp_path / "jellyfin.db", JELLYFIN_USERS, {"Users": [(str(ANA).upper(), "ana", 1)]})
    rows = {
        "TypedBaseItems": [
            (
                UUID(int=number).bytes_le,
                AUDIO,
                "Sexy Boy",
                "Moon Safari",
                "Air|Beth Hirsch",
                "Air",
                "Air-2Boy",
                "/m",
            )
            for number in (10**31, 10**33)  # as mp3 and as flac
        ],
        "UserDatas": [("Air-2Boy", 1, None, 1, 4, 1, 0, DATE + "Z", None, None)],
    }
    path = database(tmp_path / "library.db", OLD_JELLYFIN, rows)
    assert read(path, *COLUMNS)[1] == [("ana", *BOY, SECOND, 4, 0), ("ana", *BOY, None, 1, 1)]
    assert read(tmp_path, *COLUMNS)[1] == read(path, *COLUMNS)[1] and not find_sources(tmp_path).without_listens


def test_without_the_names_of_users(tmp_path):
    path = reports(tmp_path, "Air - Sexy Boy (Moon)")
    (source,) = find_sources(path).sources
    told = [note for batch in source.open().batches for note in batch.notes]
    assert told == ["users are called by their numbers, since jellyfin.db, which has their names, does not lie beside"]
    assert not [note for batch in source.open(ReadOptions(listener="ana")).batches for note in batch.notes]


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_databases_in_an_archive_are_read_together(tmp_path, kind):
    folder = tmp_path / "backup" / "data"
    folder.mkdir(parents=True)
    server(folder), reports(folder, "Air - Sexy Boy (Moon Safari)", "Air - Sexy Boy (Moon Safari)")
    path = Path(shutil.make_archive(str(tmp_path / "backup"), kind, tmp_path / "backup"))
    assert read(path, *COLUMNS) == read(folder, *COLUMNS)


def test_a_column_is_missing(tmp_path):
    database(tmp_path / "jellyfin.db", JELLYFIN.replace("PlayCount", "Plays"), {})
    with pytest.raises(ValueError, match=r"schema version 20241111131257_AddedCustomDataKey, .*UserData.PlayCount"):
        read(tmp_path / "jellyfin.db")
