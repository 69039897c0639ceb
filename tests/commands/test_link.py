"""`cli link`: catalog tracks find their files, as a user meets it."""

import json
from functools import partial

import pytest

from commands_typed import invoke, rows_of
from library_world import add, at, heard, open_library
from listen_exports import lastfm_1k


@pytest.fixture
def folder(tmp_path):
    """Files 1, One by Air, and 2, Vitamin C by Can."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/m/1.mp3", at(0), artist="Air", title="One", album="Moon")])
        add(library, head, [heard("/m/2.mp3", at(9), artist="Can", title="Vitamin C")])
    return tmp_path


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library")


@pytest.fixture
def listened(folder, run):
    lines = [("AIR", "One (2010 Remaster)"), ("Can", "Vitamine C"), ("Neu!", "Hero")]
    text = "".join(f"me\t2009-05-04T23:08:57Z\t\t{artist}\t\t{title}\n" for artist, title in lines)
    run("import-listens", lastfm_1k(folder / "x.tsv", text))
    return folder


def linked(folder):
    return rows_of(folder / "library", "SELECT id, linked_id FROM tracks WHERE linked_id IS NOT NULL ORDER BY id")


def test_link(listened, run):
    rehearsed = run("link", "--dry-run")
    assert rehearsed.stdout.startswith("1 of 3 catalog tracks would be linked with files; 1 near misses, 0 conflicts\n")
    assert linked(listened) == []
    result = run("link")
    assert result.stdout.startswith("1 of 3 catalog tracks are now linked with files; 1 near misses, 0 conflicts\n")
    assert "near miss: almost the same" in result.stdout and "Can - Vitamine C" in result.stdout
    assert linked(listened) == [(3, 1)]
    assert run("link", "--pair", 4, 2).stdout == "1 linked, 0 links taken back\n"
    assert linked(listened) == [(3, 1), (4, 2)]
    twice = run("link", "--pair", 4, 2, "--pair", 4, 1, code=2)
    assert "--pair links 4 with two tracks" in twice.output and linked(listened) == [(3, 1), (4, 2)]
    assert run("link", "--unlink", 3, "--unlink", 99).stdout == "0 linked, 1 links taken back\n"
    assert linked(listened) == [(4, 2)]


def test_link_for_programs(listened, run):
    rows = json.loads(run("link", "--json").stdout)
    assert [(row["result"], row["catalog_id"], row["track_id"]) for row in rows] == [
        ("linked", 3, 1),
        ("near miss", 4, 2),
    ]
    assert run("link", "--csv").stdout.startswith("result,catalog_id,catalog,track_id,track,why,likeness\nnear miss,4,")


def test_link_says_what_is_wrong(listened, run, run_cli):
    result = run_cli(listened / "library", "link", "--pair", 1, 2)
    assert (
        result.returncode == 1
        and "Error: 1 is the id of no catalog track.\n\nRun `cli link --dry-run`" in result.stderr
    )
    assert "shows what `cli link` by itself would do" in run("link", "--dry-run", "--unlink", 3, code=2).stderr


def test_link_reminds_of_graphs(listened, run):
    run("build-graph", "--min-together", 1)
    assert "run `cli build-graph --from listens --min-together 1`" in run("link").stderr


@pytest.mark.parametrize("arguments", [(), ("--pair", 4, 2), ("--unlink", 3)])
def test_link_leaves_every_index_up_to_date(listened, run, arguments):
    """Links change which tracks are one recording, and of each recording an index holds one."""
    run("build-index")
    run("link")
    run("link", *arguments)
    stale = "SELECT count(*) FROM spaces WHERE revision IS NOT neighbours_revision"
    assert rows_of(listened / "library", stale) == [(0,)]
    states = "SELECT count(*) FROM spaces JOIN index_files USING (space) WHERE spaces.revision <> index_files.revision"
    assert rows_of(listened / "library", states) == [(0,)]
