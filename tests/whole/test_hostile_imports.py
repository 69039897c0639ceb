"""Imports of what no honest program wrote: one sentence, nothing kept, nothing waited for, other files unharmed."""

import errno
import io
import json
import os
import zipfile
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from commands_typed import invoke, rows_of
from earshot.data.events import external_sort
from earshot.data.playlists.playlist_reader import read_history
from earshot.data.tables import archives
from library_world import open_library
from listen_exports import SECOND, listen, spotify, stream

COUNTS = "SELECT (SELECT count(*) FROM listens), (SELECT count(*) FROM graphs), (SELECT count(*) FROM playlists)"


@pytest.fixture
def library(tmp_path):
    opened, _ = open_library(tmp_path / "library")
    opened.close()
    return tmp_path / "library"


@pytest.fixture
def run(library):
    return partial(invoke, library)


def refused(library, run, *words):
    """The one sentence with which a command ends that keeps nothing."""
    result = run(*words, code=1)
    assert "Traceback" not in result.stderr and result.stderr.count("Error: ") == 1
    assert rows_of(library, COUNTS) == [(0, 0, 0)]
    assert not list(library.rglob("*.unfinished")) and not list(library.rglob("listens/*.parquet"))
    return result.stderr


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *(("import-listens", name) for name in ("x.csv", "x.zip", "x.tar.gz", "x.csv.gz", "x.json", "x.parquet")),
        *(("import-graph", name) for name in ("x.csv", "x.parquet", "x.graphml", "x.gexf")),
        *(("import-tags", name) for name in ("x.csv", "x.parquet")),
        *(("import-playlists", name) for name in ("x.m3u", "x.pls", "x.xspf")),
    ],
)
@pytest.mark.parametrize(("kind", "words"), [("pipe", "is a named pipe"), ("zero", "is a device")])
def test_pipes_and_devices_are_refused_by_every_import(library, run, tmp_path, command, name, kind, words):
    path = tmp_path / name
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    assert words in refused(library, run, command, path)


@pytest.mark.parametrize("name", ["x.txt", "x.m3u8"])
def test_a_history_is_a_regular_file(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=rf"{name} is a named pipe, not a regular file"):
        read_history(tmp_path / name)


def test_a_table_of_names_is_a_regular_file(library, run, tmp_path):
    (tmp_path / "graph.csv").write_text("source,target\na,b\n")
    os.mkfifo(tmp_path / "names.csv")
    assert "is a named pipe" in refused(
        library, run, "import-graph", tmp_path / "graph.csv", "--names", tmp_path / "names.csv"
    )


def test_a_folder_of_all_kinds_of_things(run, tmp_path):
    folder = tmp_path / "in"
    spotify(folder / "good.json", stream())
    os.mkfifo(folder / "pipe.csv")
    (folder / "to_pipe.csv").symlink_to("pipe.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "gone.csv").symlink_to("nowhere")
    (folder / "again").symlink_to(".")
    (folder / "odd.csv").write_bytes(b"\x1f\x8b packed under another name")
    result = run("import-listens", folder)
    assert "1 listen by 1 user" in result.stdout
    told = result.stderr.partition("could not be read:\n")[2]
    assert [line.split()[0] for line in told.splitlines()] == [
        "gone.csv", "pipe.csv", "to_pipe.csv", "zero.csv", "odd.csv"
    ]  # fmt: skip


@pytest.fixture
def locked(monkeypatch):
    """Listing folders of this name fails, also for root."""
    scandir = os.scandir

    def refused(path):
        if isinstance(path, str) and os.path.basename(path) == "locked":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)


def test_folders_that_cannot_be_listed_are_told(run, tmp_path, locked):
    for folder in ("in", "in/locked", "in/.hidden/locked"):
        (tmp_path / folder).mkdir(parents=True)
    spotify(tmp_path / "in" / "good.json", stream())
    (tmp_path / "in" / "x.m3u").write_text("a.mp3\n")
    result = run("import-listens", tmp_path / "in")
    assert "1 listen by 1 user" in result.stdout
    assert result.stderr.count("locked cannot be read: Permission denied") == 1
    result = run("import-playlists", tmp_path / "in")
    assert "1 playlist:" in result.stdout and result.stderr.count("Left out: [Errno 13] Permission denied") == 1
    assert (
        "locked cannot be read: Permission denied" in run("import-listens", tmp_path / "in" / "locked", code=1).stderr
    )


def test_of_a_history_that_breaks_off_nothing_is_kept(run, tmp_path, monkeypatch):
    """Not even of what came before, in batches of its own."""
    monkeypatch.setattr("earshot.data.tables.json_lists._ENTRIES_AT_ONCE", 2)
    spotify(tmp_path / "in" / "a.json", *(stream(f"Whole {number}") for number in range(5)))
    broken = spotify(tmp_path / "in" / "b.json", *(stream(f"Cut {number}") for number in range(5)))
    broken.write_text(broken.read_text()[:-9])
    result = run("import-listens", tmp_path / "in")
    assert "5 listens by 1 user" in result.stdout and "b.json is not JSON" in result.stderr


def zipped(**files):
    """The bytes of an archive of files, each with the suffix after its last underscore."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in files.items():
            archive.writestr(name.replace("_", "."), inside)
    return content.getvalue()


def test_archives_in_an_archive_are_read_and_deeper_ones_passed_over(run, tmp_path):
    table = "user,track\nana,x\n"
    (tmp_path / "x.zip").write_bytes(zipped(in_zip=zipped(a_csv=table, deeper_zip=zipped(b_csv=table))))
    result = run("import-listens", tmp_path / "x.zip")
    assert "1 listen by 1 user" in result.stdout
    assert "Without listens:\n    in.zip/deeper.zip (Unpack it, and import what was in it)" in result.stderr


def test_bombs_in_an_archive_are_passed_over(run, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "BOMB_BYTES", 100_000)
    table = "user,track\nana,x\n"
    (tmp_path / "x.zip").write_bytes(zipped(in_zip=zipped(a_csv=table * 100_000), b_csv=table))
    result = run("import-listens", tmp_path / "x.zip")
    assert "1 listen by 1 user" in result.stdout and "Without listens:\n    in.zip (Unpack it" in result.stderr


@pytest.mark.parametrize("name", ["x.csv.bz2", "x.csv.xz", "x.csv.zst"])
def test_other_ways_of_packing_are_named(library, run, tmp_path, name):
    magic = {"x.csv.bz2": b"BZh9", "x.csv.xz": b"\xfd7zXZ\0", "x.csv.zst": b"\x28\xb5\x2f\xfd"}[name]
    (tmp_path / name).write_bytes(magic + bytes(99))
    assert "unpack it first" in refused(library, run, "import-listens", tmp_path / name)


def test_bombs_leave_nothing(library, run, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "BOMB_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", "user,track\n" + "ana,x\n" * 100_000)
    assert "x.zip unpacks to more than" in refused(library, run, "import-listens", tmp_path / "x.zip")


def test_a_line_without_end_is_counted(run, tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.data.tables.text_blocks.MAX_LINE_BYTES", 1_000)
    monkeypatch.setattr("earshot.data.tables.text_blocks._PIECE_BYTES", 100)
    monkeypatch.setattr("earshot.data.tables.text_blocks.line_blocks.__defaults__", (500,))
    monkeypatch.setattr("earshot.data.tables.text_blocks._BLOCK_BYTES", 2_000)
    lines = [listen(), listen("x" * 9_000), listen("Two")]
    (tmp_path / "x.listens").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = run("import-listens", tmp_path / "x.listens")
    assert "2 listens by 1 user" in result.stdout and "1 lines longer than" in result.stderr


def test_one_person_of_more_listens_than_a_lifetime_has(library, run, tmp_path, monkeypatch):
    monkeypatch.setattr(external_sort, "MAX_EVENTS_PER_USER", 10)
    (tmp_path / "x.csv").write_text("user,track\n" + "ana,x\n" * 11)
    assert "more than 10 listens are said to be by one person" in refused(
        library, run, "import-listens", tmp_path / "x.csv"
    )


@pytest.mark.parametrize("command", ["import-listens", "import-graph", "import-tags"])
def test_lists_in_columns_are_named(library, run, tmp_path, command):
    frame = {"user": ["a"], "track": [["x"]], "file": ["a.mp3"], "genre": [["Rock"]], "time": [SECOND]}
    frame |= {"source": [["a"]], "target": ["b"]}
    pl.DataFrame(frame).drop("file" if command == "import-listens" else "user").write_parquet(tmp_path / "x.parquet")
    said = refused(library, run, command, tmp_path / "x.parquet")
    assert "x.parquet: the column '" in said and "holds lists; give one of texts or numbers" in said


def test_an_archive_of_many_files_is_hashed_once(run, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number in range(30):
            archive.writestr(f"{number}.csv", f"user,track\nana,{number}\n")
    opened = []
    plain = os.open

    def counted(path, *arguments, **options):
        opened.append(Path(os.fsdecode(path)).name)
        return plain(path, *arguments, **options)

    monkeypatch.setattr(os, "open", counted)
    assert run("import-listens", tmp_path / "x.zip").stdout.count("1 listen by 1 user") == 30
    assert opened.count("x.zip") <= 2
