"""Changes of a library by a scan: new, moved, copied, replaced and deleted files."""

import os
import shutil

import pytest

from earshot.index.library import Library
from earshot.index.removal import prune_missing
from earshot.index.runs import start_run
from earshot.index.tracks.scan_plan import ScanCounts


def test_new_files_are_heard_and_known_ones_are_not_touched(folders):
    for name in "abc":
        folders.write(f"music/{name}.mp3", name)
    assert folders.scan() == ScanCounts(found=3, embedded=3)
    assert folders.decoded == ["a.mp3", "b.mp3", "c.mp3"]
    assert folders.scan() == ScanCounts(found=3, reused=3)
    folders.write("music/d.mp3", "d")
    assert folders.scan() == ScanCounts(found=4, reused=3, embedded=1)
    assert folders.decoded == ["d.mp3"]


def test_a_scan_without_news_writes_nothing(folders):
    for name in ("a.mp3", "bad.mp3", "cover.jpg"):
        folders.write(f"music/{name}", name)
    folders.scan()
    before = folders.library.db.conn.total_changes
    assert folders.scan() == ScanCounts(found=3, reused=1, failed=1, failed_before=1, excluded=1)
    assert folders.library.db.conn.total_changes == before


def test_other_music_under_the_same_name(folders):
    folders.write("music/a.mp3", "old")
    folders.scan()
    track_id = folders.id("music/a.mp3")
    folders.write("music/a.mp3", "new")
    assert folders.scan() == ScanCounts(found=1, embedded=1)
    assert folders.id("music/a.mp3") == track_id
    assert folders.sounds_like("music/a.mp3", "new")


def test_a_touched_file_is_known_by_its_content(folders):
    folders.write("music/a.mp3", "a")
    folders.scan()
    folders.write("music/a.mp3", "a")  # a later time
    assert folders.scan() == ScanCounts(found=1, reused=1)
    assert [len(folders.plan.pending), folders.decoded] == [1, []]
    assert folders.scan() == ScanCounts(found=1, reused=1)
    assert folders.plan.pending == []


def test_a_file_that_changes_behind_size_and_time(folders):
    path = folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    folders.scan()
    was, before = path.stat(), tracks(folders)
    os.chmod(path, 0o600)
    assert folders.scan() == ScanCounts(found=2, reused=2, compared=1)
    assert (folders.decoded, tracks(folders)) == ([], before)
    path.write_text("A")
    os.utime(path, ns=(was.st_mtime_ns, was.st_mtime_ns))
    assert folders.scan() == ScanCounts(found=2, reused=1, embedded=1)
    assert folders.sounds_like("music/a.mp3", "A") and folders.id("music/a.mp3") == 1
    assert folders.scan() == ScanCounts(found=2, reused=2)


def tracks(folders):
    """All that is known of the tracks but the times of their last change."""
    names = {column.name for column in folders.library.db.table("tracks").columns} - {"ctime_ns"}
    return folders.library.db.execute(f"SELECT {', '.join(sorted(names))} FROM tracks").fetchall()


def test_a_library_of_an_earlier_version_learns_ctimes_without_reading(folders):
    for name in ("a.mp3", "bad.mp3"):
        folders.write(f"music/{name}", name)
    folders.scan()
    folders.library.db.execute("UPDATE tracks SET ctime_ns = NULL")
    assert folders.scan() == ScanCounts(found=2, reused=1, failed=1, failed_before=1)
    assert folders.plan.touched == folders.plan.pending == []
    os.chmod(folders.folder / "music/a.mp3", 0o600)
    assert folders.scan() == ScanCounts(found=2, reused=1, compared=1, failed=1, failed_before=1)


def test_moved_and_renamed_files_keep_their_ids(folders):
    for name in "abc":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    ids = [folders.id(f"music/{name}.mp3") for name in "abc"]
    (folders.folder / "music/album").mkdir()
    for name in "abc":
        os.rename(folders.folder / f"music/{name}.mp3", folders.folder / f"music/album/{name}{name}.mp3")
    assert folders.scan() == ScanCounts(found=3, reused=3, adopted=3)
    assert folders.decoded == []
    assert folders.table() == {f"music/album/{name}{name}.mp3": "embedded" for name in "abc"}
    assert [folders.id(f"music/album/{name}{name}.mp3") for name in "abc"] == ids


def test_a_whole_folder_that_moves_to_another_root(folders):
    folders.write("one/album/a.mp3", "a")
    folders.write("one/b.mp3", "b")
    folders.write("two/c.mp3", "c")
    folders.scan("one", "two")
    shutil.move(folders.folder / "one/album", folders.folder / "two/album")
    assert folders.scan("one", "two") == ScanCounts(found=3, reused=3, adopted=1)
    assert folders.table() == dict.fromkeys(("one/b.mp3", "two/album/a.mp3", "two/c.mp3"), "embedded")


def test_a_copy_is_found_without_decoding(folders):
    folders.write("music/a.mp3", "a")
    folders.scan()
    folders.write("music/b.mp3", "a")
    assert folders.scan() == ScanCounts(found=2, reused=2, adopted=1)
    assert folders.decoded == []
    assert folders.id("music/a.mp3") != folders.id("music/b.mp3")
    assert folders.sounds_like("music/b.mp3", "a")


def test_two_new_files_of_one_content_are_decoded_once(folders):
    folders.write("music/a.mp3", "same")
    folders.write("music/b.mp3", "same")
    assert folders.scan() == ScanCounts(found=2, embedded=1, reused=1, adopted=1)
    assert folders.decoded == ["a.mp3"]


def test_a_file_moved_over_another(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "b")
    folders.scan()
    track_id = folders.id("music/b.mp3")
    os.replace(folders.folder / "music/b.mp3", folders.folder / "music/a.mp3")
    assert folders.scan() == ScanCounts(found=1, reused=1, adopted=1)
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
    assert folders.scan() == ScanCounts(found=1, reused=1, missing=1)
    assert folders.table() == {"music/a.mp3": "missing", "music/b.mp3": "embedded"}
    assert folders.scan() == ScanCounts(found=1, reused=1), "missing is counted when it is news"
    shutil.move(folders.folder / "a.mp3", path)
    assert folders.scan() == ScanCounts(found=2, reused=2, compared=1), "a move is a change of the ctime"
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
    assert folders.scan() == ScanCounts(found=2, reused=1, embedded=1)


def test_what_never_had_a_vector_is_forgotten_when_it_goes(folders):
    for name in ("a.mp3", "bad.mp3", "cover.jpg"):
        folders.write(f"music/{name}", name)
    folders.scan()
    for name in ("bad.mp3", "cover.jpg"):
        (folders.folder / "music" / name).unlink()
    assert folders.scan() == ScanCounts(found=1, reused=1)
    assert folders.table() == {"music/a.mp3": "embedded"}


def test_again_hears_everything_anew(folders):
    folders.write("music/a.mp3", "a")
    folders.write("music/b.mp3", "bad")
    folders.scan()
    assert folders.scan(again=True) == ScanCounts(found=2, embedded=1, failed=1, failed_before=1)
    assert folders.decoded == ["a.mp3"]


def test_another_ear_hears_everything_anew(folders):
    folders.write("music/a.mp3", "a")
    folders.scan()
    old, (_, folders.head) = folders.head, start_run(folders.library, "embed-audio", {}, fingerprint="new ear")
    assert folders.scan() == ScanCounts(found=1, embedded=1)
    runs = folders.library.db.execute("SELECT run_id FROM vectors").fetchall()
    assert runs == [(folders.head,)] != [(old,)]


def test_names_that_are_not_utf8(folders):
    """The name in bytes decides: renamed from Latin-1 to UTF-8, the file keeps its id."""
    music = os.fsencode(folders.folder / "music")
    os.makedirs(music)
    old, new = os.path.join(music, b"caf\xe9.mp3"), os.path.join(music, "café.mp3".encode())
    with open(old, "w") as file:
        file.write("a")
    assert folders.scan() == ScanCounts(found=1, embedded=1)
    assert folders.scan() == ScanCounts(found=1, reused=1)
    assert list(folders.table()) == ["music/caf\\xe9.mp3"]
    os.rename(old, new)
    assert folders.scan() == ScanCounts(found=1, reused=1, adopted=1)
    assert list(folders.table()) == ["music/café.mp3"]
    row = folders.library.db.execute("SELECT id, path_bytes, title FROM tracks").fetchone()
    assert row == (1, None, "café")


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
