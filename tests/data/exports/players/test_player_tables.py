"""Tables of play counts as players write them."""

import pytest

from earshot.data.exports.listen_sources import find_sources, read_head, reader_of
from earshot.data.tables.text_blocks import Member
from listen_exports import SECOND, read

COLUMNS = ("user", "artist", "title", "time_s", "plays", "kind")


def test_a_table_of_foobar2000(tmp_path, in_berlin):
    (tmp_path / "plays.csv").write_text(
        "artist;title;album;play_count;last_played;rating;path\n"
        "Air;Sexy Boy;Moon Safari;12;2009-05-05 01:08:57;5;C:\\Music\\1.mp3\n"
        "?;;;2;N/A;1;C:\\Music\\2.mp3\n"
        "Air;Three;;0;N/A;;\n"
        "Air;Four;;1;5/6/2024 6:39 PM;3;\n"
    )
    name, events, left_out = read(tmp_path / "plays.csv", *COLUMNS)
    assert (name, left_out) == ("player-table", {"tracks that were never played": 1})
    assert events == [
        ("me", "Air", "Sexy Boy", SECOND, 12, 0), ("me", None, "C:\\Music\\2.mp3", None, 2, 0),
        ("me", "Air", "Four", 1_715_013_540, 1, 0),  # 2024-05-06T16:39Z
        ("me", "Air", "Sexy Boy", None, 1, 1), ("me", None, "C:\\Music\\2.mp3", None, 1, 2),
    ]  # fmt: skip


def test_other_names_of_columns_and_other_scales(tmp_path):
    ticks = (SECOND + 11_644_473_600) * 10_000_000
    (tmp_path / "plays.tsv").write_text(
        "Name\tArtist Name\tPlay Count\tLast Played Timestamp\tRating\n"
        f"One\tAir\t3\t{SECOND}\t100\nTwo\tAir\t1\t{ticks}\t60\nThree\tAir\t2\t{SECOND}000\t\n"
        f"Four\tAir\t{'9' * 5_000}\t\t\n"
    )
    assert read(tmp_path / "plays.tsv", *COLUMNS, listener="ana")[1] == [
        ("ana", "Air", "One", SECOND, 3, 0), ("ana", "Air", "Two", SECOND, 1, 0), ("ana", "Air", "Three", SECOND, 2, 0),
        ("ana", "Air", "One", None, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header", ["user,artist,title,play_count,last_played", "artist,title,play_count", "play_count,last_played"]
)
def test_other_tables_are_left_to_their_reader(tmp_path, header):
    (tmp_path / "plays.csv").write_text(f"{header}\n" + ",".join("ab1230"[: header.count(",") + 1]) + "\n")
    assert reader_of(read_head(Member(tmp_path / "plays.csv"))).name == "table"


def test_playback_statistics_without_ratings(tmp_path):
    (tmp_path / "plays.csv").write_text(
        "artist,title,album,play_count,first_played,last_played\nAir,One,Moon,3,2009-01-01T00:00:00Z,"
        "2009-05-04T23:08:57Z\n"
    )
    assert read(tmp_path / "plays.csv", *COLUMNS)[1] == [("me", "Air", "One", SECOND, 3, 0)]


@pytest.mark.parametrize(
    ("times", "note"),
    [
        (("5/4/09, 11:08 PM", "5/13/09, 1:00 AM"), None),
        (
            ("5/4/09, 11:08\u202fPM", "5/5/09, 1:00\u202fAM"),
            "dates like 5/4/09, 11:08 PM are read with the month first",
        ),
        (("04.05.2009 23:08", "13.05.2009 01:00"), None),
        (("04/05/2009 23:08", "05/05/2009 01:00"), "dates like 04/05/2009 23:08 are read with the day first"),
        (("2009-05-04, 23:08", "2009-05-05, 01:00"), None),
        (("2009/05/04 23:08", "2009/05/05 1:00"), None),
    ],
)
def test_a_playlist_of_itunes_has_the_times_of_a_country(tmp_path, in_berlin, times, note):
    header = "Name\tArtist\tComposer\tAlbum\tBit Rate\tPlays\tLast Played\tSkips\tMy Rating\tLocation"
    lines = [header, f"One\tAir\t\tMoon\t256\t3\t{times[0]}\t1\t100\t", f"Two\tAir\t\t\t256\t1\t{times[1]}\t\t\t"]
    lines += ["Three\tAir\t\t\t256\t\t\t\t\t", "Four\tAir\t\t\t256\t2\tonce\t\t\t"]
    (tmp_path / "Mix.txt").write_bytes("".join(f"{line}\r" for line in lines).encode("utf-16"))
    name, events, left_out = read(tmp_path / "Mix.txt", *COLUMNS)
    minute = SECOND - SECOND % 60 - 7_200  # 23:08 in Berlin
    assert (name, events[0], left_out) == (
        "player-table", ("me", "Air", "One", minute, 3, 0), {"tracks that were never played": 1}
    )  # fmt: skip
    assert [event[2:] for event in events[2:]] == [("Four", None, 2, 0), ("One", None, 1, 1)]
    assert events[1][3] in (minute + 6_720 + day * 86_400 for day in (0, 8))  # till 1:00
    batches = find_sources(tmp_path / "Mix.txt").sources[0].open().batches
    told = [told for batch in batches for told in batch.notes]
    assert told == [*filter(None, [note]), "times of a last play that are not known here: 1, such as 'once'"]


def test_last_plays_may_be_days_of_excel(tmp_path, in_berlin):
    (tmp_path / "plays.csv").write_text("Title,Artist,Plays,Last Played\nOne,Air,3,39937.5\nTwo,Air,1,39938\n")
    times = [event[3] for event in read(tmp_path / "plays.csv", *COLUMNS)[1]]
    assert times == [1_241_431_200, 1_241_474_400]  # noon of 2009-05-04 in Berlin, and midnight after it


def test_the_columns_of_itunes_are_known_by_their_places_in_other_languages(tmp_path, in_berlin):
    names = ["Name", "Interpret", "Komponist", "Album", *(f"Spalte {place}" for place in range(17))]
    lines = ["\t".join([*names, "Wiedergaben", "Zuletzt gespielt", "Übersprungen", "Am", "Wertung", "Ort"])]
    lines.append("\t".join(["One", "Air", "", "Moon", *[""] * 17, "3", "05.05.2009 01:08", "", "", "80", ""]))
    (tmp_path / "Mix.txt").write_text("\n".join(lines), encoding="utf-16")
    events = read(tmp_path / "Mix.txt", *COLUMNS)[1]
    assert events == [("me", "Air", "One", SECOND - SECOND % 60, 3, 0), ("me", "Air", "One", None, 1, 1)]


@pytest.mark.parametrize(
    ("header", "time", "encoding"),
    [
        ("Titel;Interpret;Album;Wiedergaben;Zuletzt gespielt", "05.05.2009 01:08:57", "cp1252"),
        ("Titre;Artiste;Album;Nombre de lectures;Dernière lecture", "05/05/2009 01:08:57", "utf-8-sig"),
        ("Título;Artista;Álbum;Reproducciones;Última reproducción", "05/05/2009 01:08:57", "cp1252"),
        ("Tytuł;Wykonawca;Album;Liczba odtworzeń;Ostatnio odtwarzane", "2009-05-05 01:08:57", "cp1250"),
        ("Название;Исполнитель;Альбом;Прослушивания;Последнее прослушивание", "05.05.2009 01:08:57", "cp1251"),
        ("曲名;アーティスト;アルバム;再生回数;最後に再生した日", "2009/05/05 01:08:57", "cp932"),
    ],
)
def test_columns_in_the_words_of_a_country(tmp_path, in_berlin, header, time, encoding):
    text = f"{header}\nSexy Boy;Air;Moon Safari;12;{time}\nTalisman;Air;Moon Safari;0;\n"
    (tmp_path / "plays.csv").write_text(text, encoding=encoding)
    name, events, left_out = read(tmp_path / "plays.csv", *COLUMNS)
    assert (name, left_out) == ("player-table", {"tracks that were never played": 1})
    assert events == [("me", "Air", "Sexy Boy", SECOND, 12, 0)]
