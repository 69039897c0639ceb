"""Stale parts of a library: found after a change, gone after the command that is named."""

import json
import shutil

import numpy as np
import pytest

from commands_typed import invoke, rows_of
from earshot.commands.build_graph import build_graph
from earshot.index.evaluation.leakage import listens_of_graphs, training_imports, training_listens
from earshot.index.health import staleness
from earshot.index.health.integrity import check_library
from earshot.index.health.staleness import build_command, stale_after_links, stale_lists, stale_parts, stale_towers
from earshot.index.library import Library
from earshot.index.recordings.recordings import group_recordings
from earshot.index.runs import finish_run, start_run
from library_world import add, at, heard, open_library, unit
from tower_world import import_table
from trained_library import QUICK, listens

HEAD = "user,artist,title,timestamp"
SETTINGS = {"weighting": "cosine", "top_n": 5, "min_together": 2, "min_degree": None, "top": None, "seed": 0}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two imports, a graph, spread vectors, towers, lists and an encoder that say what they were made of."""
    folder = tmp_path_factory.mktemp("stale")
    library, head = open_library(folder / "library")
    with library:
        files = [(f"/music/{n}.mp3", f"Artist {n // 4}", f"Song {n}") for n in range(6)]
        add(library, head, [heard(path, unit(1, 0.1 * n), artist=a, title=t) for n, (path, a, t) in enumerate(files)])
        import_table(library, folder / "first.csv", listens(np.random.default_rng(0)))
        import_table(library, folder / "more.csv", [HEAD, *(f"sam,Nobody,Only {n},{n}" for n in range(9))])
        finish_run(library, head, {})
    invoke(folder / "library", "build-graph", "--weighting", "cosine", "--top-n", 5)
    invoke(folder / "library", "diffuse-audio")
    invoke(folder / "library", "train-tower", *QUICK)
    invoke(folder / "library", "recommend", "--all", "-k", 3)
    invoke(folder / "library", "build-index")
    return folder


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made / "library", tmp_path / "library")
    shutil.copy(made / "more.csv", tmp_path / "library")
    return tmp_path / "library"


def steps(folder):
    with Library.open(folder) as library:
        return [part.fix for part in stale_parts(library)]


def trained(folder, **config):
    """An encoder, as `cli train-audio` would have left it."""
    with Library.open_to_write(folder) as library:
        (folder / "checkpoints" / "ear-0f.safetensors").write_bytes((2).to_bytes(8, "little") + b"{} ")
        run, _ = start_run(library, "train-audio", config, checkpoint="ear-0f.safetensors")
        finish_run(library, run, {})


def taught(folder, ear, before=None):
    """An encoder that learned from the graph of listens, afresh or on from another, as it says today."""
    with Library.open_to_write(folder) as library:
        imports = training_imports(library, ["listens"], before)
        heard_of = listens_of_graphs(library, ["listens"]) + training_listens(library, before)
        config = {"fresh": before is None, "heard_of": heard_of, "graphs": ["listens"], "imports": imports}
        (folder / "checkpoints" / ear).write_bytes((2).to_bytes(8, "little") + b"{} ")
        run, _ = start_run(library, "train-audio", config, checkpoint=ear)
        finish_run(library, run, {})


BUILD = ("build-graph", "--from", "listens", "--weighting", "cosine", "--top-n", 5)
FRESH = "cli train-audio --start fresh"


def test_nothing_is_stale_before(folder):
    assert steps(folder) == []


@pytest.mark.parametrize("number", [1, 2])
def test_models_of_forgotten_listens_are_named(folder, number):
    trained(folder, fresh=True, heard_of=[None], graphs=["listens"])
    invoke(folder, "forget-listens", number)
    assert invoke(folder, "check").stdout == "All is well.\n"
    build = "cli build-graph --from listens --weighting cosine --top-n 5"
    again = [build, "cli train-audio --start fresh", "cli train-tower"]
    again += ["cli recommend --all"] if number == 2 else []  # with their listeners all lists went
    assert [step for step in steps(folder) if step != "cli diffuse-audio"] == again
    output = invoke(folder, "status").stdout
    assert "(the graph listens was made of listens that were forgotten)" in output
    assert "(the encoder learned from listens that were forgotten)" in output


def test_they_are_renewed_by_what_is_named(folder):
    invoke(folder, "forget-listens", 2)
    for command in ("build-graph --from listens --weighting cosine --top-n 5", "diffuse-audio", "train-tower"):
        assert f"cli {command}" in steps(folder)
        invoke(folder, *command.split(), *(QUICK if command == "train-tower" else []))
    invoke(folder, "recommend", "--all", "-k", 3)
    assert steps(folder) == []
    assert invoke(folder, "check").stdout == "All is well.\n"


def test_an_encoder_is_stale_until_a_fresh_one_was_trained(folder):
    trained(folder, fresh=True, heard_of=[None], graphs=["listens"])
    invoke(folder, "forget-listens", 2)
    trained(folder, fresh=False, heard_of=[None], graphs=["listens"])
    assert "cli train-audio --start fresh" in steps(folder)  # it goes on from what had learned
    trained(folder, fresh=True, heard_of=[None], graphs=["listens"])
    assert "cli train-audio --start fresh" not in steps(folder)


def test_an_encoder_that_heard_of_no_listens_is_not_stale(folder):
    trained(folder, fresh=True, heard_of=[], graphs=["playlists"])
    invoke(folder, "forget-listens", 2)
    assert "cli train-audio --start fresh" not in steps(folder)


def test_an_encoder_is_stale_though_its_listens_were_imported_again_before_they_were_forgotten(folder):
    taught(folder, "ear-1.safetensors")
    invoke(folder, "import-listens", folder / "more.csv", "--again")
    assert FRESH not in steps(folder)
    invoke(folder, "forget-listens", 2)
    assert FRESH in steps(folder)
    invoke(folder, "import-listens", folder / "more.csv")
    assert FRESH not in steps(folder)  # it knows nothing that the library does not hold


def test_an_encoder_is_stale_that_learned_afresh_from_a_graph_of_forgotten_listens(folder):
    invoke(folder, "forget-listens", 2)
    taught(folder, "ear-1.safetensors")
    assert FRESH in steps(folder)
    invoke(folder, *BUILD)
    taught(folder, "ear-2.safetensors", before="ear-1.safetensors")
    assert FRESH in steps(folder)
    taught(folder, "ear-3.safetensors")
    assert FRESH not in steps(folder)


@pytest.mark.parametrize("says_what", [True, False])
def test_an_encoder_is_not_stale_for_listens_that_came_and_went_while_it_learned_nothing(folder, says_what):
    ears = "ear-1.safetensors", "ear-2.safetensors"
    taught(folder, ears[0]) if says_what else trained(folder, fresh=True, heard_of=[None], graphs=["listens"])
    (folder / "later.csv").write_text(f"{HEAD}\nsam,Nobody,Only 1,1\n")
    invoke(folder, "import-listens", folder / "later.csv")
    invoke(folder, "forget-listens", 3)
    taught(folder, ears[1], ears[0]) if says_what else trained(folder, heard_of=[None], graphs=["listens"])
    assert FRESH not in steps(folder)


def test_what_an_encoder_of_before_learned_from_is_not_known_to_one_that_goes_on_from_it(folder):
    trained(folder, fresh=True, heard_of=[None], graphs=["listens"])  # ear-0f, which does not say
    invoke(folder, "forget-listens", 2)
    invoke(folder, *BUILD)
    taught(folder, "ear-1.safetensors", before="ear-0f.safetensors")
    assert rows_of(folder, "SELECT json_extract(config, '$.imports') FROM runs ORDER BY id DESC LIMIT 1") == [(None,)]
    assert FRESH in steps(folder)


def test_a_graph_is_of_other_listens_where_those_that_it_was_made_of_are_there(folder):
    (folder / "later.csv").write_text(f"{HEAD}\nsam,Nobody,Only 1,1\n")
    invoke(folder, "import-listens", folder / "later.csv")
    invoke(folder, "forget-listens", 3)
    invoke(folder, "import-listens", folder / "later.csv")
    assert "(the graph listens was made of other listens or links)" in invoke(folder, "status").stdout


def reasons(library, find):
    return [part.what for part in find(library)]


def test_towers_and_lists_are_stale_after_a_link_or_an_import(folder):
    changed = "listens or links have changed since the {}"
    with Library.open_to_write(folder) as library:
        assert reasons(library, stale_towers) == reasons(library, stale_lists) == []
        (track_id,) = library.db.execute("SELECT id FROM tracks WHERE status = 'catalog'").fetchone()
        for change, undo in (
            (f"UPDATE tracks SET linked_id = 1 WHERE id = {track_id}", "UPDATE tracks SET linked_id = NULL"),
            ("UPDATE listens SET imported = '2999-01-01'", ""),
        ):
            library.db.execute(change)
            group_recordings(library)
            assert reasons(library, stale_towers) == [changed.format("towers learned")]
            assert reasons(library, stale_lists) == [changed.format("lists were made")]
            library.db.execute(undo)
            group_recordings(library)
        library.db.execute("DELETE FROM spaces WHERE space = 'tower'")
        (towers,) = stale_towers(library)
        assert towers.is_new and towers.what.endswith("listens say who wants what")
        assert "cli train-tower" not in {part.fix for part in stale_after_links(library)}  # none were ever trained
        library.db.execute("DELETE FROM listens")
        assert reasons(library, stale_towers) == []


def test_lists_of_earlier_towers_are_stale(folder):
    invoke(folder, "train-tower", *QUICK, "--seed", 1)
    assert steps(folder) == ["cli recommend --all"]


@pytest.mark.parametrize(
    ("sql", "file", "fix"),
    [
        ("DELETE FROM index_files WHERE space = 'tower'", None, "cli build-index"),
        ("UPDATE spaces SET neighbours_revision = NULL WHERE space = 'diffused'", None, "cli build-index"),
        ("DELETE FROM vectors WHERE space = 'audio' AND track_id = 1", None, "cli embed-audio"),
        ("", "diffused-*.faiss", "cli build-index"),
        ("", "audio-*.faiss", "cli build-index"),
        ("", "checkpoints/towers-*.pt", "cli train-tower"),
    ],
)
def test_status_and_check_agree(folder, sql, file, fix):
    """In every space: what `cli check` says to type is among what `cli status` says, for the same reason."""
    with Library.open_to_write(folder) as library:
        library.db.execute(sql)
        for path in folder.glob(file) if file else ():
            path.write_bytes(path.read_bytes()[:-9])
        problems, parts = list(check_library(library)), list(stale_parts(library))
    assert fix in {problem.fix for problem in problems}
    assert {problem.fix for problem in problems} <= {part.fix for part in parts}
    assert all(any(problem.what.startswith(part.what) for part in parts) for problem in problems)
    learned = {"cli diffuse-audio"}  # of vectors that are others now, which is no damage
    assert {part.fix for part in parts} - {problem.fix for problem in problems} <= learned


ODD = [None, 5, "x", [], [1], [[1]], [None], {}, {"a": [1]}, True, 1e400, "\ud800\u001b[31m"]


def as_json(value):
    return json.dumps(value).replace("Infinity", "1e999")


@pytest.mark.parametrize("key", ["graphs", "heard_of", "imports", "fresh", "imported", "listens", "towers", "audio"])
def test_odd_settings_of_runs_are_no_traceback(folder, key):
    taught(folder, "ear-1.safetensors")
    invoke(folder, "forget-listens", 2)
    for odd in ODD:
        with Library.open_to_write(folder) as library:
            query = "UPDATE runs SET config = json_set(json_remove(config, '$.imports'), ?, json(?))"
            library.db.execute(query, [f"$.{key}", as_json(odd)])
            training_listens(library, "ear-1.safetensors"), training_imports(library, ["listens"], "ear-1.safetensors")
        invoke(folder, "status")


@pytest.mark.parametrize("key", ["split", "listening", "imports", "listens", "weighting", "top_n", "split.share"])
def test_odd_settings_of_graphs_are_no_traceback(folder, key):
    invoke(folder, "forget-listens", 2)
    for odd in ODD:
        with Library.open_to_write(folder) as library:
            query = "UPDATE graphs SET settings = json_set(settings, '$.split', json('{}'), ?, json(?))"
            library.db.execute(query, [f"$.{key}", as_json(odd)])
            listens_of_graphs(library, ["listens"]), training_imports(library, ["listens"], None)
        assert "cli build-graph --from listens" in invoke(folder, "status").stdout


@pytest.mark.parametrize("text", ["[1", "5", "[1]", "nonsense", "[" * 100_000])
@pytest.mark.parametrize("column", ["runs SET config", "graphs SET settings"])
def test_settings_that_are_no_json_object_are_named(folder, column, text):
    taught(folder, "ear-1.safetensors")
    with Library.open_to_write(folder) as library:
        library.db.execute(f"UPDATE {column} = ?", [text])
    assert "where settings should be" in invoke(folder, "status", code=1).stderr


def test_defaults_of_build_graph_are_not_typed():
    usual = {parameter.name: parameter.default for parameter in build_graph.params}
    assert {name: usual[name] for name in staleness.BUILD_DEFAULTS} == staleness.BUILD_DEFAULTS
    assert build_command(usual | {"split": None}) == "cli build-graph --from listens"


def test_without_any_listens_left_status_says_to_import_some(folder):
    invoke(folder, "forget-listens", 1)
    invoke(folder, "forget-listens", 2)
    assert invoke(folder, "check").stdout == "All is well.\n"
    commands = steps(folder)
    assert commands.count("cli import-listens FILE") == 2 and "cli train-tower" not in commands
    assert "cli recommend --all" not in commands


def test_forgetting_again_finishes_what_a_kill_left(folder):
    """Killed after the COMMIT, before the index: the same command, though it says that there is no such import."""
    with Library.open_to_write(folder) as library:
        from earshot.index.removal import forget_listens

        forget_listens(library, 2)
    assert "There is no import 2" in invoke(folder, "forget-listens", 2, code=1).stderr
    assert invoke(folder, "check").stdout == "All is well.\n"
    assert rows_of(folder, "SELECT count(*) FROM listens") == [(1,)]


def test_a_graph_is_made_again_as_it_was():
    assert build_command({}) == "cli build-graph --from listens"
    split = {"protocol": "random", "share": 0.1, "gap_s": 0, "seed": 0}
    assert build_command(SETTINGS | {"split": split}) == (
        "cli build-graph --from listens --weighting cosine --top-n 5 --split random --share 0.1 --gap 0"
    )


@pytest.mark.parametrize("damage", ["missing", "empty", "other bytes"])
def test_towers_that_a_disk_lost_are_trained_anew_as_check_says(folder, damage):
    (towers,) = (folder / "checkpoints").glob("towers-*.pt")
    whole = towers.read_bytes()
    if damage == "missing":
        towers.unlink()
    else:
        towers.write_bytes(b"" if damage == "empty" else whole[:-200] + bytes(100) + whole[-100:])
    output = invoke(folder, "check", "--read-data", code=1).stdout
    assert f"checkpoints/{towers.name} is {'missing' if damage == 'missing' else 'damaged'}" in output
    assert "cli train-tower" in output
    if damage != "other bytes":
        output = invoke(folder, "recommend", "listener 1", code=1).stderr
        assert "Restore it from a backup, or run `cli train-tower`." in output
        assert steps(folder) == ["cli train-tower"]
    invoke(folder, "train-tower", *QUICK)
    assert "checkpoints/" not in invoke(folder, "check", "--read-data", code=1).stdout  # its music is made up


def test_a_cache_that_a_disk_lost_is_made_anew_without_a_word(folder):
    """FAISS files by the next command that writes, arrays of listens by the next reader."""
    for path in [*folder.glob("*.faiss"), *(path for path in folder.glob("listens/arrays-*/*") if path.is_file())]:
        path.write_bytes(b"")
    found = invoke(folder, "recommend", "listener 1", "--json")
    assert "listener" not in found.stderr and found.stdout.startswith("[")
    assert invoke(folder, "similar", 1, "--json").stdout.startswith("[")
    invoke(folder, "build-index")
    assert invoke(folder, "check").stdout == "All is well.\n"


@pytest.mark.parametrize("change", ["DELETE FROM fingerprints", "UPDATE fingerprints SET is_compared = 0"])
def test_a_library_of_a_version_without_fingerprints_or_killed_before_they_were_compared(tmp_path, change):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/a.mp3", at(1)), heard("/b.mp3", at(2))])
        finish_run(library, head, {})
        assert not [part for part in stale_parts(library, "ear") if "copies" in part.what]
        library.db.execute(f"{change} WHERE track_id = 2")
        (part,) = [part for part in stale_parts(library, "ear") if "copies" in part.what]
        assert str(part) == "cli embed-audio   (copies of 1 tracks are not known yet)"
