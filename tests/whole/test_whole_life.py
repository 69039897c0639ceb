"""A library that lives: towers learn, files come and go, and an ear is taught without what is asked about."""

import json
import shutil
from functools import partial

import numpy as np
import pytest

from commands_typed import invoke, rows_of
from trained_library import QUICK

EAR = ["--start", "fresh", "--channels", 8, "--dim", 16, "--epochs", 1, "--projection-epochs", 2]
TOWERS = [*QUICK, "--epochs", 2]


@pytest.fixture(scope="module")
def life(track_files, tmp_path_factory):
    """Nine of the world's files, twelve listeners of six each, and towers; the folder is there for more files."""
    folder = tmp_path_factory.mktemp("life")
    library, music = folder / "library", folder / "music"
    music.mkdir()
    for path in track_files[:9]:
        shutil.copy(path, music)

    run = partial(invoke, library)
    run("embed-audio", music)
    ids = [track_id for (track_id,) in rows_of(library, "SELECT id FROM tracks ORDER BY id")]
    rng, rows = np.random.default_rng(0), ["user,track_id,timestamp"]
    for user in range(12):
        played = rng.permutation(ids)[:6].tolist()
        rows += [f"u{user},{track},{1_600_000_000 + 3_600 * (10 * n + user)}" for n, track in enumerate(played)]
    (folder / "listens.csv").write_text("\n".join(rows))
    run("import-listens", folder / "listens.csv", "--names-are", "ids")
    run("train-tower", *TOWERS)
    return run, library, music


def heard_of(library):
    ((config,),) = rows_of(library, "SELECT config FROM runs WHERE stage = 'train-audio' ORDER BY id DESC LIMIT 1")
    return json.loads(config)["heard_of"]


def test_a_new_file_is_placed_when_it_is_heard_and_a_pruned_one_keeps_its_name(life, track_files):
    run, library, music = life
    shutil.copy(track_files[9], music)
    assert "1 embedded" in run("embed-audio").stdout
    ((new,),) = rows_of(library, "SELECT max(id) FROM tracks WHERE status = 'embedded'")
    near = json.loads(run("similar", new, "--by", "towers", "-k", 9, "--max-per-artist", 9, "--json").stdout)
    assert len(near) == 9  # all the others: it is among them, and needed no training

    ((gone, path, title),) = rows_of(library, "SELECT id, path, title FROM tracks ORDER BY id LIMIT 1")
    (music / path.rsplit("/", 1)[-1]).unlink()
    (music / track_files[9].name).unlink()  # nobody listened to this one
    out = run("embed-audio", "--prune").stdout
    assert "2 gone from the disk since the last look, marked missing (`cli embed-audio --prune` again removes" in out
    out = run("embed-audio", "--prune").stdout
    assert "2 removed; of those that anybody played or judged the name stays" in out
    assert rows_of(library, "SELECT path, status FROM tracks WHERE id IN (?, ?)", gone, new) == [(None, "catalog")]
    assert json.loads(run("similar", title, "--by", "tower", "--json").stdout)  # the towers know it still
    run("train-tower", *TOWERS)
    assert run("check").stdout == "All is well.\n"


def test_an_ear_that_was_not_told(life):
    run, library, _ = life
    told = "The encoder was trained on a graph of other listens"

    def evaluated():
        return run("evaluate", "-k", 3).stdout.replace("\n", " ")

    def taught(*how):
        run("build-graph", "--from", "listens", "--min-together", 1, *how)
        run("train-audio", *EAR)
        run("embed-audio")
        run("train-tower", *TOWERS)

    taught()
    assert heard_of(library) == [None] and told in evaluated()
    taught("--split", "auto")
    assert None not in heard_of(library) and told not in evaluated()
    run("train-audio", "--no-graph", "--epochs", 1, "--projection-epochs", 2)
    assert len(heard_of(library)) == 1  # an ear that goes on remembers
    error = run("build-graph", "--from", "artist", "--split", "global", code=2).stderr
    assert "--split parts listens to tracks, and this graph would be made of none." in error
