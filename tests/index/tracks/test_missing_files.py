"""Files that a walk did not find: deleted, or on a disk that is away; and what --prune may remove."""

import os
import shutil

import pytest

from earshot.data.files.folder_walk import find_files
from earshot.index.removal import prune_missing
from earshot.index.runs import start_run
from earshot.index.tracks.roots import read_mount_points
from scanned_folders import Folders


@pytest.fixture
def folders(tmp_path):
    """Three tracks on the disk itself and three on a share that is mounted below."""
    folders = Folders(tmp_path)
    with folders.library:
        for name in "abc":
            folders.write(f"music/local/{name}.mp3", f"local {name}")
            folders.write(f"music/nas/album/{name}.mp3", f"nas {name}")
        assert folders.scan().embedded == 6
        yield folders


def unmount(folders, leave=True):
    (folders.folder / "music/nas").rename(folders.folder / "away")
    if leave:
        (folders.folder / "music/nas").mkdir()


def mount(folders):
    shutil.rmtree(folders.folder / "music/nas", ignore_errors=True)
    (folders.folder / "away").rename(folders.folder / "music/nas")


def scan_and_prune(folders, *roots):
    """Scan and prune like `cli embed-audio --prune`; the counts, and how many were removed."""
    counts = folders.scan(*roots)
    return counts, prune_missing(folders.library, among=folders.plan.missing_before)


def statuses(folders, below):
    return {status for name, status in folders.table().items() if name.startswith(below)}


def test_a_new_encoder_takes_no_missing_track_with_it(folders):
    """All vectors of the old one go, also that of a file which cannot be heard anew."""
    path, number = folders.folder / "music/local/a.mp3", folders.id("music/local/a.mp3")
    path.rename(folders.folder / "aside.mp3")
    folders.scan()
    _, folders.head = start_run(folders.library, "embed-audio", {}, fingerprint="another")
    assert folders.scan().embedded == 5
    for _ in range(2):
        folders.scan()
        assert folders.table()["music/local/a.mp3"] == "missing"
    (folders.folder / "aside.mp3").rename(path)
    assert folders.scan().embedded == 1 and folders.id("music/local/a.mp3") == number


def test_an_empty_mount_point_is_kept_for_as_long_as_it_takes(folders):
    """A share that is away for a week, and a nightly --prune."""
    unmount(folders)
    for _ in range(7):
        counts, n_pruned = scan_and_prune(folders)
        assert (counts.kept, counts.missing, n_pruned) == (3, 0, 0)
    assert set(folders.plan.kept.values()) == {str(folders.folder / "music/nas")}
    mount(folders)
    assert scan_and_prune(folders)[0].reused == 6
    assert read_mount_points(folders.library) == {}, "it was no mount point after all"


@pytest.mark.parametrize("name", ["new.mp3", "downloads/new.mp3", "cover.jpg", "NOT_MOUNTED.txt"])
def test_a_lone_file_in_an_empty_mount_point_changes_nothing(folders, name):
    """A download went into the folder while its disk was away; in the second night it is known."""
    unmount(folders)
    folders.write(f"music/nas/{name}", "another song")
    for _ in range(4):
        counts, n_pruned = scan_and_prune(folders)
        assert (counts.kept, counts.missing, n_pruned) == (3, 0, 0)
    mount(folders)
    assert scan_and_prune(folders)[0].reused == 6


def test_a_lone_file_under_an_emptied_root(folders):
    (folders.folder / "music").rename(folders.folder / "all")
    folders.write("music/new.mp3", "another song")
    for _ in range(4):
        counts, n_pruned = scan_and_prune(folders)
        assert (counts.kept, counts.missing, n_pruned) == (6, 0, 0)
    shutil.rmtree(folders.folder / "music")
    (folders.folder / "all").rename(folders.folder / "music")
    assert scan_and_prune(folders)[0].reused == 6


def test_prune_takes_only_what_an_earlier_look_missed(folders):
    (folders.folder / "music/local/a.mp3").unlink()
    counts, n_pruned = scan_and_prune(folders)
    assert (counts.missing, n_pruned) == (1, 0)
    counts, n_pruned = scan_and_prune(folders)
    assert (counts.missing, n_pruned) == (0, 1)
    assert "music/local/a.mp3" not in folders.table()


def test_a_folder_that_went_with_its_mount_point_is_looked_for_twice(folders):
    unmount(folders, leave=False)
    counts, n_pruned = scan_and_prune(folders)
    assert (counts.missing, n_pruned) == (3, 0)
    mount(folders)
    assert scan_and_prune(folders)[0].reused == 6


def test_prune_takes_nothing_where_it_did_not_look(folders):
    """Tracks that were missing yesterday may be back: a run that visits another folder cannot know."""
    path = folders.folder / "music/local/a.mp3"
    path.rename(folders.folder / "a.mp3")
    folders.scan()
    folders.write("other/x.mp3", "x")
    assert scan_and_prune(folders, "other")[1] == 0
    (folders.folder / "a.mp3").rename(path)
    assert folders.scan().reused == 6


@pytest.mark.parametrize("leave", [True, False])
def test_where_a_disk_was_seen_and_is_not_today_nothing_is_gone(folders, monkeypatch, leave):
    """Whatever lies there now, and if the folder is gone with it: a stick that was pulled out."""
    nas = str(folders.folder / "music/nas")
    with monkeypatch.context() as mounted:
        pretend_a_disk(mounted, nas)
        folders.scan()
        assert read_mount_points(folders.library)[nas]
    unmount(folders, leave)
    if leave:
        shutil.copytree(folders.folder / "away/album", folders.folder / "music/nas/album")
        (folders.folder / "music/nas/album/a.mp3").unlink()
        (folders.folder / "music/nas/album/b.mp3").unlink()
    for _ in range(3):
        counts, n_pruned = scan_and_prune(folders)
        assert (counts.missing, n_pruned) == (0, 0)
        assert counts.kept == (2 if leave else 3)
    mount(folders)
    assert scan_and_prune(folders)[0].reused == 6


def test_a_disk_whose_music_has_moved_into_the_folder_itself(folders, monkeypatch):
    nas = str(folders.folder / "music/nas")
    with monkeypatch.context() as mounted:
        pretend_a_disk(mounted, nas)
        folders.scan()
    assert folders.scan().reused == 6
    assert nas not in read_mount_points(folders.library)
    (folders.folder / "music/nas/album/a.mp3").unlink()
    assert folders.scan().missing == 1


def pretend_a_disk(monkeypatch, folder):
    """Let a folder, and all below it, lie on a device of its own."""
    real = os.stat

    def stat(path, **options):
        status = real(path, **options)
        if isinstance(path, str) and (path + "/").startswith(folder + "/"):
            status = os.stat_result(
                (status.st_mode, status.st_ino, 4_321, *tuple(status)[3:]),
                {
                    "st_mtime_ns": status.st_mtime_ns,
                },
            )
        return status

    monkeypatch.setattr(os, "stat", stat)


def test_a_link_to_a_share_that_leads_nowhere_today(folders):
    """~/Music/nas is a link into /mnt."""
    (folders.folder / "music/nas").rename(folders.folder / "share")
    (folders.folder / "music/nas").symlink_to(folders.folder / "share")
    folders.scan()
    (folders.folder / "share").rename(folders.folder / "away")
    for _ in range(2):
        counts, n_pruned = scan_and_prune(folders)
        assert (counts.kept, counts.missing, n_pruned) == (3, 0, 0)


def test_a_mount_point_that_answers_with_an_error(folders, monkeypatch):
    """A dead NFS or FUSE mount: not even its kind is known."""
    real, nas = os.stat, str(folders.folder / "music/nas")
    is_dir = os.path.isdir

    def stat(path, **options):
        if path == nas:
            raise OSError(107, "Transport endpoint is not connected", path)
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(os.path, "isdir", lambda path: path != nas and is_dir(path))
    counts, n_pruned = scan_and_prune(folders)
    assert (counts.kept, counts.missing, n_pruned) == (3, 0, 0)
    assert statuses(folders, "music/nas/album") == {"embedded"}


def test_an_album_that_was_encoded_anew_is_another(folders):
    """Its files are gone, although nothing of what was known lies in the folder: as many new ones do."""
    for name in "abc":
        (folders.folder / f"music/local/{name}.mp3").unlink()
        folders.write(f"music/local/{name}.opus", f"local {name}, smaller")
    assert folders.scan().missing == 3
    assert scan_and_prune(folders)[1] == 3


def test_an_album_that_is_deleted_whole_is_gone(folders):
    shutil.rmtree(folders.folder / "music/nas/album")
    (folders.folder / "music/nas").rmdir()
    assert folders.scan().missing == 3
    assert scan_and_prune(folders)[1] == 3


def test_a_removed_empty_folder_is_gone(folders):
    """It was kept as what may be a mount point; now nothing is left that could be one."""
    shutil.rmtree(folders.folder / "music/nas/album")
    assert folders.scan().kept == 3
    (folders.folder / "music/nas").rmdir()
    assert folders.scan().missing == 3


def test_files_that_move_out_of_a_folder_leave_no_mount_point(folders):
    (folders.folder / "music/nas/album").rename(folders.folder / "music/album")
    counts = folders.scan()
    assert (counts.adopted, counts.kept) == (3, 0)
    assert read_mount_points(folders.library) == {}


def test_a_failed_file_on_a_playlist_keeps_its_entry(folders):
    """It has no vector to lose, but a place."""
    folders.write("music/gone/bad.mp3", "bad")
    folders.scan()
    db = folders.library.db
    db.execute("INSERT INTO playlists (id, path, name, imported) VALUES (1, '/x.m3u', 'x', '')")
    db.execute("INSERT INTO playlist_tracks VALUES (1, 1, ?)", [folders.id("music/gone/bad.mp3")])
    (folders.folder / "music/gone").rename(folders.folder / "elsewhere")
    assert scan_and_prune(folders) == (folders.plan.counts, 0)
    (folders.folder / "elsewhere").rename(folders.folder / "music/gone")
    folders.scan()
    assert db.execute("SELECT count(*) FROM playlist_tracks").fetchone() == (1,)


def test_what_was_heard_in_a_folder_that_is_now_passed_over(folders):
    """An earlier version heard what a storage box keeps of deleted files."""
    (folders.folder / "music/nas/album").rename(folders.folder / "music/nas/#recycle")
    db = folders.library.db
    db.execute("UPDATE tracks SET path = replace(path, 'nas/album', 'nas/#recycle')")
    assert folders.scan().kept == 0
    assert statuses(folders, "music/nas") == {"excluded"}
    assert folders.reason("music/nas/#recycle/a.mp3") == "in '#recycle', a folder of the system"
    before = db.conn.total_changes
    folders.scan()
    assert db.conn.total_changes == before


@pytest.mark.parametrize("name", ["new.mp3", "downloads/new.mp3"])
def test_a_first_look_at_an_empty_mount_point_that_is_killed(folders, monkeypatch, name):
    """The lone file is known by then; that nothing else lies there must be known too."""
    unmount(folders)
    folders.write(f"music/nas/{name}", "another song")
    with monkeypatch.context() as killed:
        killed.setattr("scanned_folders.count_vanished", kill)
        with pytest.raises(KeyboardInterrupt):
            folders.scan()
    for _ in range(4):
        counts, n_pruned = scan_and_prune(folders)
        assert (counts.kept, counts.missing, n_pruned) == (3, 0, 0)
    mount(folders)
    assert scan_and_prune(folders)[0].reused == 6


def kill(*arguments):
    raise KeyboardInterrupt


def test_files_that_move_while_a_run_is_killed_leave_no_mount_point(folders, monkeypatch):
    (folders.folder / "music/nas/album").rename(folders.folder / "music/album")
    with monkeypatch.context() as killed:
        killed.setattr(Folders, "hear", kill)
        with pytest.raises(KeyboardInterrupt):
            folders.scan()
    counts = folders.scan()
    assert (counts.adopted, counts.kept, counts.missing) == (3, 0, 0)
    assert statuses(folders, "music/album") == {"embedded"}


def test_a_disk_that_was_seen_stays_known_when_its_music_moves_out(folders, monkeypatch):
    nas = str(folders.folder / "music/nas")
    pretend_a_disk(monkeypatch, nas)
    folders.scan()
    (folders.folder / "music/nas/album").rename(folders.folder / "music/album")
    assert folders.scan().adopted == 3
    assert read_mount_points(folders.library) == {nas: True}


@pytest.mark.parametrize("name", ["new.mp3", "downloads/new.mp3"])
@pytest.mark.parametrize("was_seen", [False, True])
def test_a_lone_file_where_an_earlier_version_marked_all_as_missing(folders, monkeypatch, name, was_seen):
    if was_seen:
        with monkeypatch.context() as mounted:
            pretend_a_disk(mounted, str(folders.folder / "music/nas"))
            folders.scan()
    with folders.library.transaction():
        folders.library.db.execute("UPDATE tracks SET status = 'missing' WHERE path LIKE '%/nas/%'")
    unmount(folders)
    folders.write(f"music/nas/{name}", "another song")
    for _ in range(4):
        counts, n_pruned = scan_and_prune(folders)
        assert (counts.missing, n_pruned) == (0, 0)
    mount(folders)
    assert scan_and_prune(folders)[0].reused == 6
    assert statuses(folders, "music/nas/album") == {"embedded"}


def test_what_was_missing_goes_when_others_of_its_folder_stay(folders):
    for name in "ab":
        (folders.folder / f"music/local/{name}.mp3").unlink()
    assert folders.scan().missing == 2
    assert scan_and_prune(folders)[1] == 2


def scan_found(folders, found):
    """Scan like `Folders.scan`, with files that some other walk found."""
    with pytest.MonkeyPatch.context() as walk:
        walk.setattr("scanned_folders.find_files", lambda *arguments: found)
        return scan_and_prune(folders)


def test_a_share_that_is_mounted_after_the_walk(folders):
    with folders.library.transaction():
        folders.library.db.execute("UPDATE tracks SET status = 'missing' WHERE path LIKE '%/nas/a%'")
    found = [file for file in find_files([str(folders.folder / "music")]) if "/nas/" not in file.path]
    for _ in range(3):
        counts, n_pruned = scan_found(folders, found)
        assert (counts.missing, n_pruned) == (0, 0)
    assert folders.scan().reused == 6


def test_a_listing_that_lacks_a_file(folders):
    found = [file for file in find_files([str(folders.folder / "music")]) if not file.path.endswith("nas/album/a.mp3")]
    counts, n_pruned = scan_found(folders, found)
    assert (counts.reused, counts.kept, counts.missing, n_pruned) == (5, 1, 0, 0)
    assert folders.scan().reused == 6


@pytest.mark.parametrize("is_link", [False, True])
def test_a_folder_that_is_found_through_another_link(folders, is_link):
    """The walk enters it once, by the new name, and the tracks keep the old one: each file is one track."""
    album = folders.folder / "music/nas/album"
    if is_link:
        album.rename(folders.folder / "album")
        album.symlink_to(folders.folder / "album")
        folders.scan()
    (folders.folder / "music/a link").symlink_to(folders.folder / "album" if is_link else album)
    counts = folders.scan()
    for _ in range(2):
        assert (counts.reused, counts.excluded, counts.missing, counts.kept) == (3, 3, 0, 0)
        counts, n_pruned = scan_and_prune(folders)
        assert n_pruned == 0
    assert statuses(folders, "music/nas") == {"embedded"} and statuses(folders, "music/a link") == {"excluded"}


@pytest.mark.parametrize("name", ["A.mp3", "a\u0308.mp3"])
def test_a_file_that_is_found_in_other_letters(folders, name):
    """A disk that takes both spellings for one finds the file under the old name too: it stays one track."""
    old = folders.folder / "music/local" / ("\u00e4.mp3" if name.startswith("a") else "a.mp3")
    folders.write(f"music/local/{old.name}", "a song")
    folders.scan()
    os.link(old, old.with_name(name))
    found = [file for file in find_files([str(folders.folder / "music")]) if file.path != str(old)]
    counts, _ = scan_found(folders, found)
    assert (counts.missing, counts.kept, counts.excluded) == (0, 0, 1)
