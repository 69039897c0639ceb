"""Commands that write files that are kept: content, fsync, name, fsync of the folder, and only then the row."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from commands_typed import invoke
from earshot.data.files.atomic import leftovers
from earshot.index.library import Library
from trained_library import QUICK

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="names of open files are told by /proc")
COMMANDS = {
    "import-listens": ("import-listens", "{folder}/more.csv"),
    "import-listens --again": ("import-listens", "{folder}/listens.csv", "--again"),
    "train-tower": ("train-tower", *QUICK, "--seed", 1),
    "recommend --all": ("recommend", "--all", "-k", 3),
    "build-index": ("build-index", "--type", "hnsw"),
    "forget-listens": ("forget-listens", 1),
}
NAMED = (
    "SELECT 'listens/' || file FROM listens UNION SELECT name FROM index_files"
    " UNION SELECT 'checkpoints/' || checkpoint FROM runs WHERE finished NOT NULL AND checkpoint NOT NULL"
)


@pytest.fixture(scope="module")
def made(trained_library, tmp_path_factory):
    folder = shutil.copytree(trained_library.parent, tmp_path_factory.mktemp("durable") / "made")
    (folder / "more.csv").write_text("user,artist,title,timestamp\nann,Artist 0,Song 1,5\nann,Artist 1,Song 5,6\n")
    return folder


@pytest.fixture
def library(made, tmp_path):
    return shutil.copytree(made / "library", tmp_path / "library")


@pytest.fixture
def calls(monkeypatch, library, tmp_path):
    """Calls that sync, name and commit, in order; with each commit, files that its rows name and the disk lacks.

    A kill before a name is given would leave the temporary file or folder, and it must be known for a leftover.
    """
    calls = []
    fsync, replace, rename, transaction = os.fsync, os.replace, os.rename, Library.transaction

    def synced(descriptor):
        calls.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    def named(original):
        def rename_and_tell(old, new):
            if Path(old).is_relative_to(library):
                assert leftovers(_as_killed(Path(old), library, tmp_path)), f"{old} would not be removed after a kill"
            calls.append(("name", str(old), str(new)))
            original(old, new)

        return rename_and_tell

    @contextlib.contextmanager
    def committed(library):
        with transaction(library):
            yield
        named = [name for (name,) in library.db.execute(NAMED)]
        calls.append(("commit", *(name for name in named if not (library.folder / name).exists())))

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", named(replace))
    monkeypatch.setattr(os, "rename", named(rename))
    monkeypatch.setattr(Library, "transaction", committed)
    return calls


def _as_killed(temporary, library, tmp_path):
    """A library that holds nothing but a temporary file or folder in its place."""
    killed = Path(tempfile.mkdtemp(dir=tmp_path))
    copy = killed / temporary.relative_to(library)
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(temporary, copy) if temporary.is_dir() else shutil.copy(temporary, copy)
    return killed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_file_is_on_the_disk_before_its_name_and_its_name_before_the_row(made, library, calls, name):
    invoke(library, *(str(word).format(folder=made) for word in COMMANDS[name]))
    names = [(place, *call[1:]) for place, call in enumerate(calls) if call[0] == "name"]
    assert names or name == "forget-listens"
    for place, old, new in names:
        assert ("sync", old) in calls[:place], f"{new} has its name before its content is on the disk"
        after = calls[place + 1 :]
        synced = after.index(("sync", str(Path(new).parent)))
        assert ("commit",) not in after[:synced], f"a row names {new} before its folder is on the disk"
    assert [call for call in calls if call[0] == "commit" and len(call) > 1] == []
    files = {str(path) for below in ("listens/*.parquet", "checkpoints/*.pt") for path in library.glob(below)}
    written = {new for _, _, new in names}
    assert (files & written) or name not in ("import-listens", "train-tower")


def test_what_is_removed_stays_away(library, calls):
    invoke(library, "link")
    assert calls[-1] == ("sync", str(library)) and not (library / ".writer.json").exists()
