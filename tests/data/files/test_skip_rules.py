"""Reasons to exclude files, in the words that are reported."""

import pytest

from earshot.data.files.skip_rules import (
    Rules,
    combined_bounds,
    duration_exclusion,
    file_exclusion,
    folder_exclusion,
    is_hidden,
    path_exclusion,
    pattern_exclusion,
)


def test_folders_are_excluded_by_name():
    assert folder_exclusion(".git") == "in the hidden folder '.git'"
    assert folder_exclusion("found.001") == "in 'found.001', a folder of the system"
    assert folder_exclusion("lost+FOUND") == "in 'lost+FOUND', a folder of the system"
    assert folder_exclusion("found.mp3") is folder_exclusion("Music") is None


@pytest.mark.parametrize("name", ["...And Oceans", ".5_ The Gray Chapter", ".38 Special", "..x", ". Dot", ".٣", "a.b"])
def test_a_dot_hides_no_music(name):
    assert not is_hidden(name) and folder_exclusion(name) is None


@pytest.mark.parametrize("name", [".cache", "._01 Song.flac", ".@__thumb", ".~lock", ".trashed-17-My Song.mp3", "."])
def test_a_dot_hides_what_programs_keep(name):
    assert is_hidden(name) and "hidden" in folder_exclusion(name)


def test_a_path_is_excluded_by_folders_below_the_root_alone():
    assert path_exclusion("/music/.old/a/b.mp3", "/music") == "in the hidden folder '.old'"
    assert path_exclusion("/music/.old/a/b.mp3", "/music/.old") is None
    assert path_exclusion("/.music/b.mp3", "/.music/") is None
    assert path_exclusion("/@tmp/b.mp3", "/") == "in '@tmp', a folder of the system"


@pytest.mark.parametrize("pattern", ["/music/talk/*", "talk/*", "*.mp3", "b.*"])
def test_a_pattern_matches_the_path_the_part_below_its_folder_or_the_name(pattern):
    assert pattern_exclusion("/music/talk/b.mp3", [("/music", pattern)]) == f"matches --exclude {pattern}"
    assert pattern_exclusion("/music/song/c.flac", [("/music", pattern)]) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b.MP3", None),
        (".b.mp3", "a hidden file"),
        ("...Baby One More Time.flac", None),
        (".01 Bright.flac.aB3dEf", "a hidden file"),  # half a copy, of rsync
        ("cover.jpg", "not audio by its name (.jpg)"),
        ("notes", "not audio by its name or its first bytes"),
        ("Mr. Brightside", None),  # its first bytes say so
    ],
)
def test_a_file_is_excluded_by_its_name_or_else_its_first_bytes(tmp_path, name, reason):
    (tmp_path / name).write_bytes(b"fLaC" if "Bright" in name else b"text")
    assert file_exclusion(str(tmp_path / name), None, ()) == reason


def test_a_marker_or_a_pattern_excludes_audio(tmp_path):
    path = str(tmp_path / "b.mp3")
    assert file_exclusion(path, ".nomedia", ()) == "in a folder marked .nomedia"
    assert file_exclusion(path, None, [(str(tmp_path), "b*")]) == "matches --exclude b*"


def test_a_file_given_by_name_may_be_hidden():
    assert file_exclusion("/music/.b.mp3", None, (), is_named=True) is None
    assert file_exclusion("/music/.b.jpg", None, (), is_named=True) == "not audio by its name (.jpg)"


def test_rules_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="--min-duration is nan; it is a number of seconds, such as 30"):
        Rules(min_duration=float("nan"))
    with pytest.raises(ValueError, match="--min-duration 60 and --max-duration 30 leave nothing in between"):
        Rules(min_duration=60.0, max_duration=30.0)


def test_bounds_of_several_folders_hold_together():
    assert combined_bounds([Rules(), Rules((), 30.0, 900.0), Rules((), None, 600.0)]) == (30.0, 600.0)
    assert combined_bounds([]) == (None, None)


def test_a_duration_at_a_bound_is_allowed():
    assert duration_exclusion(60.0, 60.0, 600.0) is None
    assert duration_exclusion(600.0, 60.0, 600.0) is None
    assert duration_exclusion(1e6, None, None) is None


def test_the_reason_names_the_flag_and_the_duration():
    assert duration_exclusion(59.6, 60.0, None) == "shorter than --min-duration 60 (60 s)"
    assert duration_exclusion(3600.0, None, 1800.0) == "longer than --max-duration 1800 (3600 s)"
