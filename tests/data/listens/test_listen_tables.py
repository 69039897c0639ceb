"""Tables of listens: columns found or named, times of every kind, damaged rows counted and shown."""

from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from earshot.data.listens import listen_tables
from earshot.data.listens.listen_reader import ReadOptions

SECOND = int(datetime(2009, 5, 4, 23, 8, 57, tzinfo=UTC).timestamp())


def read_listen_table(path, **options):
    """A small table, whose only batch is its first."""
    table = listen_tables.read_listen_table(path, ReadOptions(**options))
    (batch,) = table.batches
    return SimpleNamespace(level=table.level, batch=batch)


def events(table):
    """(user, item, time, plays) of each row, by name."""
    frame = table.batch.events
    items = [title if artist is None else f"{artist} - {title}" for artist, title in frame["artist", "title"].rows()]
    times = frame["time_s"].to_list() if "time_s" in frame.columns else [None] * len(frame)
    plays = frame["plays"].to_list() if "plays" in frame.columns else [1.0] * len(frame)
    return list(zip(frame["user"].to_list(), items, times, plays, strict=True))


def written(tmp_path, text, name="listens.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_play_counts_of_artists(tmp_path):
    table = read_listen_table(written(tmp_path, "user_id,artist_id,plays\n2,53,11351\n2,72,1\n10,53,2\n"))
    assert table.level == "artist" and "time_s" not in table.batch.events.columns
    assert events(table) == [("2", "53", None, 11351.0), ("2", "72", None, 1.0), ("10", "53", None, 2.0)]


def test_times_of_every_kind_are_seconds(tmp_path):
    stamps = ["2009-05-04T23:08:57Z", "2009-05-04 23:08:57", "2009-05-05T01:08:57+02:00", "2009-05-04T23:08:57.250Z"]
    stamps += [str(SECOND), f"{SECOND}123", f"{SECOND}123456", f"{SECOND}123456789"]
    stamps += ["2009-05-04T23:08:57", "04 May 2009 23:08:57"]
    lines = "\n".join(f"a,x,{stamp}" for stamp in stamps)
    table = read_listen_table(written(tmp_path, f"user,track,timestamp\n{lines}\n"))
    assert table.batch.events["time_s"].to_list() == [SECOND] * 10 and table.batch.n_malformed == 0
    minutes = read_listen_table(written(tmp_path, 'user,track,date\na,x,"04 May 2009, 23:08"\na,x,04 May 2009 23:08\n'))
    assert minutes.batch.events["time_s"].to_list() == [SECOND - 57] * 2
    days = read_listen_table(written(tmp_path, "user,track,date\na,x,1970-01-02\n"))
    assert days.batch.events["time_s"].to_list() == [86_400]


def test_what_has_not_come_yet_is_malformed(tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: SECOND)
    day = 86_400
    times = [SECOND + day, SECOND + day + 1, "2009-05-06", "9" * 20, 99_999_999_999, "99999-01-01"]
    rows = "".join(f"a,x,{time}\n" for time in times)
    table = read_listen_table(written(tmp_path, "user,track,time\n" + rows))
    assert table.batch.events["time_s"].to_list() == [SECOND + day] and table.batch.n_malformed == 5
    assert table.batch.malformed[0] == f"row 2: a, x, {SECOND + day + 1}"


def test_a_title_takes_its_artist_with_it_and_a_path_alone_does_not(tmp_path):
    text = "user,artist,title,path\na,Air,La Femme,a1.mp3\n"
    assert events(read_listen_table(written(tmp_path, text), item="path")) == [("a", "a1.mp3", None, 1.0)]
    by_title = read_listen_table(written(tmp_path, text), item="title")
    assert events(by_title) == [("a", "Air - La Femme", None, 1.0)] and by_title.level == "track"
    by_artist = read_listen_table(written(tmp_path, text), level="artist")
    assert events(by_artist) == [("a", "Air", None, 1.0)] and by_artist.level == "artist"
    assert read_listen_table(written(tmp_path, text), item="artist").level == "artist"


def test_a_name_beside_an_artist_is_a_track(tmp_path):
    table = read_listen_table(written(tmp_path, "user,artist,name,city\na,Air,One,Paris\n"))
    assert table.level == "track" and events(table) == [("a", "Air - One", None, 1.0)]
    with pytest.raises(ValueError, match="no column of tracks"):
        read_listen_table(written(tmp_path, "user,name\na,One\n"))


def test_named_columns(tmp_path):
    path = written(tmp_path, "who\twhat\thow_often\twhen\nme\tx\t3\t7\n", "listens.tsv")
    table = read_listen_table(path, user="who", item="what", plays="how_often", time="when", level="artist")
    assert events(table) == [("me", "x", 7, 3.0)] and table.level == "artist"


def test_quotes_in_a_tab_separated_file_are_letters(tmp_path):
    path = written(tmp_path, 'user\ttrack\na\t"Heroes"\nb\t"Weird Al\nc\tx\n', "listens.tsv")
    assert [item for _, item, _, _ in events(read_listen_table(path))] == ['"Heroes"', '"Weird Al', "x"]


def test_parquet_with_its_own_types(tmp_path):
    stamp = datetime(2009, 5, 4, 23, 8, 57)
    pl.DataFrame({"uid": [7, 7], "item_id": [1, 2], "timestamp": [stamp, None], "play_count": [2, 3]}).write_parquet(
        tmp_path / "x.parquet"
    )
    table = read_listen_table(tmp_path / "x.parquet")
    assert events(table) == [("7", "1", SECOND, 2.0)]
    assert table.batch.n_malformed == 1 and table.batch.malformed == ("row 2: 7, 2, , 3",)


def test_json_lines_with_a_broken_line(tmp_path):
    lines = '{"user": "a", "track": "x", "time": 5}\n{"user": "b", \n[1]\n{"user": "b", "track": "y", "time": 6}\n'
    for name in ("x.jsonl", "x.ndjson"):
        table = read_listen_table(written(tmp_path, lines, name))
        assert events(table) == [("a", "x", 5, 1.0), ("b", "y", 6, 1.0)]
        assert table.batch.n_malformed == 2 and table.batch.malformed == ("row 2: , , ", "row 3: , , ")


def test_damaged_rows_are_counted_and_shown_with_what_they_say(tmp_path):
    bad = [",x,1,1", "a,,1,1", "a,x,soon,1", "a,x,-5,1", "a,x,1,0", "a,x,1,many", "a"]
    table = read_listen_table(written(tmp_path, "user,track,time,plays\na,x,1,2\n" + "\n".join(bad) + "\n"))
    assert events(table) == [("a", "x", 1, 2.0)] and table.batch.n_malformed == 6
    assert table.batch.left_out == {"tracks that were never played": 1}
    assert table.batch.malformed[:3] == ("row 2: , x, 1, 1", "row 3: a, , 1, 1", "row 4: a, x, soon, 1")
    assert len(table.batch.malformed) == 5


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (
            "artist,plays\nAir,1\n",
            {},
            r"listens\.csv: no column of users; name one of artist, plays with --user, or say",
        ),
        ("user,x\na,1\n", {}, "no column of tracks; name one of user, x with --item"),
        ("user,track\na,1\n", {"level": "artist"}, "no column of artists; name one of user, track with --item"),
        ("user,track\na,1\n", {"item": "song"}, r"listens\.csv has no column 'song'; it has user, track"),
    ],
)
def test_a_table_without_the_columns_is_refused(tmp_path, text, options, words):
    with pytest.raises(ValueError, match=words):
        read_listen_table(written(tmp_path, text), **options)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"x\.zip: tables of listens end in \.csv"):
        read_listen_table(written(tmp_path, "PK", "x.zip"))


def test_what_else_a_table_knows(tmp_path):
    header = "user,artist,title,release,recording_mbid,isrc,ts,event_type,split,ms_played,played_ratio_pct\n"
    rows = [
        "a,Air,One,Moon,m1,i1,5,listen,train,61000.4,50",
        "a,Air,One,,,,6,LIKE,Valid,,",
        "a,Air,One,,,,7,,,,",
        "a,Air,One,,,,8,wave,,,",
        "a,Air,One,,,,9,,somewhere,,",
        "a,,One,,,,9,,,,",
    ]
    table = read_listen_table(written(tmp_path, header + "\n".join(rows) + "\n"))
    names = ("artist", "title", "album", "mbid", "isrc", "time_s", "kind", "split", "played_ms", "ratio")
    assert table.batch.events.select(names).rows() == [
        ("Air", "One", "Moon", "m1", "i1", 5, 0, 0, 61_000, 0.5),
        ("Air", "One", None, None, None, 6, 1, 1, None, None),
        ("Air", "One", None, None, None, 7, None, None, None, None),  # a kind or a split that is not said
    ]
    assert [row[:5] for row in table.batch.malformed] == ["row 4", "row 5", "row 6"]
    assert "wave" in table.batch.malformed[0] and "somewhere" in table.batch.malformed[1]


def test_no_play_lasts_less_than_nothing_or_longer_than_can_be(tmp_path):
    cells = ["-5", "1e13", "abc", "inf", "nan"]
    for name, most in (("ratio", "1000"), ("ms_played", "2147483647")):
        rows = [f"a,x,{cell}\n" for cell in (*cells, "", "0", most)]
        table = read_listen_table(written(tmp_path, f"user,track,{name}\n" + "".join(rows)))
        ours = "played_ms" if name == "ms_played" else name
        assert table.batch.events[ours].to_list() == [None, 0, float(most)]
        assert table.batch.malformed == tuple(f"row {row}: a, x, {cell}" for row, cell in enumerate(cells, 1))


def test_a_column_that_only_has_such_a_name(tmp_path):
    table = read_listen_table(written(tmp_path, "user,track,kind,split\na,x,vinyl,3\n"))
    assert set(table.batch.events.columns) == {"user", "artist", "title"} and table.batch.n_malformed == 0


def test_a_path_comes_with_artist_and_title(tmp_path):
    """The library may know the path; if not, it is a track with a name."""
    text = "user,artist,title,path,timestamp,play_ratio\nana,Air,One,1.mp3,5,0.250\nana,,Two,2.mp3,6,\n"
    table = read_listen_table(written(tmp_path, text))
    names = ("user", "artist", "title", "path", "time_s", "ratio")
    assert table.batch.events.select(names).rows() == [
        ("ana", "Air", "One", "1.mp3", 5, 0.25),
        ("ana", None, "2.mp3", "2.mp3", 6, None),
    ]


def test_whose_listens_these_are(tmp_path):
    path = written(tmp_path, "track\nx\n")
    assert events(read_listen_table(path, listener="ana")) == [("ana", "x", None, 1.0)]
    path.write_text("user,track\nbob,x\n")
    with pytest.raises(ValueError, match=r"says who listened, in its column 'user'\.\n\nLeave out --listener"):
        read_listen_table(path, listener="ana")


def test_a_date_beside_the_time_of_day(tmp_path):
    rows = ["2009-05-04,23:08:57", "2009-05-04,9:05", ",23:08"]
    path = written(tmp_path, "Track,Date,Time\n" + "".join(f"x,{row}\n" for row in rows))
    table = read_listen_table(path, listener="ana")
    assert table.batch.events["time_s"].to_list() == [SECOND, SECOND - 57 - 14 * 3_600 - 3 * 60]
    assert table.batch.malformed == ("row 3: x, , ",)
    whole = read_listen_table(written(tmp_path, f"Track,Date,Time\nx,someday,{SECOND}\n"), listener="ana")
    assert whole.batch.events["time_s"].to_list() == [SECOND]
    days = read_listen_table(written(tmp_path, "Track,Date\nx,2009-05-04\n"), listener="ana")
    assert days.batch.events["time_s"].to_list() == [SECOND - SECOND % 86_400]


def test_days_and_times_of_the_day_in_two_columns(tmp_path):
    german = read_listen_table(
        written(tmp_path, "Titel;Datum;Uhrzeit\nx;04.05.2009;23:08:57\ny;31.12.2009;00:10\n"), listener="a"
    )
    assert german.batch.events["time_s"].to_list() == [SECOND, 1262218200]
    english = read_listen_table(written(tmp_path, "user,track,time,date\na,x,11:08:57 PM,2009-05-04\n"))
    assert english.batch.events["time_s"].to_list() == [SECOND]
    stamped = read_listen_table(written(tmp_path, f"user,track,date,time\na,x,2009-05-04,{SECOND}\n"))
    assert stamped.batch.events["time_s"].to_list() == [SECOND]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Air;Boy;Moon;3;2024-03-10 19:30:00;5", r"x\.csv has no header, .* its columns: Air, Boy, Moon, 3, 2024-"),
        ("Air;Boy;3;2024-03-10 19:30:00", r"x\.csv has no header, .* its columns: Air, Boy, 3, 2024-"),
        ("Air;Boy;Moon;3", r"no column of users; .*\n\nIf this is no header but the first row: write the names"),
    ],
)
def test_a_table_without_a_header_is_told_to_name_its_columns(tmp_path, row, words):
    (tmp_path / "x.csv").write_text(f"{row}\n{row}\n")
    with pytest.raises(ValueError, match=words) as told:
        read_listen_table(tmp_path / "x.csv")
    assert "names of the columns above it, such as artist, title, album, play_count" in str(told.value)


def test_playlists_are_told_from_listens(tmp_path):
    for header in ("Track name,Artist name,Album,Playlist name", "Track URI,Track Name,Artist Name(s),Added At"):
        (tmp_path / "x.csv").write_text(f"{header}\nOne,Air,x,Mix\n")
        with pytest.raises(ValueError, match=r"(?s)no column of users; .* like a playlist, which `cli import-"):
            read_listen_table(tmp_path / "x.csv")


def test_a_table_without_a_header_of_one_listener_names_artists(tmp_path):
    path = written(tmp_path, "Air,Sexy Boy,1715020776\nLow,Lullaby,1715020999\n")
    batch = read_listen_table(path, listener="ana").batch
    assert batch.events["user", "artist", "title"].rows() == [("ana", "Air", "Sexy Boy"), ("ana", "Low", "Lullaby")]
    assert batch.notes == ("without a header, its columns are read as artist, track, time",)
