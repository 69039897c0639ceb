"""Lines of tracklists: what stands around a track, and where artist and title part."""

import pytest

from earshot.data.playlists.track_lines import readings, swapped, track_line, track_lines


@pytest.mark.parametrize(
    "line",
    [
        "01. Air – Sexy Boy",
        "1) Air – Sexy Boy",
        "(02) Air – Sexy Boy (4:58)",
        "#3 Air – Sexy Boy",
        "03 Air – Sexy Boy",
        "04 - Air – Sexy Boy",
        "[12:34] Air – Sexy Boy",
        "1:02:03 - Air – Sexy Boy",
        "[??:??] Air – Sexy Boy",
        "12. [00:00] Air – Sexy Boy [Source]",
        "A1. Air – Sexy Boy 04:58",
        "- Air – Sexy Boy",
        "• 7. Air – Sexy Boy",
        "w/ Air – Sexy Boy [Source] [4:58]",
        "3\tAir – Sexy Boy",
        "5:30 Air – Sexy Boy (Official Music Video)",
    ],
)
def test_marks_times_and_labels(line):
    assert track_line(line).texts[-1] == "Air – Sexy Boy"
    assert track_line(line).texts[0] == line and track_line(line).is_marked


@pytest.mark.parametrize(
    "line",
    [
        "99 Luftballons",
        "D12 - Fight Music",
        "1979",
        "2.5 - Song",
        "Air - Boy [Remix]",
        "Air - Suite [Part 2]",
        "311 - Am",
    ],
)
def test_what_belongs_to_a_name_stays(line):
    assert track_line(line).texts == (line,) and not track_line(line).is_marked


@pytest.mark.parametrize(
    ("text", "artist", "title"),
    [
        ("Air - Sexy Boy", "Air", "Sexy Boy"),
        ("Air—Sexy Boy", "Air", "Sexy Boy"),
        ("Air –Sexy Boy", "Air", "Sexy Boy"),
        ("Air | Sexy Boy", "Air", "Sexy Boy"),
        ("Air\tSexy Boy", "Air", "Sexy Boy"),
        ("a-ha - Take On Me", "a-ha", "Take On Me"),
        ("Air\tSexy Boy\tMoon Safari", "Air", "Sexy Boy"),
        ("Sexy Boy by Air", "Air", "Sexy Boy"),
        ("Sexy Boy von Air", "Air", "Sexy Boy"),
        ("“Stand by Me” by Ben E. King", "Ben E. King", "Stand by Me"),
        ("Air “Sexy Boy” (Remix)", "Air", "Sexy Boy (Remix)"),
    ],
)
def test_artist_and_title(text, artist, title):
    assert (artist, title) in [(entry.artist, entry.title) for entry in readings(text)]


def test_a_side_of_a_record_before_fields():
    assert readings(track_line("A1\t–Air\tSexy Boy\t4:58").texts[-1])[0].name == "Air - Sexy Boy"
    assert swapped(track_line("1\tSexy Boy\tAir\tMoon Safari\t4:58").texts[-1])[0].name == "Air - Sexy Boy"


def test_every_dash_may_be_the_one_and_a_list_may_have_the_title_first():
    assert [entry.name for entry in readings("A - B - C")] == ["A - B - C", "A - B - C"]
    assert [entry.artist for entry in readings("A - B - C")] == ["A", "A - B"]
    assert [entry.name for entry in swapped("Sexy Boy - Air")] == ["Air - Sexy Boy"]
    assert readings("Sexy Boy") == [] and readings("a-ha") == []


def test_lines_without_a_track():
    texts = ["ID - ID", "3. ID – ID [Label]", "ID?", "?? - ??", "Encore:", "...", "/", "word " * 300]
    assert [line.names_none for line in track_lines(texts)] == [True] * len(texts)
    texts = ["Kygo - ID", "ID - Song", "/music/1.mp3", "!!! - Slyd", "/music/" + "x" * 1_500]
    assert [line.names_none for line in track_lines(texts)] == [False] * len(texts)


def test_comments_are_none_and_two_tracks_at_once_are_two():
    lines = track_lines(["# a comment", "", "#1 Air - One w/ B - Two", "Air w/ Beth - Three"])
    assert [line.text for line in lines] == ["#1 Air - One", "B - Two", "Air w/ Beth - Three"]
