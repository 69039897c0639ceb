"""After listens were forgotten `cli check` finds nothing, and `cli status` names what was made of them."""

import shutil

import numpy as np
import pytest
from commands_typed import invoke, rows_of
from library_world import add, heard, open_library, unit
from tower_world import import_table
from trained_library import QUICK, listens

from index.library import Library
from index.staleness import build_command, stale_parts

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
        library.finish_run(head, {})
    invoke(folder / "library", "build-graph", "--weighting", "cosine", "--top-n", 5)
    invoke(folder / "library", "diffuse-audio")
    invoke(folder / "library", "train-tower", *QUICK)
    invoke(folder / "library", "recommend", "--all", "-k", 3)
    invoke(folder / "library", "build-index")
    return folder


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made / "library", tmp_path / "library")
    return tmp_path / "library"


def steps(folder):
    with Library.open(folder) as library:
        return [command for command, _ in stale_parts(library)]


def trained(folder, **config):
    """An encoder, as `cli train-audio` would have left it."""
    with Library.open_to_write(folder) as library:
        (folder / "checkpoints" / "ear-0f.safetensors").write_bytes((2).to_bytes(8, "little") + b"{} ")
        run, _ = library.start_run("train-audio", config, checkpoint="ear-0f.safetensors")
        library.finish_run(run, {})


def test_nothing_is_stale_before(folder):
    assert steps(folder) == []


@pytest.mark.parametrize("number", [1, 2])
def test_what_was_made_of_forgotten_listens_is_named_and_renewed_by_what_is_named(folder, number):
    trained(folder, fresh=True, heard_of=[None], graphs=["listens"])
    invoke(folder, "forget-listens", number)
    assert invoke(folder, "check").stdout == "All is well.\n"
    build = "cli build-graph --from listens --weighting cosine --top-n 5"
    again = [build, "cli train-audio --start fresh", "cli train-tower"]
    again += ["cli recommend --all"] if number == 2 else []  # with their listeners all lists went
    assert [step for step in steps(folder) if step != "cli diffuse-audio"] == again
    told = invoke(folder, "status").stdout
    assert "(the graph listens was made of listens that were forgotten)" in told
    assert "(the encoder learned from listens that were forgotten)" in told


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


def test_without_any_listens_left_status_says_to_import_some(folder):
    invoke(folder, "forget-listens", 1)
    invoke(folder, "forget-listens", 2)
    assert invoke(folder, "check").stdout == "All is well.\n"
    told = steps(folder)
    assert told.count("cli import-listens FILE") == 2 and "cli train-tower" not in told
    assert "cli recommend --all" not in told


def test_a_forgotten_import_mends_what_a_kill_left(folder):
    """Killed after the COMMIT, before the index: the same command, though it says that there is no such import."""
    with Library.open_to_write(folder) as library:
        from index.forgetting import forget_listens

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
    told = invoke(folder, "check", "--read-data", code=1).stdout
    assert f"checkpoints/{towers.name} is {'missing' if damage == 'missing' else 'damaged'}" in told
    assert "cli train-tower" in told
    if damage != "other bytes":
        told = invoke(folder, "recommend", "listener 1", code=1).stderr
        assert "Restore it from a backup, or run `cli train-tower`." in told
        assert steps(folder) == ["cli train-tower"]
    invoke(folder, "train-tower", *QUICK)
    assert "checkpoints/" not in invoke(folder, "check", "--read-data", code=1).stdout  # its music is made up


def test_a_cache_that_a_disk_lost_is_made_anew_without_a_word(folder):
    """FAISS files by the next command that writes, arrays of listens by whoever reads them."""
    for path in [*folder.glob("*.faiss"), *(path for path in folder.glob("listens/arrays-*/*") if path.is_file())]:
        path.write_bytes(b"")
    found = invoke(folder, "recommend", "listener 1", "--json")
    assert "listener" not in found.stderr and found.stdout.startswith("[")
    assert invoke(folder, "similar", 1, "--json").stdout.startswith("[")
    invoke(folder, "build-index")
    assert invoke(folder, "check").stdout == "All is well.\n"
