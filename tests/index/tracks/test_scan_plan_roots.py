"""Scans of several, missing, nested and oddly written roots."""

import os
import shutil
from pathlib import Path

import pytest

from earshot.data.files.folder_walk import find_files
from earshot.index.removal import prune_missing
from earshot.index.tracks.roots import read_rules
from earshot.index.tracks.scan_plan import ScanCounts, count_vanished, plan_scan


def unmount(folders):
    (folders.folder / "music").rename(folders.folder / "away")


def empty(folders):
    unmount(folders)
    (folders.folder / "music").mkdir()


def leave_only_pictures(folders):
    empty(folders)
    folders.write("music/cover.jpg", "picture")


def leave_only_what_leads_nowhere(folders):
    empty(folders)
    (folders.folder / "music/a.mp3").symlink_to("/nowhere")


@pytest.mark.parametrize("disaster", [unmount, empty, leave_only_pictures])
def test_nothing_is_missing_because_its_whole_root_is(folders, disaster):
    for name in "abc":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    disaster(folders)
    n_pictures = len(list(folders.folder.glob("music/*")))
    assert folders.scan() == ScanCounts(found=n_pictures, excluded=n_pictures, kept=3)
    assert [status for path, status in folders.table().items() if path.endswith("mp3")] == ["embedded"] * 3
    assert prune_missing(folders.library) == 0
    shutil.rmtree(folders.folder / "music", ignore_errors=True)
    (folders.folder / "away").rename(folders.folder / "music")
    assert folders.scan() == ScanCounts(found=3, reused=3)


def test_nothing_is_missing_because_only_broken_links_are_left(folders):
    for name in "abc":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    leave_only_what_leads_nowhere(folders)
    assert folders.scan() == ScanCounts(found=1, failed=1, unread=1, kept=2)
    assert folders.table() == {"music/a.mp3": "embedded", "music/b.mp3": "embedded", "music/c.mp3": "embedded"}
    shutil.rmtree(folders.folder / "music")
    (folders.folder / "away").rename(folders.folder / "music")
    assert folders.scan() == ScanCounts(found=3, reused=3)


def test_a_root_that_was_never_there_is_no_failed_file(folders):
    folders.write("music/a.mp3", "a")
    assert folders.scan("music", "unplugged") == ScanCounts(found=1, embedded=1)
    assert folders.table() == {"music/a.mp3": "embedded"}


def test_one_root_gone_and_one_there(folders):
    for root in ("music", "other"):
        for name in "ab":
            folders.write(f"{root}/{name}.mp3", root + name)
    folders.scan("music", "other")
    unmount(folders)
    (folders.folder / "other/a.mp3").unlink()
    assert folders.scan("music", "other") == ScanCounts(found=1, reused=1, missing=1, kept=2)
    table = folders.table()
    assert {path for path, status in table.items() if status == "missing"} == {"other/a.mp3"}


def test_a_scan_of_one_root_says_nothing_about_another(folders):
    folders.write("music/a.mp3", "a")
    folders.write("other/b.mp3", "b")
    folders.scan("music", "other")
    (folders.folder / "other/b.mp3").unlink()
    assert folders.scan("music") == ScanCounts(found=1, reused=1)
    assert folders.table() == {"music/a.mp3": "embedded", "other/b.mp3": "embedded"}


def test_a_root_inside_another_finds_each_file_once(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/album/b.mp3", "b")
    for roots in (("music", "music/album"), ("music/album", "music")):
        assert folders.scan(*roots).found == 2
    shutil.rmtree(folders.folder / "music/album")
    assert folders.scan("music", "music/album") == ScanCounts(found=1, reused=1, missing=1)


def test_a_name_that_begins_like_a_root_is_not_under_it(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music2/b.mp3", "b")
    folders.scan("music", "music2")
    shutil.rmtree(folders.folder / "music2")
    assert folders.scan("music") == ScanCounts(found=1, reused=1)
    assert folders.table()["music2/b.mp3"] == "embedded"


@pytest.mark.parametrize("root", ["music/", "music/.", "other/../music", "music//"])
def test_a_root_may_be_written_in_any_way(folders, root):
    path = folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    (folders.folder / "other").mkdir()
    paths = [f"{folders.folder}/{root}"]
    for expected in (ScanCounts(found=2), ScanCounts(found=1, missing=1)):
        plan = plan_scan(folders.library, paths, find_files(paths), folders.head)
        with folders.library.transaction():
            for file in plan.pending:
                folders.hear(file, plan.counts, True)
        count_vanished(folders.library, plan)
        assert (plan.counts.found, plan.counts.missing) == (expected.found, expected.missing)
        path.unlink(missing_ok=True)
    assert list(read_rules(folders.library)) == [str(folders.folder / "music")]


def test_the_root_of_all(folders):
    """/ as a root: everything lies under it."""
    path = str(folders.write("music/a.mp3", "a"))
    folders.write("music/b.mp3", "b")
    folders.scan()
    os.unlink(path)
    plan = plan_scan(folders.library, ["/"], find_files([str(folders.folder / "music/b.mp3")]), folders.head)
    count_vanished(folders.library, plan)
    assert (plan.counts.reused, plan.counts.missing) == (1, 1)
    assert folders.library.db.execute("SELECT path FROM tracks WHERE status = 'missing'").fetchall() == [(path,)]


def test_a_root_that_is_a_file(folders):
    path = folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    assert folders.scan("music/a.mp3") == ScanCounts(found=1, embedded=1)
    assert folders.scan("music/a.mp3") == ScanCounts(found=1, reused=1)
    path.unlink()
    assert folders.scan("music/a.mp3") == ScanCounts(kept=1), "it is gone together with all of its root"
    assert folders.table() == {"music/a.mp3": "embedded"}
    assert folders.scan("music", "music/a.mp3") == ScanCounts(found=1, embedded=1, missing=1)


def test_a_root_that_is_not_utf8(folders):
    root = os.fsdecode(os.fsencode(folders.folder) + b"/caf\xe9")
    os.mkdir(root)
    Path(root, "a.mp3").write_text("a")
    assert folders.scan(os.path.basename(root)) == ScanCounts(found=1, embedded=1)
    assert list(read_rules(folders.library)) == [root]
    os.unlink(os.path.join(root, "a.mp3"))
    Path(root, "b.mp3").write_text("b")
    assert folders.scan(os.path.basename(root)) == ScanCounts(found=1, embedded=1, missing=1)


def test_the_library_itself_is_not_scanned(folders):
    folders.write("a.mp3", "a")
    (folders.library.folder / "not_music.mp3").write_text("bad")
    assert folders.scan(".") == ScanCounts(found=1, embedded=1)
