"""train-tower, evaluate, recommend and similar --by tower as a user meets them."""

import csv
import io
import itertools
import json
import os
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands_typed import invoke
from earshot.cli import cli
from earshot.commands.shared.current_towers import place_newcomers
from earshot.index.library import Library
from earshot.index.runs import start_run
from earshot.towers.config import TowerTrainingConfig
from library_world import add, heard, open_library, unit
from tower_world import import_table
from trained_library import QUICK, make_trained_library


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """These tensors are so small that a second thread only waits for the first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.cpu_count", lambda: 1)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A library of listens and four files, whose towers have learned."""
    folder = tmp_path_factory.mktemp("towers")
    result = make_trained_library(folder)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "24 tracks have a vector. Next: `cli evaluate`, `cli recommend USER`." in result.stdout
    assert "Learning from 24 tracks, 4 with a sound; split global:" in result.stderr
    return folder / "library"


@pytest.fixture
def run(trained):
    def run(*arguments, code=0, library=trained):
        return invoke(library, *arguments, code=code)

    return run


def told(result):
    """Figures of all targets, by subject and metric."""
    return {(row["subject"], row["metric"]): row for row in json.loads(result.stdout) if row["slice"] == "all"}


def parity(rows):
    return {int(row["title"].split()[1]) % 2 for row in rows}


def test_a_listener_is_recommended_what_they_have_not_played(run, trained):
    rows = json.loads(run("recommend", "listener 4", "-k", 3, "--json").stdout)
    assert len(rows) == 3 and parity(rows) == {0}
    connection = sqlite3.connect(trained / "library.db")
    (n,) = connection.execute("SELECT count(*) FROM vectors WHERE space = 'tower'").fetchone()
    connection.close()
    assert n == 24
    everything = json.loads(run("recommend", "listener 4", "-k", 24, "--max-per-artist", 24, "--json").stdout)
    assert len(everything) == 24 - 9
    again = json.loads(run("recommend", "listener 4", "-k", 24, "--max-per-artist", 24, "--repeats", "--json").stdout)
    assert len(again) == 24 and [row["rank"] for row in again] == list(range(1, 25))
    assert [row["score"] for row in again] == sorted((row["score"] for row in again), reverse=True)


def test_a_stranger_is_recommended_by_what_they_like(run, tmp_path):
    rows = json.loads(run("recommend", "--like", "Song 3", "--like", "Song 7", "-k", 5, "--json").stdout)
    assert parity(rows) == {1} and not {"Song 3", "Song 7"} & {row["title"] for row in rows}
    (tmp_path / "played.txt").write_text("# déjà vu\n/music/1.mp3\nSong 5\n\n", encoding="cp1252")
    rows = list(csv.DictReader(io.StringIO(run("recommend", "--history", tmp_path / "played.txt", "--csv").stdout)))
    assert parity(rows[:3]) == {1} and "Song 5" not in {row["title"] for row in rows}
    (tmp_path / "mix.m3u8").write_text("#EXTM3U\nfile:///music/1.mp3\n/music/no/../3.mp3\n", encoding="utf-8")
    played = run("recommend", "--history", tmp_path / "mix.m3u8", "-k", 3, "--json").stdout
    liked = run("recommend", "--history", _lines(tmp_path, "Song 1", "Song 3"), "-k", 3, "--json").stdout
    assert played == liked and parity(json.loads(played)) == {1}


def _lines(folder, *lines):
    (folder / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder / "lines.txt"


def test_options_that_mean_nothing_together_are_refused(run, copied):
    assert "--split none leaves none" in run("train-tower", "--refit", "--split", "none", code=2).output
    assert "which loopback keeps unknown" in run("train-tower", "--refit", "--split", "loopback", code=1).output
    assert "only two-tower begins" in run("train-tower", "--model", "neumf", "--start", "spectral", code=2).output
    assert "not in the range 1<=x<=10000" in run("evaluate", "-k", 10**12, code=2).output
    assert "--popularity is nan" in run("evaluate", "--popularity", "nan", code=2).output
    run("train-tower", *QUICK, "--epochs", 1, "--model", "neumf", library=copied)
    assert "NeuMF has no inner product" in run("evaluate", "--ann", code=1, library=copied).output


def test_no_artist_takes_the_list(run):
    rows = json.loads(run("recommend", "listener 1", "-k", 9, "--max-per-artist", 1, "--json").stdout)
    assert len({row["artist"] for row in rows}) == len(rows)


def test_a_playlist_holds_what_can_be_played(run, tmp_path):
    out = run("recommend", "--like", "Song 6", "-k", 24, "--max-per-artist", 9, "--m3u", tmp_path / "mix.m3u8")
    assert "4 tracks written to" in out.stderr
    assert (tmp_path / "mix.m3u8").read_text().count("/music/") == 4
    assert "cannot be written" in run("recommend", "--like", "Song 6", "--m3u", tmp_path / "no/mix.m3u8", code=1).stderr


def test_a_history_of_nothing_is_refused(run, tmp_path):
    for name, data, words in (
        ("empty.txt", b"# nothing\n\n", "empty.txt names no track."),
        ("empty.m3u8", b"#EXTM3U\n", "empty.m3u8 names no track."),
        ("song.mp3", b"ID3\3\0\0\0", "song.mp3 is no text."),
    ):
        (tmp_path / name).write_bytes(data)
        out = run("recommend", "--history", tmp_path / name, code=1).output
        assert f"{words}\n\nGive a playlist, or a track per line." in out


def test_who_plays_it_tells_what_is_similar(run):
    rows = json.loads(run("similar", "Song 2", "--by", "tower", "-k", 5, "--max-per-artist", 9, "--json").stdout)
    assert parity(rows) == {0}


def test_the_evaluation_stands_beside_its_rivals(run, trained):
    out = run("evaluate", "-k", 5).stdout
    assert "listeners, discoveries only." in out
    lines = [line.split() for line in out.splitlines()]
    names = [
        " ".join(line[:2]) if line[:1] in (["popular"], ["item"], ["sound"]) else line[0] for line in lines if line
    ]
    first = names.index("subject")
    assert names[first + 1].startswith("popular") and "chance" in names and "two-tower" in names
    assert "two-tower is ahead of popular by 0." in out
    found = told(run("evaluate", "-k", 5, "--json"))
    assert found["two-tower", "recall"]["value"] > 1.5 * found["chance", "recall"]["value"]
    assert found["popular", "ndcg"]["ci_low"] is not None and ("own favourites", "ndcg") not in found
    rows = json.loads((out := run("evaluate", "-k", 5, "--repeats", "--json")).stdout)
    assert ("own favourites", "ndcg") in told(out)
    connection = sqlite3.connect(trained / "library.db")
    (n,) = connection.execute(
        "SELECT count(*) FROM metrics WHERE run_id = (SELECT max(id) FROM runs WHERE stage = 'evaluate')"
    ).fetchone()
    connection.close()
    assert n == len(rows)


def test_a_popularity_dial_turned_up_leaves_nothing_else(run):
    plain, turned = (
        told(run("evaluate", "-k", 5, "--popularity", popularity_weight, "--json")) for popularity_weight in (0, 100)
    )
    assert turned["two-tower", "novelty"]["value"] == pytest.approx(turned["popular", "novelty"]["value"])
    assert plain["two-tower", "novelty"]["value"] > 1.01 * turned["two-tower", "novelty"]["value"]


def killed(*_):
    raise KeyboardInterrupt


def test_popularity_that_vectors_need_not_tell_is_given_back_by_the_dial(run, copied, monkeypatch):
    arguments = ["train-tower", *QUICK, "--epochs", 3, "--temperature", 0.2, "--popularity-share", 0.7]
    popularity_weight = json.loads(run(*arguments, "--json", library=copied).stdout)["popularity"]
    assert popularity_weight in TowerTrainingConfig(temperature=0.2, popularity_share=0.7).popularity_weights()
    listed = [
        run("recommend", "listener 0", *of, "--json", library=copied).stdout
        for of in ([], ["--popularity", popularity_weight], ["--popularity", popularity_weight + 1])
    ]
    assert listed[0] == listed[1] != listed[2]
    with monkeypatch.context() as patch:  # the dial comes with the vectors, though nobody may index them
        patch.setattr("earshot.commands.train_tower.refresh_index", killed)
        run(*arguments, "--split", "none", library=copied, code=1)
    unindexed = [run("recommend", "listener 0", *of, "--json", library=copied) for of in ([], ["--popularity", 0.14])]
    assert unindexed[0].stdout == unindexed[1].stdout
    report = json.loads(run(*arguments, "--split", "none", "--json", library=copied).stdout)
    assert report["popularity"] == pytest.approx(0.7 * 0.2)  # nobody to try others on
    assert "popularity_share is 0.7; it needs" in run(*arguments, "--loss", "bpr", library=copied, code=2).output


def test_a_report_that_cannot_be_written_is_told_before_the_work(run, trained, tmp_path):
    (tmp_path / "taken").touch()
    with sqlite3.connect(trained / "library.db") as connection:
        (n_before,) = connection.execute("SELECT count(*) FROM runs").fetchone()
        assert f"{tmp_path / 'taken'}: File exists." in run("evaluate", "--report", tmp_path / "taken", code=1).output
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (n_before,)


def test_an_evaluation_with_everything(run, trained, tmp_path):
    arguments = ["evaluate", "-k", 5, "--rivals", "all", "--sampled", "--ann", "--report", tmp_path / "page"]
    out = run(*arguments)
    assert "iALS: alpha" in out.stdout and "BPR: regularization" in out.stdout
    assert "One target among 99 others" in out.stdout and "Krichene" in out.stdout
    assert "Indexes tuned to recall@5 0.98" in out.stdout and "hnsw efSearch" in out.stdout
    assert f"{tmp_path / 'page' / 'evaluation.md'} written." in out.stderr
    page = (tmp_path / "page" / "evaluation.md").read_text(encoding="utf-8")
    assert page.startswith("# two-tower before 6 rivals") and "| popular |" in page
    connection = sqlite3.connect(trained / "library.db")
    slices = connection.execute(
        "SELECT DISTINCT slice FROM metrics WHERE run_id = (SELECT max(id) FROM runs WHERE stage = 'evaluate')"
    )
    kept = {name for (name,) in slices}
    connection.close()
    assert {"all", "ann", "99 uniform", "99 popular", "one of all tracks"} <= kept


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("loopback", "hit_rate is what loopback calls recall"),
        ("next-track", "queries, repeats count."),
        ("leave-one-out", "These are not 99 everywhere: somebody has"),
        ("yambda", "ndcg_legacy"),
    ],
)
def test_a_protocol_is_followed_from_training_to_the_figures(run, copied, protocol, words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    report = json.loads(run("train-tower", *QUICK, "--epochs", 1, "--split", protocol, "--json", library=copied).stdout)
    assert report["split"] == protocol
    out = run("evaluate", "-k", 3, "-k", 100, "--sampled", "--ann", library=copied).stdout
    assert f"Split {protocol}:" in out and words in out.replace("\n", " ")
    assert "popular" in out and ("own favourites" in out) == (protocol in ("next-track", "yambda"))
    assert "…" not in out and max(map(len, out.splitlines())) <= 100


@pytest.fixture
def copied(trained, tmp_path):
    import shutil

    return shutil.copytree(trained, tmp_path / "library")


def test_a_new_track_and_a_new_listener_need_no_training(run, copied):
    library, head = open_library(copied)
    with library:
        add(library, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
    everything = run("recommend", "--like", "Song 3", "-k", 30, "--max-per-artist", 30, "--json", library=copied)
    assert "Song 99" in {row["title"] for row in json.loads(everything.stdout)}
    assert parity(json.loads(run("recommend", "--like", "Song 99", "-k", 4, "--json", library=copied).stdout)) <= {0, 1}
    out = run("similar", "Song 99", "--by", "tower", code=1, library=copied)
    assert "came after the last `cli train-tower`" in out.output
    with Library.open_to_write(copied) as library:  # as embed-audio does with what it has heard
        assert (place_newcomers(library), place_newcomers(library)) == (1, 0)
    near = json.loads(run("similar", "Song 99", "--by", "tower", "-k", 4, "--json", library=copied).stdout)
    assert len(near) == 4 and "Song 99" not in {row["title"] for row in near}
    others = json.loads(run("similar", near[0]["title"], "--by", "tower", "-k", 24, "--max-per-artist", 24, "--json",
                            library=copied).stdout)  # fmt: skip
    assert "Song 99" in {row["title"] for row in others}
    again = run("recommend", "--like", "Song 3", "-k", 30, "--max-per-artist", 30, "--json", library=copied)
    assert json.loads(again.stdout) == json.loads(everything.stdout)


def test_towers_that_cannot_hear_place_no_newcomer(run, copied):
    run("train-tower", *QUICK, "--epochs", 1, "--model", "dot", library=copied)
    library, head = open_library(copied)
    with library:
        add(library, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
        assert place_newcomers(library) == 0
        for path in (copied / "checkpoints").glob("towers-*"):
            path.unlink()
        assert place_newcomers(library) == 0


def test_what_has_changed_is_not_judged_by_the_old(run, copied, tmp_path):
    library, _ = open_library(copied)
    with library:
        import_table(library, tmp_path / "more.csv", ["user,artist,title,timestamp", "new,Artist 0,Song 0,1600000000"])
    out = run("evaluate", code=1, library=copied)
    assert "The listens, or their links with files, have changed since the towers learned from them." in out.output
    assert "Run `cli train-tower` anew." in out.output
    rows = json.loads(run("recommend", "new", "-k", 3, "--json", library=copied).stdout)
    assert len(rows) == 3 and "Song 0" not in {row["title"] for row in rows}  # whom training never saw
    run("train-tower", *QUICK, "--epochs", 1, "--split", "none", "--model", "dot", library=copied)
    assert "nothing is left to judge them by" in run("evaluate", code=1, library=copied).output
    assert len(json.loads(run("recommend", "new", "--json", library=copied).stdout)) > 3


def test_an_ear_that_knows_what_is_asked_is_told_of(run, copied):
    told = "The ear was taught by a graph of other listens than the towers learned from"
    assert told not in run("evaluate", library=copied).stdout.replace("\n", " ")
    library, _ = open_library(copied)
    with library:
        start_run(library, "train-audio", {"heard_of": [None]}, checkpoint="ear-1.safetensors")
        library.db.execute("UPDATE runs SET checkpoint = 'ear-1.safetensors' WHERE stage = 'embed-audio'")
    out = run("evaluate", library=copied).stdout.replace("\n", " ")
    assert told in out and "`cli build-graph --split global --share 0.1 --gap 1800 --seed 0`" in out


def test_another_ear_needs_other_towers(run, copied):
    library, _ = open_library(copied, "another ear")
    with library:
        library.db.execute("UPDATE spaces SET run_id = (SELECT max(id) FROM runs) WHERE space = 'audio'")
    out = run("recommend", "listener 1", code=1, library=copied)
    assert "these towers hear tracks by other vectors of sound" in out.output and "Run `cli train-tower`." in out.output


def test_towers_that_hear_nothing_need_no_ear(run, copied):
    run("train-tower", *QUICK, "--epochs", 1, "--model", "dot", library=copied)
    before = run("recommend", "listener 1", "--json", library=copied).stdout
    library, _ = open_library(copied, "another ear")
    with library:
        library.db.execute("UPDATE spaces SET run_id = (SELECT max(id) FROM runs) WHERE space = 'audio'")
    assert run("recommend", "listener 1", "--json", library=copied).stdout == before


def test_the_vectors_and_the_towers_are_of_one_training(run, copied, monkeypatch):
    """Killed while the new vectors are indexed: they are served with the towers that made them."""
    with monkeypatch.context() as patch:
        patch.setattr("earshot.commands.train_tower.refresh_index", killed)
        run("train-tower", *QUICK, "--epochs", 1, "--dim", 4, library=copied, code=1)
    interrupted = run("recommend", "listener 1", "-k", 5, "--json", library=copied).stdout
    run("train-tower", *QUICK, "--epochs", 1, "--dim", 4, library=copied)
    assert run("recommend", "listener 1", "-k", 5, "--json", library=copied).stdout == interrupted


def test_towers_that_diverge_take_no_place(run, copied):
    before = run("recommend", "listener 1", "--json").stdout
    out = run("train-tower", *QUICK, "--learning-rate", 1e6, "--weight-decay", 1e6, library=copied, code=1).output
    assert "the loss of epoch" in out and "with learning_rate 1e+06" in out and "Lower what is highest" in out
    assert run("recommend", "listener 1", "--json", library=copied).stdout == before


def test_a_log_too_short_to_be_parted_can_be_learned_from_whole(run, tmp_path):
    library, _ = open_library(tmp_path / "library")
    with library:
        import_table(library, tmp_path / "two.csv", ["user,artist,title,timestamp", "me,A,One,1", "me,A,Two,9"])
    arguments = ["train-tower", *QUICK, "--epochs", 1]
    out = run(*arguments, library=tmp_path / "library", code=1).output
    assert "leaves nothing to train, of 2 events" in out and "`cli train-tower --split none` learns from all." in out
    run(*arguments, "--split", "none", library=tmp_path / "library")
    assert "Two" in run("recommend", "me", "--repeats", library=tmp_path / "library").stdout


def test_a_checkpoint_that_is_gone_is_told(run, copied):
    for path in (copied / "checkpoints").glob("towers-*.pt"):
        path.write_text("damaged")
    assert "is damaged, or no checkpoint" in run("recommend", "listener 1", code=1, library=copied).output
    for path in (copied / "checkpoints").glob("towers-*.pt"):
        path.unlink()
    assert (
        "No such file or directory.\n\nRestore it from a backup, or run `cli train-tower`."
        in run("recommend", "listener 1", code=1, library=copied).output
    )


def test_what_cannot_be_is_told(run, tmp_path):
    message = "Give one of USER, --like TRACK or --history FILE, or --seed-track TRACK, or --all."
    assert message in run("recommend", code=2).output
    assert "No track answers to 'nothing of it'." in run("recommend", "--like", "nothing of it", code=1).output
    assert "could be any of" in run("recommend", "--like", "Artist 1", code=1).output
    assert "0 is not in the range 1<=x<=4096" in run("train-tower", "--dim", 0, code=2).output
    empty = CliRunner().invoke(cli, ["--library", str(tmp_path / "empty"), "train-tower"])
    assert empty.exit_code == 1 and "has no listens to tracks yet" in empty.output
    library, _ = open_library(tmp_path / "new")
    library.close()
    out = CliRunner().invoke(cli, ["--library", str(tmp_path / "new"), "recommend", "ann"])
    assert "This library has no trained towers yet" in out.output


@pytest.mark.parametrize(("refit", "n_before"), [((), 2), (("--refit",), 2), (("--refit",), 4)])
def test_a_killed_training_goes_on(run, copied, monkeypatch, refit, n_before):
    """Ctrl-C after a saved state; the same command then ends where it would have ended, in either of the trainings."""
    monkeypatch.setattr("earshot.commands.train_tower.SAVE_SECONDS", 0.0)
    from earshot.towers.training.trainer import TowerTraining

    arguments = ["train-tower", *QUICK, "--epochs", 3, "--seed", 1, *refit, "--json"]
    whole = json.loads(run(*arguments, library=copied).stdout)
    reports, numbers = TowerTraining.reports, itertools.count()

    def killed(self):
        for report in reports(self):
            if next(numbers) == n_before:
                raise KeyboardInterrupt
            yield report

    monkeypatch.setattr(TowerTraining, "reports", killed)
    run(*arguments, library=copied, code=1)
    monkeypatch.setattr(TowerTraining, "reports", reports)
    out = run(*arguments, library=copied)
    assert "Going on after step" in out.stderr
    again = json.loads(out.stdout)
    assert (again["loss"], again["validation"]) == (whole["loss"], whole["validation"])


def test_a_killed_training_begins_anew_when_there_are_more_tracks(run, copied, monkeypatch):
    monkeypatch.setattr("earshot.commands.train_tower.SAVE_SECONDS", 0.0)
    from earshot.towers.training.trainer import TowerTraining

    def killed(self):
        yield next(reports(self))
        yield next(reports(self))
        raise KeyboardInterrupt

    reports = TowerTraining.reports
    arguments = ["train-tower", *QUICK, "--epochs", 3, "--json"]
    with monkeypatch.context() as patch:
        patch.setattr(TowerTraining, "reports", killed)
        run(*arguments, library=copied, code=1)
    assert (copied / "checkpoints" / "train-tower.resumable").exists()
    library, head = open_library(copied)
    with library:
        add(library, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
    out = run(*arguments, library=copied)
    assert "Going on" not in out.stderr and json.loads(out.stdout)["tracks"] == 25


def test_a_refit_learns_from_the_validation_part_too(run, copied):
    arguments = ["train-tower", *QUICK, "--epochs", 2, "--split", "leave-one-out"]
    run(*arguments, library=copied)
    held_out_users = _seen(copied)
    report = json.loads(run(*arguments, "--refit", "--json", library=copied).stdout)
    assert report["epochs"] <= 2 and report["validation"] > 0
    assert _seen(copied) > held_out_users
    assert "ndcg" in run("evaluate", library=copied).stdout


def _seen(folder):
    """How many events the towers of a library have learned from."""
    with sqlite3.connect(folder / "library.db") as db:
        ((text,),) = db.execute("SELECT metrics FROM runs WHERE stage = 'train-tower' ORDER BY id DESC LIMIT 1")
    return json.loads(text)["events"]


def test_what_is_similar_by_both(run, copied, tmp_path):
    rows = json.loads(run("similar", "Song 2", "--by", "both", "-k", 6, "--json").stdout)
    assert len(rows) == 6
    # Song 0 is all that sounds like Song 2; in both lists it is near the top.
    assert rows[0]["title"] == "Song 0" and rows[0]["audio_rank"] == 1 and rows[0]["tower_rank"] >= 1
    assert {row["audio_rank"] for row in rows if int(row["title"].split()[1]) > 3} == {None}
    out = run("similar", "Song 2", "--by", "both", "-k", 2).stdout
    assert "audio_rank  tower_rank" in out and out.splitlines()[2].split()[1] == f"{rows[0]['score']:.4f}"
    assert "written to" in run("similar", "Song 2", "--by", "both", "--m3u", tmp_path / "mix.m3u8").stderr
    assert (tmp_path / "mix.m3u8").read_text().count("/music/") == 3
    silent = run("similar", "Song 8", "--by", "both", "-k", 3, "--json")
    assert "'Song 8' has no vector by audio, and counts by tower only." in silent.stderr
    by_tower = json.loads(run("similar", "Song 8", "--by", "towers", "-k", 3, "--json").stdout)
    assert [row["id"] for row in json.loads(silent.stdout)] == [row["id"] for row in by_tower]
    library, head = open_library(copied)
    with library:
        add(library, head, [heard("/music/new.mp3", unit(1, 0.9), artist="Artist 0", title="Song 99")])
    new = run("similar", "Song 99", "--by", "both", "-k", 2, "--json", library=copied)
    assert "'Song 99' has no vector by tower, and counts by audio only." in new.stderr
    assert {row["tower_rank"] for row in json.loads(new.stdout)} == {None}
    assert "No track and no file answers" in run("similar", "nothing of it", "--by", "both", code=1).output
    out = run("similar", "Song 8", code=1).output
    assert "Song 8 (track 8) was never heard." in out and "--by tower" in out
    assert "older encoder" not in silent.stderr  # nothing of an encoder was asked
    assert "older encoder" in run("similar", "Song 2", "--by", "both").stderr  # there is none of this name


def test_two_processes_learn_what_one_does(run, copied):
    arguments = [*QUICK, "--epochs", 3, "--no-half", "--start", "spectral", "--json"]
    alone = json.loads(run("train-tower", *arguments, library=copied).stdout)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2]  # torchrun
    command = [*launch, "-m", "earshot.cli", "--", "--library", copied, "train-tower", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    out = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, timeout=170)
    assert out.returncode == 0, out.stderr
    together = json.loads(out.stdout)  # one of them prints
    assert out.stderr.count("Learning from") == 1
    assert together["loss"] == pytest.approx(alone["loss"], abs=1e-4)
    assert together["validation"] == pytest.approx(alone["validation"], abs=1e-4)
    assert json.loads(run("recommend", "listener 4", "-k", 3, "--json", library=copied).stdout)


def test_the_five_exercises_run(run, copied):
    """Every training that the README shows for them, if only for two epochs."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    section = readme.split("### The course's five exercises")[1].split("\n## ")[0]
    commands = [shlex.split(line[6:], comments=True) for line in section.splitlines() if line.startswith("$ cli ")]
    trainings = [words for words in commands if words[0] == "train-tower"]
    assert len(trainings) == 6 and len(commands) == 7
    for words in trainings:
        out = json.loads(run(*words, "--dim", 8, "--hidden", 8, "--epochs", 2, "--json", library=copied).stdout)
        assert out["epochs"] == 2 and 0 < out["loss"] < 10
    assert ("two-tower", "hit_rate") in told(run("evaluate", "-k", 10, "--repeats", "--json", library=copied))


def test_a_dial_turns_what_indexes_are_asked_too(run):
    told = {}
    for popularity_weight in (0, 0.3):
        found = json.loads(run("evaluate", "-k", 5, "--popularity", popularity_weight, "--ann", "--json").stdout)
        rows = (row for row in found if row["slice"] in ("all", "ann") and row["metric"] == "ndcg")
        told[popularity_weight] = {row["subject"]: row["value"] for row in rows}
        assert told[popularity_weight]["flat"] == pytest.approx(told[popularity_weight]["two-tower"])
    assert told[0]["flat"] != told[0.3]["flat"]


def test_ivf_is_a_short_name(run, copied):
    short, whole = (run("build-index", "--type", name, library=copied).stdout for name in ("ivf", "ivf-sq8"))
    assert short == whole
