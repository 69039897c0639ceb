"""Files that cannot be made again: damage is found, and each printed fix works."""

import errno
import json
import os
import re
import shlex
import subprocess

import pytest

from commands_typed import invoke, rows_of
from earshot.data.files.atomic import RESUMABLE_SUFFIX
from earshot.index.library import Library
from earshot.index.manifest import kept_files, record_unknown
from earshot.index.runs import finish_run, start_run
from earshot.index.vectors.faiss_file import index_state
from earshot.index.vectors.spaces import AUDIO
from library_world import add, at, finish, heard, open_library

ROWS = ["who,artist,title,timestamp", "eve,Ann,One,5", "eve,Ann,Two,6", "sam,Ann,Two,9"]


@pytest.fixture
def folder(tmp_path):
    """A library of one track, with listens that were typed with an option, and a playlist, in a folder with a space."""
    music = tmp_path / "my music"
    music.mkdir()
    (music / "1.mp3").write_bytes(b"music")
    library, head = open_library(tmp_path / "my library")
    with library:
        add(library, head, [heard(str(music / "1.mp3"), at(0), artist="Ann", title="One")])
        finish(library)
        finish_run(library, head, {})
    (music / "it's.csv").write_text("\n".join(ROWS))
    (music / "it's.m3u").write_text("1.mp3\n")
    invoke(library.folder, "import-listens", music / "it's.csv", "--user", "who")
    invoke(library.folder, "import-playlists", music)
    return library.folder


def fixes(folder, *words):
    """The fixes that `cli check` prints, as words after `cli`."""
    out = invoke(folder, "check", *words, code=1).stdout
    typed = re.findall(r"fix: (.*)", out)
    words = [shlex.split(command) for line in typed for command in line.split(" && ")]
    here = [f"EARSHOT_LIBRARY={folder}", "cli"]
    assert all(found[:2] == here or found[0] in ("mv", "rm") for found in words)
    return out, [found[2:] if found[:2] == here else found for found in words]


def parquet(folder):
    (path,) = (folder / "listens").glob("*.parquet")
    return path


DAMAGES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"PAR1"),
}


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("damage", DAMAGES)
def test_listens_that_are_damaged(folder, damage):
    events = rows_of(folder, "SELECT n_events, n_users FROM listens")
    names = rows_of(folder, "SELECT * FROM users"), rows_of(folder, "SELECT id, title FROM tracks")
    DAMAGES[damage](parquet(folder))
    error = invoke(folder, "train-tower", code=1).stderr
    assert "Restore it from a backup, or run `cli forget-listens 1 && cli import-listens --user who" in error
    assert "cli forget-listens 1 && cli import-listens --user who" in invoke(folder, "status").stdout
    invoke(folder, "import-playlists", folder.parent / "my music")  # any command that writes hides nothing
    out, found = fixes(folder)
    assert "it's.csv" in out and "cli recommend" in out
    for fix in found:
        invoke(folder, *fix)
    assert rows_of(folder, "SELECT n_events, n_users FROM listens") == events
    assert (rows_of(folder, "SELECT * FROM users"), rows_of(folder, "SELECT id, title FROM tracks")) == names
    assert invoke(folder, "check").stdout == "All is well.\n"


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_listens_whose_origin_has_grown_since(folder, damage):
    """Imported again, it would be an import beside the damaged one."""
    (folder.parent / "my music" / "it's.csv").write_text("\n".join([*ROWS, "sam,Ann,Three,11"]))
    DAMAGES[damage](parquet(folder))
    for fix in fixes(folder)[1]:
        invoke(folder, *fix)
    assert rows_of(folder, "SELECT n_events FROM listens") == [(4,)]
    assert invoke(folder, "check").stdout == "All is well.\n"


def test_other_bytes_of_the_same_length_are_found_by_reading(folder):
    flip(parquet(folder))
    out, found = fixes(folder, "--read-data")
    assert re.search(r"listens/\w+\.parquet is damaged: its content is another", out)
    for fix in (words for words in found if words[0].endswith("-listens")):
        invoke(folder, *fix)
    assert "parquet" not in invoke(folder, "check", "--read-data", code=1).stdout


def test_listens_whose_origin_is_gone_can_be_done_without(folder):
    (folder.parent / "my music" / "it's.csv").unlink()
    parquet(folder).unlink()
    _, (fix,) = fixes(folder)
    assert fix == ["forget-listens", "1"]
    invoke(folder, *fix)
    assert invoke(folder, "check").stdout == "All is well.\n"


def test_a_playlist_that_went_or_changed(folder):
    path = folder.parent / "my music" / "it's.m3u"
    path.write_text("1.mp3\n1.mp3\n")
    assert invoke(folder, "check").stdout == "All is well.\n"
    out, found = fixes(folder, "--read-data")
    assert f"the playlist {path} has changed since it was imported" in out
    invoke(folder, *next(words for words in found if words[0] == "import-playlists"))
    assert rows_of(folder, "SELECT count(*) FROM playlist_tracks") == [(2,)]
    path.unlink()
    out, (fix,) = fixes(folder)
    assert f"the playlist {path} is missing; the library still holds its 2 tracks" in out
    invoke(folder, *fix)
    assert invoke(folder, "check").stdout == "All is well.\n"
    assert "1 of 1 were never imported" in invoke(folder, "import-playlists", "--forget", path, code=1).stderr


needs_proc = pytest.mark.skipif(not os.path.isfile("/proc/self/status"), reason="needs /proc")


@needs_proc
def test_a_playlist_that_became_a_file_of_the_kernels(folder):
    path = folder.parent / "my music" / "it's.m3u"
    path.unlink()
    path.symlink_to("/proc/self/status")  # as /proc/kmsg, which waits for ever
    out, _ = fixes(folder, "--read-data")
    assert "it's.m3u is a file of the kernel's, not a regular file" in out


@needs_proc
def test_listens_that_became_a_file_of_the_kernels(folder):
    path = parquet(folder)
    path.unlink()
    path.symlink_to("/proc/self/status")
    with Library.open_to_write(folder) as library:
        library.db.execute("DELETE FROM kept_files")
    with Library.open_to_write(folder) as library:
        assert library.db.execute("SELECT name FROM kept_files").fetchall() == []
    assert f"listens/{path.name} is damaged" in invoke(folder, "check", code=1).stdout


def test_where_the_disk_of_a_playlist_is_away_nothing_is_wrong(folder):
    (folder.parent / "my music").rename(folder.parent / "away")
    assert invoke(folder, "check").stdout == "All is well.\n"


def test_a_track_that_changed_under_its_old_time_is_embedded_again_by_its_fix(folder):
    out, found = fixes(folder, "--read-data")  # the track of this library was made by hand, with another hash
    assert "1.mp3 has changed since it was embedded" in out
    assert any(words[:2] == ["embed-audio", "--again"] and words[2].endswith("1.mp3") for words in found)


def test_what_an_older_version_did_not_record_is_recorded_unless_it_is_damaged(folder):
    with Library.open_to_write(folder) as library:
        library.db.execute("DELETE FROM kept_files")
    assert "No hash is recorded of 1 file" in invoke(folder, "check").stderr
    whole = parquet(folder).read_bytes()
    parquet(folder).write_bytes(b"")
    with Library.open_to_write(folder) as library:
        assert library.db.execute("SELECT count(*) FROM kept_files").fetchone() == (0,)
    assert "is damaged" in invoke(folder, "check", code=1).stdout
    parquet(folder).write_bytes(whole)
    with Library.open_to_write(folder) as library:
        assert library.db.execute("SELECT name, n_bytes FROM kept_files").fetchall() == [
            (f"listens/{parquet(folder).name}", len(whole))
        ]
    flip(parquet(folder))
    with Library.open_to_write(folder) as library:
        record_unknown(library)  # what is recorded stays
    assert "is damaged" in invoke(folder, "check", "--read-data", code=1).stdout


@pytest.mark.parametrize("reading", ["is_whole", "file_hash"])
def test_listens_that_cannot_be_read_stop_no_command_that_writes(folder, monkeypatch, reading):
    with Library.open_to_write(folder) as library:
        library.db.execute("DELETE FROM kept_files")
    hashed = []

    def failing(path):
        hashed.append(path)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(f"earshot.index.manifest.{reading}", failing)
        invoke(folder, "import-playlists", folder.parent / "my music")
    assert hashed == [parquet(folder)] and rows_of(folder, "SELECT count(*) FROM kept_files") == [(0,)]
    invoke(folder, "import-playlists", folder.parent / "my music")
    assert rows_of(folder, "SELECT count(*) FROM kept_files") == [(1,)]


def test_an_import_in_the_place_of_another_has_its_own_file(folder):
    """Else a kill between file and COMMIT leaves the earlier row with the later file."""
    before = parquet(folder).name
    origin = folder.parent / "my music" / "it's.csv"
    invoke(folder, "import-listens", origin, "--user", "who", "--again")
    assert parquet(folder).name == before.replace(".parquet", ".2.parquet")
    invoke(folder, "import-listens", origin, "--user", "who", "--again")
    assert parquet(folder).name == before
    assert rows_of(folder, "SELECT name FROM kept_files") == [(f"listens/{before}",)]


def test_listens_that_a_killed_command_had_forgotten_go_with_the_next_that_writes(folder):
    path = parquet(folder)
    with Library.open_to_write(folder) as library:
        library.db.execute("DELETE FROM listens")  # and killed before the file went
    assert invoke(folder, "check").stdout == "All is well.\n"
    with Library.open_to_write(folder):
        assert not path.exists()


def test_listens_of_no_import_are_named_and_stay(folder):
    """An older library.db, restored beside newer listens, must not cost them."""
    stray = folder / "listens" / "0123.parquet"
    stray.write_bytes(b"PAR1 newer than the database PAR1")
    with Library.open_to_write(folder):
        pass
    out, (fix,) = fixes(folder)
    assert "listens/0123.parquet belongs to no import" in out and fix == ["mv", str(stray), str(folder)]
    subprocess.run(fix, check=True)
    assert invoke(folder, "check").stdout == "All is well.\n"


@pytest.mark.parametrize("n_again", [1, 2])
def test_listens_that_a_later_import_renamed_are_found_by_an_older_database(folder, n_again):
    origin = folder.parent / "my music" / "it's.csv"
    for _ in range(n_again - 1):
        invoke(folder, "import-listens", origin, "--user", "who", "--again")
    named = parquet(folder).name
    backup = (folder / "library.db").read_bytes()
    invoke(folder, "import-listens", origin, "--user", "who", "--again")
    (folder / "library.db").write_bytes(backup)
    origin.unlink()
    assert f"or run `mv '{parquet(folder)}' " in invoke(folder, "train-tower", code=1).stderr
    out, (fix,) = fixes(folder)
    assert f"listens/{named} is missing" in out
    assert fix == ["mv", str(parquet(folder)), str(folder / "listens" / named)]
    subprocess.run(fix, check=True)
    assert invoke(folder, "check", "--read-data", code=1).stdout.count("fix:") == 1  # the music, which is made up


def test_other_listens_under_that_name_are_not_taken_for_those_that_are_missing(folder):
    listens = parquet(folder)
    other = listens.with_name(f"{listens.stem}.2.parquet")
    listens.rename(other)
    flip(other)
    assert sorted(fix[0] for fix in fixes(folder)[1]) == ["forget-listens", "import-listens", "mv"]
    assert fixes(folder)[1][-1] == ["mv", str(other), str(folder)]


def test_resumable_work_is_no_leftover(folder):
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "checkpoints" / f"train-audio{RESUMABLE_SUFFIX}").write_bytes(b"state")
    (folder / f"recommendations-0f{RESUMABLE_SUFFIX}").mkdir()
    assert invoke(folder, "check").stdout == "All is well.\n"


def test_resumable_work_of_an_earlier_version_outlives_an_upgrade(folder):
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "checkpoints" / "train-audio.unfinished.pt").write_bytes(b"state")
    assert invoke(folder, "check").stdout == "All is well.\n"
    with Library.open_to_write(folder):
        assert (folder / "checkpoints" / f"train-audio{RESUMABLE_SUFFIX}").read_bytes() == b"state"


def test_a_writer_beside_check_is_no_leftover(folder):
    (folder / "listens" / "x.parquet.unfinished").write_bytes(b"half")
    (folder / ".writer.json").write_text(json.dumps({"pid": os.getppid()}))
    assert invoke(folder, "check").stdout == "All is well.\n"
    (folder / ".writer.json").write_text(json.dumps({"pid": os.getppid(), "started": -1}))  # by now another process
    assert fixes(folder)[1] == [["rm", "-r", str(folder / "listens" / "x.parquet.unfinished")]]


def test_a_trained_encoder_that_is_gone(folder):
    with Library.open_to_write(folder) as library:
        run, _ = start_run(library, "train-audio", {"heard_of": []}, checkpoint="ear-0f.safetensors")
        finish_run(library, run, {})
        assert [file.name for file in kept_files(library)][1:] == ["checkpoints/ear-0f.safetensors"]
        assert index_state(library, AUDIO) is not None
    out, found = fixes(folder)
    assert "checkpoints/ear-0f.safetensors is missing; without it `cli embed-audio`" in out
    assert found == [["train-audio", "--start", "fresh"], ["embed-audio"]]
    step = "cli train-audio --start fresh && cli embed-audio   (checkpoints/ear-0f.safetensors is missing; without"
    assert step in invoke(folder, "status").stdout
    assert "`cli train-audio --start fresh`" in invoke(folder, "embed-audio", code=1).stderr
