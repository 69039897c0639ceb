"""Files are written whole, in this order: content, fsync, name, fsync of the folder."""

import errno
import os
import re
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from earshot.data.files.atomic import (
    RESUMABLE_SUFFIX,
    TEMPORARY_SUFFIX,
    atomic_folder,
    atomic_path,
    leftovers,
    make_folder,
    output_path,
    remove_leftovers,
    replaced_folder,
    temporary_folder,
)

PACKAGES = ("audio", "commands", "data", "evaluation", "graph", "index", "stages", "towers", "web")


@pytest.fixture
def calls(monkeypatch):
    """The names of what is synced and renamed, in order."""
    calls = []
    fsync, replace, rename = os.fsync, os.replace, os.rename

    def named(descriptor):
        return os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", lambda descriptor: (calls.append(f"sync {named(descriptor)}"), fsync(descriptor)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append(f"name {os.path.basename(b)}"), replace(a, b)))
    monkeypatch.setattr(os, "rename", lambda a, b: (calls.append(f"name {os.path.basename(b)}"), rename(a, b)))
    return calls


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="/proc tells the names of open files")


@needs_proc
def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_the_block_ends(tmp_path, calls):
    with atomic_path(tmp_path / "new" / "three.txt") as temporary:
        temporary.write_text("one two three")
        assert not (tmp_path / "new" / "three.txt").exists()
    assert (tmp_path / "new" / "three.txt").read_text() == "one two three"
    assert calls == [f"sync {tmp_path.name}", f"sync three.txt{TEMPORARY_SUFFIX}", "name three.txt", "sync new"]


@needs_proc
def test_a_folder_is_on_the_disk_with_all_its_files_before_it_has_its_name(tmp_path, calls):
    with atomic_folder(tmp_path / "arrays") as temporary:
        (temporary / "a").write_text("a")
        unnamed = temporary.name
    assert [path.name for path in (tmp_path / "arrays").iterdir()] == ["a"]
    assert calls == ["sync a", f"sync {unnamed}", "name arrays", f"sync {tmp_path.name}"]


@needs_proc
def test_a_replaced_folder_goes_when_the_new_one_is_on_the_disk(tmp_path, calls):
    for text in ("old", "new"):
        calls.clear()
        with replaced_folder(tmp_path / "export") as temporary:
            (temporary / "inner").mkdir()
            (temporary / "inner" / "a").write_text(text)
            unnamed = temporary.name
            assert not (tmp_path / "export").exists() or (tmp_path / "export/inner/a").read_text() == "old"
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("a")] == ["export/inner/a"]
    assert (tmp_path / "export/inner/a").read_text() == "new" and len(list(tmp_path.iterdir())) == 1
    assert calls[:3] == ["sync a", "sync inner", f"sync {unnamed}"]
    assert calls[-2:] == [f"sync {tmp_path.name}"] * 2  # the name is on the disk before the old folder goes


@pytest.mark.parametrize("n_renames", [0, 1])
def test_a_replaced_folder_stays_after_an_error(tmp_path, monkeypatch, n_renames):
    """In the block, or of the second renaming."""
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "a").write_text("old")
    rename, renamed = Path.rename, []

    def failing(path, target):
        renamed.append(path.name)
        if len(renamed) == 2:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="Input/output"), replaced_folder(tmp_path / "export") as temporary:
        (temporary / "a").write_text("new")
        if n_renames == 0:
            raise OSError(5, "Input/output error")
    assert [(path.name, (path / "a").read_text()) for path in tmp_path.iterdir()] == [("export", "old")]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path):
    path = tmp_path / "three.txt"
    path.write_text("before")
    with pytest.raises(OSError, match="no space"), atomic_path(path) as temporary:
        temporary.write_text("one tw")
        raise OSError(28, "no space")
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "arrays") as temporary:
        (temporary / "a").write_text("a")
        raise KeyboardInterrupt
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("three.txt", "before")]


def test_a_disk_that_does_not_take_it_leaves_nothing(tmp_path, monkeypatch):
    def failing(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output"), atomic_path(tmp_path / "three.txt") as temporary:
        temporary.write_text("one two three")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF])
def test_a_file_system_without_fsync_of_folders(tmp_path, monkeypatch, number):
    fsync = os.fsync

    def files_only(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    with atomic_path(tmp_path / "new" / "three.txt") as temporary:
        temporary.write_text("one two three")
    with atomic_folder(tmp_path / "arrays") as temporary:
        (temporary / "a").write_text("a")
    assert (tmp_path / "new" / "three.txt").read_text() == "one two three" and (tmp_path / "arrays" / "a").is_file()


def test_a_folder_that_may_be_written_but_not_listed(tmp_path, monkeypatch):
    plain = os.open

    def opened(path, *arguments, **options):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return plain(path, *arguments, **options)

    monkeypatch.setattr(os, "open", opened)
    with atomic_path(tmp_path / "three.txt") as temporary:
        temporary.write_text("one two three")
    assert (tmp_path / "three.txt").read_text() == "one two three"


@pytest.mark.parametrize(("number", "fails"), [(errno.EIO, "folder"), (errno.ENOSPC, "folder"), (errno.EINVAL, "file")])
def test_any_other_fsync_that_fails_is_an_error(tmp_path, monkeypatch, number, fails):
    def failing(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) == (fails == "folder"):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match=os.strerror(number)), atomic_path(tmp_path / "three.txt") as temporary:
        temporary.write_text("one two three")


def test_a_temporary_folder_goes_with_its_block(tmp_path):
    with temporary_folder(tmp_path) as folder:
        (folder / "spilled").write_text("x")
        assert folder.name.endswith(TEMPORARY_SUFFIX)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_somebody_fills_is_no_leftover(tmp_path):
    make_folder(tmp_path / "listens")
    with temporary_folder(tmp_path / "listens") as folder:
        remove_leftovers(tmp_path)
        assert folder.is_dir()
        os.rename(folder, tmp_path / "listens" / f"killed{TEMPORARY_SUFFIX}")
    assert [path.name for path in leftovers(tmp_path)] == [f"killed{TEMPORARY_SUFFIX}"]


def test_no_other_source_syncs_files_or_spells_a_temporary_suffix():
    root = Path(__file__).parents[3]
    sources = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    by_hand = re.compile(r"fsync\(|os\.replace|os\.rename|\.unfinished|\.resumable|\.part[\"']")
    found = {path.name for path in sources if by_hand.search(path.read_text(encoding="utf-8"))}
    assert len(sources) > 200 and found == {"atomic.py"}


def test_leftovers_are_ours_alone_and_nothing_that_a_stage_goes_on_from(tmp_path):
    ours = [
        f"audio-0f.faiss{TEMPORARY_SUFFIX}",
        f"library.before-m011.db{TEMPORARY_SUFFIX}",
        f"library.before-m011.db{TEMPORARY_SUFFIX}-journal",
        f"checkpoints/ear-0f.safetensors{TEMPORARY_SUFFIX}",
        "checkpoints/towers-0f.pt.part",
        f"listens/0f.parquet{TEMPORARY_SUFFIX}",
        "cache/baselines.npz.unfinished",
        f"recommendations-0f{RESUMABLE_SUFFIX}/000000001.npz{TEMPORARY_SUFFIX}",
    ]
    others = [
        "library.db",
        f"my song.mp3{TEMPORARY_SUFFIX}",
        f"Music/take.wav{TEMPORARY_SUFFIX}",
        f"checkpoints/train-audio{RESUMABLE_SUFFIX}",
        f"recommendations-0f{RESUMABLE_SUFFIX}/000000000.npz",
        "listens/0f.parquet",
    ]
    for name in [*ours, *others, f"listens/tmpab{TEMPORARY_SUFFIX}/a", "listens/.arrays-xy/a", "listens/.import-xy/a"]:
        make_folder((tmp_path / name).parent)
        (tmp_path / name).write_text("x")
    folders = [f"listens/tmpab{TEMPORARY_SUFFIX}", "listens/.arrays-xy", "listens/.import-xy"]
    assert {str(path.relative_to(tmp_path)) for path in leftovers(tmp_path)} == {*ours, *folders}
    remove_leftovers(tmp_path)
    assert leftovers(tmp_path) == []
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(others)


def test_work_of_an_earlier_version_is_gone_on_with_under_its_new_name(tmp_path):
    names = {
        "checkpoints/train-tower.unfinished.pt": f"checkpoints/train-tower{RESUMABLE_SUFFIX}",
        "checkpoints/train-tower.refit.unfinished.pt": f"checkpoints/train-tower.refit{RESUMABLE_SUFFIX}",
        "recommendations-0f.unfinished/000000000.npz": f"recommendations-0f{RESUMABLE_SUFFIX}/000000000.npz",
        "checkpoints/train-audio.unfinished.pt": "checkpoints/train-audio.unfinished.pt",  # the new name is taken
    }
    for name in [*names, f"checkpoints/train-audio{RESUMABLE_SUFFIX}"]:
        make_folder((tmp_path / name).parent)
        (tmp_path / name).write_text(name)
    assert leftovers(tmp_path) == []
    remove_leftovers(tmp_path)
    assert {old: (tmp_path / new).read_text() for old, new in names.items()} == {name: name for name in names}
    assert (tmp_path / f"checkpoints/train-audio{RESUMABLE_SUFFIX}").read_text().endswith(RESUMABLE_SUFFIX)
    assert not (tmp_path / "checkpoints/train-tower.unfinished.pt").exists()


def test_a_link_stays_a_link_and_a_pipe_is_written_through(tmp_path):
    (tmp_path / "real.txt").write_text("before")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with output_path(tmp_path / "link.txt") as temporary:
        temporary.write_text("after")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "after"
    os.mkfifo(tmp_path / "pipe")
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()), daemon=True)
    read = []
    reader.start()
    with output_path(tmp_path / "pipe") as temporary:
        temporary.write_text("through")
    reader.join(10)
    assert read == ["through"] and not (tmp_path / "pipe").is_file()


def test_a_file_beside_the_output_and_the_permissions_of_what_it_replaces_stay(tmp_path):
    (tmp_path / "mine.m3u.unfinished").write_text("of a person")
    (tmp_path / "mine.m3u").write_text("before")
    (tmp_path / "mine.m3u").chmod(0o664)
    umask = os.umask(0o077)
    try:
        for name in ("mine.m3u", "new.m3u"):
            with output_path(tmp_path / name) as temporary:
                temporary.write_text("after")
        with atomic_folder(tmp_path / "arrays"):
            pass
    finally:
        os.umask(umask)
    modes = [oct((tmp_path / name).stat().st_mode & 0o777) for name in ("mine.m3u", "new.m3u", "arrays")]
    assert modes == ["0o664", "0o600", "0o700"]
    assert (tmp_path / "mine.m3u.unfinished").read_text() == "of a person"


def test_a_folder_that_is_not_there_is_not_made_for_a_file_somebody_named(tmp_path):
    with pytest.raises(FileNotFoundError), output_path(tmp_path / "none" / "x.txt"):
        raise AssertionError("nothing is written")
    assert not list(tmp_path.iterdir())


def test_an_open_descriptor_is_written_on_and_never_truncated(tmp_path):
    with open(tmp_path / "log", "a") as log:
        log.write("before\n")
        log.flush()
        for name in (f"/dev/fd/{log.fileno()}", f"/proc/self/fd/{log.fileno()}"):
            with output_path(Path(name)) as temporary:
                temporary.write_text("more\n")
        log.write("after\n")  # it is still open
    assert (tmp_path / "log").read_text() == "before\nmore\nmore\nafter\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_an_error_names_what_a_person_asked_for(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"), output_path(Path("/dev/full")) as path:
        path.write_text("x")
    for name, named in ((tmp_path / "x.txt", tmp_path / "x.txt"), (Path("/dev/null"), Path(tempfile.gettempdir()))):
        with pytest.raises(OSError) as raised, output_path(name):
            raise OSError(errno.ENOSPC, "No space left on device")
        assert named in (Path(raised.value.filename), Path(raised.value.filename).parent)
    with pytest.raises(FileNotFoundError, match=r"/x\.txt'"), output_path(tmp_path / "x.txt") as path:
        path.unlink()  # of a writer that forgot to write
