"""Files that took over each other's names."""

import os

import pytest

from earshot.index.tracks.scan_plan import ScanCounts


@pytest.fixture
def music(folders):
    """Files 1 to 3, embedded."""
    for name in "123":
        folders.write(f"music/{name}.mp3", f"song {name}" + "." * int(name))
    folders.scan()
    return folders


def rename(folders, *pairs):
    for old, new in pairs:
        os.rename(folders.folder / f"music/{old}.mp3", folders.folder / f"music/{new}.mp3")


def ids(folders, *names):
    return [folders.id(f"music/{name}.mp3") for name in names]


def test_a_song_that_is_put_before_others(music):
    before = ids(music, 1, 2, 3)
    rename(music, (3, 4), (2, 3), (1, 2))
    music.write("music/1.mp3", "a new song")
    assert music.scan() == ScanCounts(found=4, embedded=1, reused=3, adopted=3, compared=3)
    assert ids(music, 2, 3, 4) == before and ids(music, 1) == [4]
    assert music.decoded == ["1.mp3"] and music.sounds_like("music/2.mp3", "song 1.")


def test_all_move_up_by_one(music):
    before = ids(music, 1, 2, 3)
    rename(music, (3, 4), (2, 3), (1, 2))
    assert music.scan() == ScanCounts(found=3, reused=3, adopted=3, compared=2), "a new name is a change of the ctime"
    assert ids(music, 2, 3, 4) == before


def test_two_that_change_places(music):
    before = ids(music, 1, 2, 3)
    rename(music, (1, "x"), (2, 1), ("x", 2))
    assert music.scan() == ScanCounts(found=3, reused=3, adopted=2, compared=2)
    assert ids(music, 2, 1, 3) == before
    assert music.scan() == ScanCounts(found=3, reused=3)


def test_a_name_stays_with_its_track_where_it_is_not_clear_which_went_where(music):
    before = ids(music, 1, 2, 3)
    rename(music, (1, 2))  # over the second
    music.write("music/1.mp3", "a new song")
    music.scan()
    assert ids(music, 1, 2, 3) == before
