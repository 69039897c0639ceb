"""What a scan of folders changes in the library, and what it must not: one story per test."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from earshot.data.files.content_hash import content_hash
from earshot.data.files.folder_walk import find_files
from earshot.index.library import Library
from earshot.index.removal import prune_missing
from earshot.index.runs import start_run
from earshot.index.tracks.roots import read_rules
from earshot.index.tracks.scan_plan import ScanCounts, count_vanished, plan_scan
from earshot.index.vectors.spaces import AUDIO, read_vector
from scanned_folders import Folders


@pytest.fixture
def folders(tmp_path):
    folders = Folders(tmp_path)
    with folders.library:
        yield folders


def counts(**numbers: int) -> ScanCounts:
    return ScanCounts(**numbers)


def test_new_files_are_heard_and_known_ones_are_not_touched(folders):
    for name in "abc":
        folders.write(f"music/{name}.mp3", name)
    assert folders.scan() == counts(found=3, embedded=3)
    assert folders.decoded == ["a.mp3", "b.mp3", "c.mp3"]
    assert folders.scan() == counts(found=3, reused=3)
    folders.write("music/d.mp3", "d")
    assert folders.scan() == counts(found=4, reused=3, embedded=1)
    assert folders.decoded == ["d.mp3"]


def test_a_scan_without_news_writes_nothing(folders):
    for name in ("a.mp3", "bad.mp3", "cover.jpg"):
        folders.write(f"music/{name}", name)
    folders.scan()
    before = folders.library.db.conn.total_changes
    assert folders.scan() == counts(found=3, reused=1, failed=1, failed_before=1, excluded=1)
    assert folders.library.db.conn.total_changes == before


def test_other_music_under_the_same_name(folders):
    folders.write("music/a.mp3", "old")
    folders.scan()
    track_id = folders.id("music/a.mp3")
    folders.write("music/a.mp3", "new")
    assert folders.scan() == counts(found=1, embedded=1)
    assert folders.id("music/a.mp3") == track_id
    assert folders.sounds_like("music/a.mp3", "new")


def test_a_touched_file_is_known_by_its_content(folders):
    folders.write("music/a.mp3", "a")
    folders.scan()
    folders.write("music/a.mp3", "a")  # a later time
    assert folders.scan() == counts(found=1, reused=1, adopted=1)
    assert folders.decoded == []
    assert folders.scan() == counts(found=1, reused=1)


def test_moved_and_renamed_files_keep_their_ids(folders):
    for name in "abc":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    ids = [folders.id(f"music/{name}.mp3") for name in "abc"]
    (folders.folder / "music/album").mkdir()
    for name in "abc":
        os.rename(folders.folder / f"music/{name}.mp3", folders.folder / f"music/album/{name}{name}.mp3")
    assert folders.scan() == counts(found=3, reused=3, adopted=3)
    assert folders.decoded == []
    assert folders.table() == {f"music/album/{name}{name}.mp3": "embedded" for name in "abc"}
    assert [folders.id(f"music/album/{name}{name}.mp3") for name in "abc"] == ids


def test_a_whole_folder_that_moves_to_another_root(folders):
    folders.write("one/album/a.mp3", "a")
    folders.write("one/b.mp3", "b")
    folders.write("two/c.mp3", "c")
    folders.scan("one", "two")
    shutil.move(folders.folder / "one/album", folders.folder / "two/album")
    assert folders.scan("one", "two") == counts(found=3, reused=3, adopted=1)
    assert folders.table() == dict.fromkeys(("one/b.mp3", "two/album/a.mp3", "two/c.mp3"), "embedded")


def test_a_copy_is_found_without_decoding(folders):
    folders.write("music/a.mp3", "a")
    folders.scan()
    folders.write("music/b.mp3", "a")
    assert folders.scan() == counts(found=2, reused=2, adopted=1)
    assert folders.decoded == []
    assert folders.id("music/a.mp3") != folders.id("music/b.mp3")
    assert folders.sounds_like("music/b.mp3", "a")


def test_two_new_files_of_one_content_are_decoded_once(folders):
    folders.write("music/a.mp3", "same")
    folders.write("music/b.mp3", "same")
    assert folders.scan() == counts(found=2, embedded=1, reused=1, adopted=1)
    assert folders.decoded == ["a.mp3"]


def test_a_file_moved_over_another(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    folders.scan()
    track_id = folders.id("music/b.mp3")
    os.replace(folders.folder / "music/b.mp3", folders.folder / "music/a.mp3")
    assert folders.scan() == counts(found=1, reused=1, adopted=1)
    assert folders.table() == {"music/a.mp3": "embedded"}
    assert folders.id("music/a.mp3") == track_id
    assert folders.sounds_like("music/a.mp3", "b")


def test_two_files_that_change_places(folders):
    a, b, between = (folders.folder / "music" / name for name in ("a.mp3", "b.mp3", "c.mp3"))
    folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    folders.scan()
    a.rename(between), b.rename(a), between.rename(b)
    folders.scan()
    assert folders.table() == {"music/a.mp3": "embedded", "music/b.mp3": "embedded"}
    assert folders.sounds_like("music/a.mp3", "b") and folders.sounds_like("music/b.mp3", "a")


def test_a_deleted_file_is_missing_and_comes_back_without_decoding(folders):
    path = folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    folders.scan()
    track_id = folders.id("music/a.mp3")
    shutil.move(path, folders.folder / "a.mp3")
    assert folders.scan() == counts(found=1, reused=1, missing=1)
    assert folders.table() == {"music/a.mp3": "missing", "music/b.mp3": "embedded"}
    assert folders.scan() == counts(found=1, reused=1), "missing is counted when it is news"
    shutil.move(folders.folder / "a.mp3", path)
    assert folders.scan() == counts(found=2, reused=2)
    assert (folders.decoded, folders.id("music/a.mp3")) == ([], track_id)
    assert folders.sounds_like("music/a.mp3", "a")


def test_pruned_is_forgotten(folders):
    path = folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    folders.scan()
    path.unlink()
    folders.scan()
    assert prune_missing(folders.library) == 1
    assert folders.table() == {"music/b.mp3": "embedded"}
    folders.write("music/a.mp3", "a")
    assert folders.scan() == counts(found=2, reused=1, embedded=1)


def test_what_never_had_a_vector_is_forgotten_when_it_goes(folders):
    for name in ("a.mp3", "bad.mp3", "cover.jpg"):
        folders.write(f"music/{name}", name)
    folders.scan()
    for name in ("bad.mp3", "cover.jpg"):
        (folders.folder / "music" / name).unlink()
    assert folders.scan() == counts(found=1, reused=1)
    assert folders.table() == {"music/a.mp3": "embedded"}


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
    assert folders.scan() == counts(found=n_pictures, excluded=n_pictures, kept=3)
    assert [status for path, status in folders.table().items() if path.endswith("mp3")] == ["embedded"] * 3
    assert prune_missing(folders.library) == 0
    shutil.rmtree(folders.folder / "music", ignore_errors=True)
    (folders.folder / "away").rename(folders.folder / "music")
    assert folders.scan() == counts(found=3, reused=3)


def test_nothing_is_missing_because_only_broken_links_are_left(folders):
    for name in "abc":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    leave_only_what_leads_nowhere(folders)
    assert folders.scan() == counts(found=1, failed=1, unread=1, kept=2)
    assert folders.table() == {"music/a.mp3": "embedded", "music/b.mp3": "embedded", "music/c.mp3": "embedded"}
    shutil.rmtree(folders.folder / "music")
    (folders.folder / "away").rename(folders.folder / "music")
    assert folders.scan() == counts(found=3, reused=3)


def test_a_root_that_was_never_there_is_no_failed_file(folders):
    folders.write("music/a.mp3", "a")
    assert folders.scan("music", "unplugged") == counts(found=1, embedded=1)
    assert folders.table() == {"music/a.mp3": "embedded"}


def test_one_root_gone_and_one_there(folders):
    for root in ("music", "other"):
        for name in "ab":
            folders.write(f"{root}/{name}.mp3", root + name)
    folders.scan("music", "other")
    unmount(folders)
    (folders.folder / "other/a.mp3").unlink()
    assert folders.scan("music", "other") == counts(found=1, reused=1, missing=1, kept=2)
    table = folders.table()
    assert {path for path, status in table.items() if status == "missing"} == {"other/a.mp3"}


def test_a_scan_of_one_root_says_nothing_about_another(folders):
    folders.write("music/a.mp3", "a")
    folders.write("other/b.mp3", "b")
    folders.scan("music", "other")
    (folders.folder / "other/b.mp3").unlink()
    assert folders.scan("music") == counts(found=1, reused=1)
    assert folders.table() == {"music/a.mp3": "embedded", "other/b.mp3": "embedded"}


def test_a_root_inside_another_finds_each_file_once(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/album/b.mp3", "b")
    for roots in (("music", "music/album"), ("music/album", "music")):
        assert folders.scan(*roots).found == 2
    shutil.rmtree(folders.folder / "music/album")
    assert folders.scan("music", "music/album") == counts(found=1, reused=1, missing=1)


def test_a_name_that_begins_like_a_root_is_not_under_it(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music2/b.mp3", "b")
    folders.scan("music", "music2")
    shutil.rmtree(folders.folder / "music2")
    assert folders.scan("music") == counts(found=1, reused=1)
    assert folders.table()["music2/b.mp3"] == "embedded"


@pytest.mark.parametrize("root", ["music/", "music/.", "other/../music", "music//"])
def test_a_root_may_be_written_in_any_way(folders, root):
    path = folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    (folders.folder / "other").mkdir()
    paths = [f"{folders.folder}/{root}"]
    for expected in (counts(found=2), counts(found=1, missing=1)):
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
    assert folders.scan("music/a.mp3") == counts(found=1, embedded=1)
    assert folders.scan("music/a.mp3") == counts(found=1, reused=1)
    path.unlink()
    assert folders.scan("music/a.mp3") == counts(kept=1), "it is gone together with all of its root"
    assert folders.table() == {"music/a.mp3": "embedded"}
    assert folders.scan("music", "music/a.mp3") == counts(found=1, embedded=1, missing=1)


def test_a_folder_that_cannot_be_listed_today(folders, monkeypatch):
    """Its files are neither found nor gone. (Permissions would not stop root, who runs tests in containers.)"""
    folders.write("music/a.mp3", "a")
    folders.write("music/album/b.mp3", "b")
    folders.scan()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("album"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("earshot.data.files.folder_walk.os.scandir", scandir)
    assert folders.scan() == counts(found=2, reused=1, failed=1, unread=1, kept=1)
    assert folders.reason("music/album") == "the folder cannot be read: Permission denied"
    assert folders.table()["music/album/b.mp3"] == "embedded"
    monkeypatch.undo()
    assert folders.scan() == counts(found=2, reused=2)
    assert "music/album" not in folders.table()


@pytest.fixture
def failing_disk(monkeypatch):
    """A function that lets the status of every file with this name fail, or of none."""
    real = os.DirEntry
    failing = {"name": None, "errno": errno.EIO}

    class Entry:
        def __init__(self, entry: real) -> None:
            self.name, self.path, self.is_dir, self._entry = entry.name, entry.path, entry.is_dir, entry

        def stat(self):
            if self.name == failing["name"]:
                raise OSError(failing["errno"], os.strerror(failing["errno"]))
            return self._entry.stat()

    class Listing:
        def __init__(self, path) -> None:
            self._entries = scandir(path)

        def __enter__(self):
            return map(Entry, self._entries)

        def __exit__(self, *exception):
            self._entries.close()

    scandir = os.scandir
    monkeypatch.setattr("earshot.data.files.folder_walk.os.scandir", Listing)
    return failing.update


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE, errno.ENOENT, errno.ENOTCONN])
def test_an_error_of_the_disk_is_no_fact_about_a_file(folders, failing_disk, number):
    for name in "ab":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    before = list(folders.library.db.query("SELECT * FROM tracks"))
    failing_disk(name="b.mp3", errno=number)
    for _ in range(2):
        assert folders.scan() == counts(found=2, reused=1, failed=1, unread=1)
        assert folders.plan.unread == {str(folders.folder / "music/b.mp3"): f"cannot be read: {os.strerror(number)}"}
    assert list(folders.library.db.query("SELECT * FROM tracks")) == before
    failing_disk(name=None)
    assert folders.scan() == counts(found=2, reused=2)
    assert list(folders.library.db.query("SELECT * FROM tracks")) == before


def test_a_file_that_was_never_read_is_tried_again(folders, failing_disk):
    folders.write("music/a.mp3", "a")
    failing_disk(name="a.mp3")
    for _ in range(2):
        assert folders.scan() == counts(found=1, failed=1, unread=1)
        assert folders.reason("music/a.mp3") == "cannot be read: Input/output error"
    failing_disk(name=None)
    assert folders.scan() == counts(found=1, embedded=1)


def test_an_excluded_file_that_cannot_be_read_stays_excluded(folders, failing_disk):
    folders.write("music/a.mp3", "90 a song")
    folders.scan(shortest=100)
    before = list(folders.library.db.query("SELECT * FROM tracks"))
    failing_disk(name="a.mp3")
    for _ in range(2):
        assert folders.scan(shortest=100) == counts(found=1, failed=1, unread=1)
    assert list(folders.library.db.query("SELECT * FROM tracks")) == before
    assert folders.scan(shortest=30) == counts(found=1, failed=1, unread=1)
    failing_disk(name=None)
    assert folders.scan(shortest=100) == counts(found=1, excluded=1)
    assert folders.scan(shortest=30) == counts(found=1, embedded=1)


def test_a_missing_track_that_cannot_be_read_is_not_pruned(folders, failing_disk):
    for name in "ab":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    (folders.folder / "music/b.mp3").rename(folders.folder / "b.mp3")
    assert folders.scan() == counts(found=1, reused=1, missing=1)
    (folders.folder / "b.mp3").rename(folders.folder / "music/b.mp3")
    failing_disk(name="b.mp3")
    assert folders.scan() == counts(found=2, reused=1, failed=1, unread=1)
    assert prune_missing(folders.library) == 0
    failing_disk(name=None)
    assert folders.scan() == counts(found=2, reused=2, adopted=1)
    assert folders.sounds_like("music/b.mp3", "b")


def test_a_broken_link_is_no_news_twice(folders):
    (folders.folder / "music").mkdir()
    (folders.folder / "music/a.mp3").symlink_to("gone")
    assert folders.scan() == counts(found=1, failed=1, unread=1)
    assert folders.scan() == counts(found=1, failed=1, failed_before=1)
    assert folders.reason("music/a.mp3") == "a symbolic link that leads nowhere"
    folders.write("music/gone", "a")
    assert folders.scan() == counts(found=2, embedded=1, excluded=1)


def test_a_failure_is_not_tried_again_until_the_file_changes(folders):
    folders.write("music/a.mp3", "bad")
    assert folders.scan() == counts(found=1, failed=1)
    assert folders.scan() == counts(found=1, failed=1, failed_before=1)
    assert folders.decoded == []
    assert folders.reason("music/a.mp3") == "not audio"
    assert folders.scan(retry=True) == counts(found=1, failed=1)
    assert folders.decoded == ["a.mp3"]
    folders.write("music/a.mp3", "good")
    assert folders.scan() == counts(found=1, embedded=1)
    assert folders.sounds_like("music/a.mp3", "good")


def test_a_good_file_that_goes_bad_loses_its_vector(folders):
    folders.write("music/a.mp3", "good")
    folders.scan()
    folders.write("music/a.mp3", "bad")
    assert folders.scan() == counts(found=1, failed=1)
    assert read_vector(folders.library, AUDIO, folders.id("music/a.mp3")) is None
    folders.write("music/a.mp3", "good")
    assert folders.scan() == counts(found=1, embedded=1)


def test_a_pattern_leaves_out_and_lets_in_again(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/live/b.mp3", "b")
    folders.scan()
    assert folders.scan(exclude=["*/live/*"]) == counts(found=2, reused=1, excluded=1)
    assert folders.reason("music/live/b.mp3") == "matches --exclude */live/*"
    assert folders.table() == {"music/a.mp3": "embedded", "music/live/b.mp3": "excluded"}
    assert folders.scan() == counts(found=2, reused=2)
    assert folders.decoded == []
    assert folders.reason("music/live/b.mp3") is None


def test_a_marker_that_comes_and_goes(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/talk/deep/b.mp3", "b")
    folders.scan()
    marker = folders.write("music/talk/.notmusic", "")
    assert folders.scan() == counts(found=2, reused=1, excluded=1)
    assert folders.reason("music/talk/deep/b.mp3") == "in a folder marked .notmusic"
    marker.unlink()
    assert folders.scan() == counts(found=2, reused=2)
    assert folders.decoded == []


def test_a_file_that_changes_while_it_is_left_out(folders):
    """It must not come back with the vector of what it was."""
    folders.write("music/a.mp3", "the old song")
    folders.write("music/b.mp3", "b")
    folders.scan()
    folders.write("music/a.mp3", "a new one, longer")
    folders.scan(exclude=["a.mp3"])
    folders.scan(exclude=["a.*"])
    assert folders.scan() == counts(found=2, reused=1, embedded=1)
    assert folders.sounds_like("music/a.mp3", "a new one, longer")


def test_durations_leave_out_and_let_in_again(folders):
    for length in (10, 100, 1_000):
        folders.write(f"music/{length}.mp3", f"{length} s")
    folders.scan()
    assert folders.scan(shortest=60, longest=600) == counts(found=3, reused=1, excluded=2)
    assert folders.reason("music/10.mp3") == "shorter than --min-duration 60 (10 s)"
    assert folders.reason("music/1000.mp3") == "longer than --max-duration 600 (1000 s)"
    assert folders.scan(shortest=60) == counts(found=3, reused=2, excluded=1)
    assert folders.scan() == counts(found=3, reused=3)
    assert folders.decoded == []


def test_a_duration_is_learned_once(folders):
    folders.write("music/a.mp3", "10 s")
    assert folders.scan(shortest=60) == counts(found=1, excluded=1)
    assert folders.decoded == ["a.mp3"]
    assert folders.scan(shortest=60) == counts(found=1, excluded=1)
    assert folders.decoded == []
    assert folders.scan() == counts(found=1, embedded=1)


def test_a_song_replaced_by_a_short_one_that_a_rule_leaves_out(folders):
    """When the rule is lifted, the file is heard anew: the vector of the long song is not its own."""
    folders.write("music/a.mp3", "300 the song")
    folders.scan()
    folders.write("music/a.mp3", "10 the jingle")
    assert folders.scan(shortest=60) == counts(found=1, excluded=1)
    assert folders.scan() == counts(found=1, embedded=1)
    assert folders.sounds_like("music/a.mp3", "10 the jingle")


def test_again_hears_everything_anew(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "bad")
    folders.scan()
    assert folders.scan(again=True) == counts(found=2, embedded=1, failed=1, failed_before=1)
    assert folders.decoded == ["a.mp3"]


def test_another_ear_hears_everything_anew(folders):
    folders.write("music/a.mp3", "a")
    folders.scan()
    old, (_, folders.head) = folders.head, start_run(folders.library, "embed-audio", {}, fingerprint="new ear")
    assert folders.scan() == counts(found=1, embedded=1)
    runs = folders.library.db.execute("SELECT run_id FROM vectors").fetchall()
    assert runs == [(folders.head,)] != [(old,)]


def test_an_unchanged_file_is_pending_with_the_hash_it_is_known_by(folders):
    path = str(folders.write("music/a.mp3", "a"))
    folders.scan()
    digest = content_hash(path)
    plan = plan_scan(folders.library, [path], find_files([path]), None)
    assert [file.content_hash for file in plan.pending] == [digest]
    folders.write("music/a.mp3", "changed")
    plan = plan_scan(folders.library, [path], find_files([path]), None)
    assert [file.content_hash for file in plan.pending] == [None]


def test_names_that_are_not_utf8(folders):
    """The name in bytes decides: renamed from Latin-1 to UTF-8, the file keeps its id."""
    music = os.fsencode(folders.folder / "music")
    os.makedirs(music)
    old, new = os.path.join(music, b"caf\xe9.mp3"), os.path.join(music, "café.mp3".encode())
    with open(old, "w") as file:
        file.write("a")
    assert folders.scan() == counts(found=1, embedded=1)
    assert folders.scan() == counts(found=1, reused=1)
    assert list(folders.table()) == ["music/caf\\xe9.mp3"]
    os.rename(old, new)
    assert folders.scan() == counts(found=1, reused=1, adopted=1)
    assert list(folders.table()) == ["music/café.mp3"]
    row = folders.library.db.execute("SELECT id, path_bytes, title FROM tracks").fetchone()
    assert row == (1, None, "café")


def test_a_root_that_is_not_utf8(folders):
    root = os.fsdecode(os.fsencode(folders.folder) + b"/caf\xe9")
    os.mkdir(root)
    Path(root, "a.mp3").write_text("a")
    assert folders.scan(os.path.basename(root)) == counts(found=1, embedded=1)
    assert list(read_rules(folders.library)) == [root]
    os.unlink(os.path.join(root, "a.mp3"))
    Path(root, "b.mp3").write_text("b")
    assert folders.scan(os.path.basename(root)) == counts(found=1, embedded=1, missing=1)


def test_the_library_itself_is_not_scanned(folders):
    folders.write("a.mp3", "a")
    (folders.library.folder / "not_music.mp3").write_text("bad")
    assert folders.scan(".") == counts(found=1, embedded=1)


def test_a_scan_is_one_transaction(folders, monkeypatch):
    """Killed in the middle of recording the plan, nothing of the plan is there."""
    folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    folders.scan()
    (folders.folder / "music/a.mp3").unlink()
    folders.write("music/cover.jpg", "picture")

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("earshot.index.tracks.scan_plan.set_status", fail)
    with pytest.raises(KeyboardInterrupt):
        folders.scan()
    with Library.open(folders.library.folder) as reader:
        rows = reader.db.execute("SELECT path, status FROM tracks ORDER BY path").fetchall()
    assert [status for _, status in rows] == ["embedded", "embedded"]
