"""Scans with exclusion rules that change between them."""

import pytest

from earshot.index.tracks.scan_plan import ScanCounts


def test_a_pattern_leaves_out_and_lets_in_again(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/live/b.mp3", "b")
    folders.scan()
    assert folders.scan(exclude=["*/live/*"]) == ScanCounts(found=2, reused=1, excluded=1)
    assert folders.reason("music/live/b.mp3") == "matches --exclude */live/*"
    assert folders.table() == {"music/a.mp3": "embedded", "music/live/b.mp3": "excluded"}
    assert folders.scan() == ScanCounts(found=2, reused=2)
    assert folders.decoded == []
    assert folders.reason("music/live/b.mp3") is None


def test_a_marker_that_comes_and_goes(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/talk/deep/b.mp3", "b")
    folders.scan()
    marker = folders.write("music/talk/.notmusic", "")
    assert folders.scan() == ScanCounts(found=2, reused=1, excluded=1)
    assert folders.reason("music/talk/deep/b.mp3") == "in a folder marked .notmusic"
    marker.unlink()
    assert folders.scan() == ScanCounts(found=2, reused=2)
    assert folders.decoded == []


def test_a_file_that_changes_while_it_is_left_out(folders):
    """It must not come back with the vector of what it was."""
    folders.write("music/a.mp3", "the old song")
    folders.write("music/b.mp3", "b")
    folders.scan()
    folders.write("music/a.mp3", "a new one, longer")
    folders.scan(exclude=["a.mp3"])
    folders.scan(exclude=["a.*"])
    assert folders.scan() == ScanCounts(found=2, reused=1, embedded=1)
    assert folders.sounds_like("music/a.mp3", "a new one, longer")


def test_durations_leave_out_and_let_in_again(folders):
    for length in (10, 100, 1_000):
        folders.write(f"music/{length}.mp3", f"{length} s")
    folders.scan()
    assert folders.scan(shortest=60, longest=600) == ScanCounts(found=3, reused=1, excluded=2)
    assert folders.reason("music/10.mp3") == "shorter than --min-duration 60 (10 s)"
    assert folders.reason("music/1000.mp3") == "longer than --max-duration 600 (1000 s)"
    assert folders.scan(shortest=60) == ScanCounts(found=3, reused=2, excluded=1)
    assert folders.scan() == ScanCounts(found=3, reused=3)
    assert folders.decoded == []


def test_a_duration_is_learned_once(folders):
    folders.write("music/a.mp3", "10 s")
    assert folders.scan(shortest=60) == ScanCounts(found=1, excluded=1)
    assert folders.decoded == ["a.mp3"]
    assert folders.scan(shortest=60) == ScanCounts(found=1, excluded=1)
    assert folders.decoded == []
    assert folders.scan() == ScanCounts(found=1, embedded=1)


def test_a_song_replaced_by_a_short_one_that_a_rule_leaves_out(folders):
    """When the rule is lifted, the file is heard anew: the vector of the long song is not its own."""
    folders.write("music/a.mp3", "300 the song")
    folders.scan()
    folders.write("music/a.mp3", "10 the jingle")
    assert folders.scan(shortest=60) == ScanCounts(found=1, excluded=1)
    assert folders.scan() == ScanCounts(found=1, embedded=1)
    assert folders.sounds_like("music/a.mp3", "10 the jingle")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("music/.old/a.mp3", "music/.old"),
        ("music/.old/deep/a.mp3", "music/.old/deep"),
        ("music/.old/a.mp3", "music/.old/a.mp3"),
        ("music/#recycle/a.mp3", "music/#recycle/a.mp3"),
        ("music/marked/a.mp3", "music/marked"),
        ("music/marked/a.mp3", "music/marked/a.mp3"),
        ("music/marked/deep/a.mp3", "music/marked/deep"),
        ("music/.a.mp3", "music/.a.mp3"),
    ],
)
def test_what_was_given_by_name_stays(folders, name, given):
    """A walk from above leaves it out, until it is given; later walks do not take it back."""
    folders.write("music/song.mp3", "song")
    folders.write("music/marked/.nomedia", "")
    folders.write(name, "a")
    folders.scan()
    assert folders.table().get(name) != "embedded"
    assert folders.scan(given).embedded == 1
    for _ in range(2):
        assert folders.scan().reused == 2
        assert folders.table()[name] == "embedded"


def test_a_folder_that_is_not_entered_is_counted_once(folders):
    folders.write("music/song.mp3", "song")
    folders.write("music/#recycle/a.mp3", "a")
    assert folders.scan() == ScanCounts(found=2, embedded=1, excluded=1)
    assert folders.scan() == ScanCounts(found=2, reused=1, excluded=1)
    assert folders.reason("music/#recycle") == "in '#recycle', a folder of the system"
    assert folders.scan("music/#recycle") == ScanCounts(found=1, embedded=1)
    assert "music/#recycle" not in folders.table()
