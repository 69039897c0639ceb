"""`cli train-audio` as a user meets it: trains, is judged, is interrupted, and the library hears anew."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from commands_typed import rows_of

QUICK = ("--start", "fresh", "--channels", "8", "--dim", "16", "--epochs", "2", "--projection-epochs", "5")


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own that has heard the session's world: 18 tracks by 6 artists."""
    shutil.copytree(heard_library, tmp_path / "library")
    return tmp_path / "library"


@pytest.fixture(scope="module")
def trained(heard_library, tmp_path_factory, run_cli):
    """Trained once, to be looked at; the pictures are in its cache."""
    library = tmp_path_factory.mktemp("trained") / "library"
    shutil.copytree(heard_library, library)
    result = run_cli(library, "train-audio", *QUICK)
    assert result.returncode == 0, result.stderr
    return library, result


def test_it_says_what_it_learned_from_and_what_comes_next(trained):
    _, result = trained
    assert "Learning from 12 tracks, judging by 6; same artist (18 tracks)." in result.stderr
    for subject in ("before training", "audio"):
        line = rf"^triplet accuracy, {subject}: [01]\.\d{{3}} \(chance \.5, [\d,]+ triplets\)$"
        assert re.search(line, result.stdout, re.MULTILINE)
    assert "Next: `cli embed-audio` embeds the library with it." in result.stdout


def test_the_run_and_its_figures_are_kept(trained):
    library, _ = trained
    ((checkpoint, metrics, finished),) = rows_of(
        library, "SELECT checkpoint, metrics, finished FROM runs WHERE stage = 'train-audio'"
    )
    metrics = json.loads(metrics)
    assert finished and (library / "checkpoints" / checkpoint).is_file() and metrics["train_tracks"] == 12
    held_out = metrics["held_out_track_ids"]
    artists = rows_of(library, "SELECT artist, count(*), sum(id IN (SELECT value FROM json_each(?))) FROM tracks"
                               " WHERE status = 'embedded' GROUP BY 1", json.dumps(held_out))  # fmt: skip
    assert sorted(n_held_out for _, n, n_held_out in artists) == [0, 0, 0, 0, 3, 3], "whole artists, or none of one"
    figures = dict(rows_of(library, "SELECT subject, value FROM metrics WHERE metric = 'triplet accuracy'"))
    assert set(figures) == {"before training", "audio"} and figures["audio"] >= figures["before training"]


def test_the_library_is_stale_until_it_is_heard_anew(trained, tmp_path, run_cli):
    library = tmp_path / "library"
    shutil.copytree(trained[0], library)
    assert "cli embed-audio" in run_cli(library, "status").stdout
    before = rows_of(library, "SELECT vector FROM current_vectors ORDER BY track_id")
    result = run_cli(library, "embed-audio")
    assert result.returncode == 0 and "18 embedded + 0 reused" in result.stdout
    after = rows_of(library, "SELECT vector FROM current_vectors ORDER BY track_id")
    assert len(after) == len(before) == 18 and {len(blob) for (blob,) in after} == {4 * 16}
    assert "checkpoint ear-" in run_cli(library, "status").stdout
    assert run_cli(library, "check").stdout == "All is well.\n"


def test_it_goes_on_from_the_ear_in_use(trained, tmp_path, run_cli):
    library = tmp_path / "library"
    shutil.copytree(trained[0], library)
    few = ("--epochs", "1", "--projection-epochs", "1", "--json")
    report = json.loads(run_cli(library, "train-audio", *few, "--held-out", "0").stdout)
    assert "triplet accuracy, audio" not in report, "nothing was held out, and the training counts unseen"
    assert rows_of(library, "SELECT count(*) FROM runs WHERE stage = 'train-audio'") == [(2,)]
    configs = [json.loads(config) for (config,) in rows_of(library, "SELECT config FROM runs ORDER BY id")[-2:]]
    assert [config["fresh"] for config in configs] == [True, False]
    assert configs[1]["ear"]["encoder"]["channels"] == 8, "not the default's shape"


def test_a_stored_graph_teaches_and_no_graph_is_crops_alone(library, tmp_path, run_cli):
    edges = tmp_path / "likes.csv"
    names = [name for (name,) in rows_of(library, "SELECT name FROM artists ORDER BY id")]
    edges.write_text("source,target\n" + "".join(f"{a},{b}\n" for a in names for b in names if a < b))
    run_cli(library, "import-graph", edges, "--level", "artist")
    few = ("--epochs", "0", "--projection-epochs", "1", "--held-out", "0")
    result = run_cli(library, "train-audio", *few)
    assert "Learning from 18 tracks, judging by 0; likes (18 tracks), same artist (18 tracks)." in result.stderr
    result = run_cli(library, "train-audio", "--no-graph", "--no-tags", *few)
    assert result.returncode == 0 and "crops alone" in result.stderr and "triplet" not in result.stdout


def test_it_remembers_the_imports_that_it_learned_from(library, tmp_path, run_cli):
    songs = rows_of(library, "SELECT artist, title FROM tracks WHERE status = 'embedded'")
    for name in ("eve", "sam"):
        plays = "".join(f"{name} {n // 9},{artist},{title}\n" for n, (artist, title) in enumerate(2 * songs))
        (tmp_path / f"{name}.csv").write_text("user,artist,title\n" + plays)
        assert run_cli(library, "import-listens", tmp_path / f"{name}.csv").returncode == 0
        assert run_cli(library, "build-graph", "--from", "listens").returncode == 0
        few = ("--epochs", "0", "--projection-epochs", "1", "--held-out", "0")
        assert run_cli(library, "train-audio", "--no-tags", *(QUICK[:2] if name == "eve" else ()), *few).returncode == 0
    query = "SELECT json_extract(config, '$.imports') FROM runs WHERE stage = 'train-audio' ORDER BY id"
    digests = [digest for (digest,) in rows_of(library, "SELECT content_hash FROM listens ORDER BY id")]
    assert [json.loads(told) for (told,) in rows_of(library, query)] == [digests[:1], sorted(digests)]
    assert "cli train-audio --start fresh" not in run_cli(library, "status").stdout
    run_cli(library, "forget-listens", "1")
    assert "(the encoder learned from listens that were forgotten)" in run_cli(library, "status").stdout


@pytest.mark.parametrize(
    ("wrong", "code", "sentence"),
    [
        (["--loss", "quadruplet"], 2, "'quadruplet' is not one of 'triplet', 'infonce', 'graded'"),
        (["--held-out", "1"], 2, "1.0 is not in the range 0<=x<1"),
        (["--graph", "friends"], 1, "There is no graph 'friends' in this library"),
        (["--graph", "likes", "--no-graph"], 2, "--graph names a graph to learn from, --no-graph says there is none"),
        (["--channels", "8"], 2, "--channels and --dim are of a fresh encoder; add `--start fresh`."),
    ],
)
def test_a_wrong_wish_changes_nothing(library, run_cli, wrong, code, sentence):
    before = rows_of(library, "SELECT * FROM runs")
    result = run_cli(library, "train-audio", *wrong)
    assert result.returncode == code and sentence in result.stderr and "Traceback" not in result.stderr
    assert rows_of(library, "SELECT * FROM runs") == before and not (library / "checkpoints").exists()


def test_without_a_library_it_says_what_to_type(tmp_path, run_cli):
    result = run_cli(tmp_path / "none", "train-audio")
    assert result.returncode == 1 and "Run `cli embed-audio FOLDER` first." in result.stderr


def test_killed_it_goes_on_and_ends_as_if_undisturbed(trained, tmp_path, run_cli, monkeypatch):
    monkeypatch.setenv("EARSHOT_SAVE_SECONDS", "0")  # a state after every epoch
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    settings = [*QUICK[:-1], "400", "--patience", "1000", "--loss", "graded"]
    for library in (whole, killed):
        shutil.copytree(trained[0], library)
    assert run_cli(whole, "train-audio", *settings).returncode == 0
    state = killed / "checkpoints" / "train-audio.resumable"
    process = subprocess.Popen(
        [sys.executable, "-m", "earshot.cli", "--library", str(killed), "train-audio", *settings],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"EARSHOT_SAVE_SECONDS": "0"},
    )  # fmt: skip
    while process.poll() is None and not state.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    result = run_cli(killed, "train-audio", *settings)
    assert result.returncode == 0 and "Going on after epoch" in result.stderr and not state.exists()
    ((name,),) = rows_of(whole, "SELECT checkpoint FROM runs WHERE stage = 'train-audio' ORDER BY id DESC LIMIT 1")
    ours, theirs = (library / "checkpoints" / name for library in (killed, whole))
    assert np.array_equal(np.fromfile(ours, np.uint8), np.fromfile(theirs, np.uint8)), "bit for bit"


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_an_encoder_that_a_disk_lost_is_trained_anew_as_check_says(trained, tmp_path, run_cli, damage):
    library = tmp_path / "library"
    shutil.copytree(trained[0], library)
    (ear,) = (library / "checkpoints").glob("ear-*.safetensors")
    ear.unlink() if damage == "missing" else ear.write_bytes(b"")
    refused = run_cli(library, "embed-audio")
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "Restore it from a backup, or train anew: `cli train-audio --start fresh`" in refused.stderr
    assert "cli train-audio --start fresh" in run_cli(library, "status").stdout
    ((track,),) = rows_of(library, "SELECT min(id) FROM tracks WHERE status = 'embedded'")
    assert json.loads(run_cli(library, "similar", str(track), "--json").stdout)  # what was heard is found all the same
    told = run_cli(library, "check").stdout
    assert f"checkpoints/{ear.name} is {'missing' if damage == 'missing' else 'damaged'}" in told
    assert "cli train-audio --start fresh && " in told
    assert run_cli(library, "train-audio", *QUICK).returncode == 0  # --start fresh is among these
    assert run_cli(library, "embed-audio").returncode == 0
    assert run_cli(library, "check").stdout == "All is well.\n"
