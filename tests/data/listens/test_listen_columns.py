"""Columns of tables of listens: whatever the case and the blanks of their names, and never without the artist."""

import pytest

from earshot.data.listens.listen_columns import ListenColumns, find_columns, headless_names
from earshot.data.listens.listen_reader import ReadOptions


def found(header, **options):
    options = options if "user" in header.lower() else {"listener": "me"} | options
    return find_columns("x.csv", header.split(","), ReadOptions(**options))


@pytest.mark.parametrize(
    "header",
    [
        "Track Name,Artist Name,Album Name,Played At",
        "trackName,artistName,albumName,playedAt",
        "TRACK_NAME,ARTIST_NAME,ALBUM_NAME,PLAYED_AT",
        "Song Title,Artist Name(s),Album,Date Played",
        "Titel,Interpret,Album,Datum",
        "Title,Artist,Release,Played at (UTC)",
        "Titre,Artiste,Album,Date d'écoute",
        "Titel,Künstler,Album,Abgespielt am",
        "Название,Исполнитель,Альбом,Дата",
        "title,grandparent_title,parent_title,date",
    ],
)
def test_names_in_any_writing(header):
    track, artist, album, time = header.split(",")
    assert found(header) == ListenColumns("track", track, None, artist, None, time, optional=(("album", album),))


def test_an_item_column_of_any_name_keeps_the_artist():
    columns = found("Stück,Artist Name,Album,when", item="Stück", time="when")
    assert (columns.item, columns.artist, dict(columns.optional)) == ("Stück", "Artist Name", {"album": "Album"})
    assert found("track name,Artist", item="Track Name").item == "track name"
    assert found("track_id,artist_name,track_name,time").item == "track_name"  # of a name the library knows more
    assert found("track_id,artist_name,time").artist == "artist_name"


def test_columns_of_artists_and_albums_by_name():
    columns = found("title,by,on,time", artist="by", album="on")
    assert (columns.artist, dict(columns.optional)) == ("by", {"album": "on"})
    with pytest.raises(ValueError, match=r"x\.csv has no column 'of'; it has title, by"):
        found("title,by", artist="of")


def test_a_path_beside_a_name_and_alone():
    columns = found("path,artist,title,plays")
    assert (columns.path, columns.artist, columns.item) == ("path", "artist", "title")
    alone = found("path,artist,plays")
    assert (alone.path, alone.artist, alone.item) == (None, None, "path")


def test_a_listen_to_something_unknown_is_no_listen_to_an_artist():
    with pytest.raises(ValueError, match=r"no column of tracks; name one of .* or count artists with --level artist"):
        found("artist,piece,time")
    assert found("artist,piece,time", level="artist").item == "artist"
    for header in ("artist,time", "artist,piece,plays", "artist_id,artist,time,event_type,album,date"):
        assert found(header).level == "artist"


def test_names_of_columns_without_a_header():
    code = "b80344d063b5ccb3212f76538f3d9e43d87dca9e"
    mbid = "3bd73256-3905-4f3a-97e2-8b341527f805"
    assert headless_names([code, "SOAKIMP12A8C130995", "1"]) == ["user", "item", "plays"]
    assert headless_names([code, mbid, "betty blowtorch", "2137"]) == ["user", "artist_mbid", "artist", "plays"]
    assert headless_names([code, "", "betty blowtorch", "2137"]) == ["user", "artist_mbid", "artist", "plays"]
    assert headless_names(["196", "242", "3", "881250949"]) == ["user", "item", "rating", "time"]
    assert headless_names(["ana", "Air", "Sexy Boy", "1715020776"]) == ["user", "artist", "track", "time"]
    assert headless_names(["ana", "x", "2024-03-10T07:30:00Z"]) == ["user", "item", "time"]
    assert headless_names(["1", "2", "²"]) is None  # a digit, but no number
    assert headless_names(["1", "2"]) is headless_names([]) is None
