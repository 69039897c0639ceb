"""`cli evaluate` as a user meets it: towers beside baselines, by every protocol, on a page."""

import json
import sqlite3
from functools import partial

import pytest

from commands_typed import invoke
from earshot.index.runs import start_run
from library_world import open_library
from tower_world import import_table
from trained_library import QUICK

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def library(library_copy):
    return library_copy


@pytest.fixture
def run(library):
    return partial(invoke, library)


def values_of(result):
    """Metric values over all targets, by subject and metric."""
    return {(row["subject"], row["metric"]): row for row in json.loads(result.stdout) if row["slice"] == "all"}


def test_towers_stand_beside_baselines(run, library):
    out = run("evaluate", "-k", 5).stdout
    assert "listeners, discoveries only." in out
    lines = [line.split() for line in out.splitlines()]
    names = [
        " ".join(line[:2]) if line[:1] in (["popular"], ["item"], ["sound"]) else line[0] for line in lines if line
    ]
    first = names.index("subject")
    assert names[first + 1].startswith("popular") and "chance" in names and "two-tower" in names
    assert "two-tower is ahead of popular by 0." in out
    values = values_of(run("evaluate", "-k", 5, "--json"))
    assert values["two-tower", "recall"]["value"] > 1.5 * values["chance", "recall"]["value"]
    assert values["popular", "ndcg"]["ci_low"] is not None and ("own favourites", "ndcg") not in values
    rows = json.loads((out := run("evaluate", "-k", 5, "--repeats", "--json")).stdout)
    assert ("own favourites", "ndcg") in values_of(out)
    connection = sqlite3.connect(library / "library.db")
    (n,) = connection.execute(
        "SELECT count(*) FROM metrics WHERE run_id = (SELECT max(id) FROM runs WHERE stage = 'evaluate')"
    ).fetchone()
    connection.close()
    assert n == len(rows)


def test_a_high_popularity_weight_leaves_popularity_alone(run):
    plain, turned = (
        values_of(run("evaluate", "-k", 5, "--popularity", popularity_weight, "--json"))
        for popularity_weight in (0, 100)
    )
    assert turned["two-tower", "novelty"]["value"] == pytest.approx(turned["popular", "novelty"]["value"])
    assert plain["two-tower", "novelty"]["value"] > 1.01 * turned["two-tower", "novelty"]["value"]


def test_a_report_that_cannot_be_written_is_refused_before_the_work(run, library, tmp_path):
    (tmp_path / "taken").touch()
    with sqlite3.connect(library / "library.db") as connection:
        (n_before,) = connection.execute("SELECT count(*) FROM runs").fetchone()
        assert f"{tmp_path / 'taken'}: File exists." in run("evaluate", "--report", tmp_path / "taken", code=1).output
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (n_before,)


def test_an_evaluation_with_everything(run, library, tmp_path):
    arguments = ["evaluate", "-k", 5, "--rivals", "all", "--sampled", "--ann", "--report", tmp_path / "page"]
    out = run(*arguments)
    assert "iALS: alpha" in out.stdout and "BPR (implicit): regularization" in out.stdout
    assert "One target among 99 others" in out.stdout and "Krichene" in out.stdout
    assert "Indexes tuned to recall@5 0.98" in out.stdout and "hnsw efSearch" in out.stdout
    assert f"{tmp_path / 'page' / 'evaluation.md'} written." in out.stderr
    page = (tmp_path / "page" / "evaluation.md").read_text(encoding="utf-8")
    assert page.startswith("# two-tower beside 6 baselines") and "| popular |" in page
    connection = sqlite3.connect(library / "library.db")
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
def test_a_protocol_holds_from_training_to_metrics(run, library, protocol, words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    report = json.loads(run("train-tower", *QUICK, "--epochs", 1, "--split", protocol, "--json").stdout)
    assert report["split"] == protocol
    out = run("evaluate", "-k", 3, "-k", 100, "--sampled", "--ann").stdout
    assert f"Split {protocol}:" in out and words in out.replace("\n", " ")
    assert "popular" in out and ("own favourites" in out) == (protocol in ("next-track", "yambda"))
    assert "…" not in out and max(map(len, out.splitlines())) <= 100


def test_towers_of_earlier_listens_are_not_evaluated(run, library, tmp_path):
    writer, _ = open_library(library)
    with writer:
        import_table(writer, tmp_path / "more.csv", ["user,artist,title,timestamp", "new,Artist 0,Song 0,1600000000"])
    out = run("evaluate", code=1)
    assert "The listens, or their links with files, have changed since the towers learned from them." in out.output
    assert "Run `cli train-tower` anew." in out.output
    rows = json.loads(run("recommend", "new", "-k", 3, "--json").stdout)
    assert len(rows) == 3 and "Song 0" not in {row["title"] for row in rows}  # whom training never saw
    run("train-tower", *QUICK, "--epochs", 1, "--split", "none", "--model", "dot")
    assert "none are left to evaluate them on" in run("evaluate", code=1).output
    assert len(json.loads(run("recommend", "new", "--json").stdout)) > 3


def test_leakage_through_the_encoder_is_reported(run, library):
    note = "The encoder was trained on a graph of other listens than the towers"
    assert note not in run("evaluate").stdout.replace("\n", " ")
    writer, _ = open_library(library)
    with writer:
        start_run(writer, "train-audio", {"heard_of": [None]}, checkpoint="ear-1.safetensors")
        writer.db.execute("UPDATE runs SET checkpoint = 'ear-1.safetensors' WHERE stage = 'embed-audio'")
    out = run("evaluate").stdout.replace("\n", " ")
    assert note in out and "`cli build-graph --split global --share 0.1 --gap 1800 --seed 0`" in out


def test_the_popularity_weight_holds_for_indexes_too(run):
    by_weight = {}
    for popularity_weight in (0, 0.3):
        found = json.loads(run("evaluate", "-k", 5, "--popularity", popularity_weight, "--ann", "--json").stdout)
        rows = (row for row in found if row["slice"] in ("all", "ann") and row["metric"] == "ndcg")
        by_weight[popularity_weight] = {row["subject"]: row["value"] for row in rows}
        assert by_weight[popularity_weight]["flat"] == pytest.approx(by_weight[popularity_weight]["two-tower"])
    assert by_weight[0]["flat"] != by_weight[0.3]["flat"]
