"""Embedding from Python: no command line, reports instead of prints."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.audio_writer import write_audio
from earshot.index.library import Library
from earshot.stages.embed import EmbedReport, embed_folders
from earshot.stages.shared.reports import InputError, Progress, StageError
from scanned_folders import add_up

TWO = DecodeConfig(workers=2)


@pytest.fixture
def music(track_files, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for path in track_files[:3]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


def n_vectors(library):
    return library.db.execute("SELECT count(*) FROM vectors").fetchone()[0]


def test_a_folder_is_embedded_with_progress(library, music):
    (music / "noise.mp3").write_bytes(b"ID3" + bytes(2_000))
    *progress, report = embed_folders(library, [music], TWO)
    assert isinstance(report, EmbedReport)
    assert (report.counts.found, report.counts.embedded, report.counts.failed) == (4, 3, 1)
    assert add_up(report.counts) and report.cpu_seconds.keys() == {"decode", "mel", "encoder", "store"}
    assert report.unread == {} and report.away == [] and not report.is_untrained
    assert all(isinstance(step, Progress) for step in progress)
    assert [(step.done, step.total) for step in progress if step.phase == "looking"] == [(n, None) for n in range(1, 5)]
    embedding = [step for step in progress if step.phase == "embedding"]
    assert [(step.done, step.total) for step in embedding] == [(n, 4) for n in range(1, 5)]
    assert embedding[-1].detail == "1 failed" and str(embedding[-1]) == "embedding: 4 of 4 tracks, 1 failed"
    assert "neighbours by audio" in {step.phase for step in progress}
    assert n_vectors(library) == 3


def test_without_paths_it_visits_what_the_library_knows(library, music, track_files):
    list(embed_folders(library, [str(music)], TWO))
    shutil.copy(track_files[3], music)
    (music / track_files[0].name).rename(music / f"moved {track_files[0].name}")
    *progress, report = embed_folders(library, config=TWO)
    assert (report.counts.embedded, report.counts.reused, report.counts.adopted) == (1, 3, 1)
    assert [step.done for step in progress if step.phase == "embedding"] == [1, 2]  # known content counts too


def test_rules_are_remembered_and_vanished_tracks_are_pruned(library, music):
    *_, report = embed_folders(library, [music], TWO, exclude=["*.flac"])
    assert report.counts.excluded >= 1 and report.counts.excluded + report.counts.embedded == 3
    *_, report = embed_folders(library, [music], TWO, exclude=[""])
    assert report.counts.excluded == 0
    next(path for path in music.iterdir() if path.suffix == ".flac").unlink()
    reports = [list(embed_folders(library, config=TWO, prune=True))[-1] for _ in range(2)]
    assert [report.counts.missing for report in reports] == [1, 0]
    assert [report.n_pruned for report in reports] == [0, 1] and n_vectors(library) == 2


def test_left_early_it_keeps_the_library_whole_and_goes_on(library, music):
    for step in embed_folders(library, [music], TWO):
        if step.phase == "embedding":
            break
    *_, report = embed_folders(library, [music], TWO)
    assert report.counts.embedded + report.counts.reused == 3 and n_vectors(library) == 3


def retag(path):
    """Write another title into a file, as a tagger does that keeps its size and time."""
    was = path.stat()
    path.write_bytes(path.read_bytes().replace(b"Wrong", b"Right"))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def test_tags_that_change_behind_size_and_time(library, tmp_path):
    for number in range(3):
        sound = np.sin(np.arange(44_100 * 2) / (9 + number))[None]
        write_audio(tmp_path / "music" / f"{number}.flac", sound, 44_100, {"title": "Wrong"})
    first, second, third = sorted((tmp_path / "music").iterdir())
    list(embed_folders(library, [tmp_path / "music"], TWO))
    retag(second)
    *progress, report = embed_folders(library, config=TWO)
    assert (report.counts.embedded, report.counts.reused, report.counts.compared) == (1, 2, 0)
    assert [str(step) for step in progress if step.phase == "looking again"] == ["looking again: 1 of 1 file"]
    assert library.column("SELECT title FROM tracks ORDER BY path") == ["Wrong", "Right", "Wrong"]
    first.chmod(0o400)
    retag(third)
    *_, report = embed_folders(library, config=TWO)
    assert (report.counts.embedded, report.counts.reused, report.counts.compared) == (1, 2, 1)
    assert library.column("SELECT title FROM tracks ORDER BY path") == ["Wrong", "Right", "Right"]
    *progress, report = embed_folders(library, config=TWO)
    assert report.counts.reused == 3 and not {"looking again", "embedding"} & {step.phase for step in progress}


def test_a_file_that_goes_away_before_it_is_looked_at_again(library, music):
    list(embed_folders(library, [music], TWO))
    paths = sorted(music.iterdir())
    for path in paths:
        path.chmod(0o600)
    for report in embed_folders(library, config=TWO):
        if isinstance(report, Progress) and (report.phase, report.done) == ("looking", 3):
            paths[1].unlink()
    counts = report.counts
    assert (counts.reused, counts.compared, counts.adopted, counts.unread, counts.embedded) == (2, 1, 0, 1, 0)
    assert n_vectors(library) == 3
    assert list(embed_folders(library, config=TWO))[-1].counts.missing == 1


@pytest.mark.parametrize(
    ("paths", "options", "error", "words"),
    [
        ([], {}, InputError, "Which folder\\? This library knows none yet"),
        ([""], {}, InputError, "One of the paths is empty"),
        (["/no/such/folder"], {}, StageError, "There is no /no/such/folder. Is its disk mounted\\?"),
        (["."], {"min_duration": -1.0}, InputError, "Nothing was changed"),
    ],
)
def test_wrong_arguments(library, paths, options, error, words):
    with pytest.raises(error, match=words):
        list(embed_folders(library, paths, **options))
    assert library.db.execute("SELECT count(*) FROM runs").fetchone() == (0,)


SCRIPT = """
from pathlib import Path
from earshot.index.library import Library
from earshot.index.search.filters import SearchFilters
from earshot.stages.embed import embed_folders
from earshot.stages.similar import similar_tracks

print("begun")
with Library.open_to_write(Path("library")) as library:
    *_, report = embed_folders(library, ["music"])
    print(report.counts.embedded, "embedded")
    for match in similar_tracks(library, [1], SearchFilters(k=5, min_duration=5)).matches:
        print(match.rank, match.track.name)
"""


def test_a_script_needs_no_guard(music, tmp_path):
    """Decoding processes do not run the script again, with or without ``if __name__ == "__main__"``."""
    (tmp_path / "script.py").write_text(SCRIPT)
    result = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    begun, embedded, *matches = result.stdout.splitlines()
    assert (begun, embedded) == ("begun", "3 embedded") and [line[:2] for line in matches] == ["1 ", "2 "]
