"""Tables of play counts as players write them."""

import pytest

from earshot.data.exports.listen_sources import detect_format
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
        ("me", "Air", "Four", None, 1, 0),
        ("me", "Air", "Sexy Boy", None, 1, 1), ("me", None, "C:\\Music\\2.mp3", None, 1, 2),
    ]  # fmt: skip


def test_other_names_of_columns_and_other_scales(tmp_path):
    ticks = (SECOND + 11_644_473_600) * 10_000_000
    (tmp_path / "plays.tsv").write_text(
        "Name\tArtist Name\tPlay Count\tLast Played Timestamp\tRating\n"
        f"One\tAir\t3\t{SECOND}\t100\nTwo\tAir\t1\t{ticks}\t60\n"
    )
    assert read(tmp_path / "plays.tsv", *COLUMNS, listener="ana")[1] == [
        ("ana", "Air", "One", SECOND, 3, 0), ("ana", "Air", "Two", SECOND, 1, 0), ("ana", "Air", "One", None, 1, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header", ["user,artist,title,play_count,last_played", "artist,title,play_count", "play_count,last_played"]
)
def test_other_tables_are_left_to_their_reader(tmp_path, header):
    (tmp_path / "plays.csv").write_text(f"{header}\n" + ",".join("ab1230"[: header.count(",") + 1]) + "\n")
    assert detect_format(Member(tmp_path / "plays.csv")).name == "table"
