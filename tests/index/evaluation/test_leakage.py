"""Leakage of the listens that towers are evaluated on into the encoder."""

import json

import numpy as np
import pytest

from earshot.data.events.splits import split_listens
from earshot.index.evaluation.leakage import current_ear, listens_of_graphs, training_imports, training_listens
from earshot.index.graphs.graph_store import store_graph
from earshot.index.graphs.item_groups import read_groups
from earshot.index.recommending.tower_data import read_tower_data
from earshot.index.runs import start_run
from library_world import add, at, heard, open_library
from tower_world import import_table

SPLIT = {"protocol": "global", "share": 0.2, "gap_s": 0, "seed": 0}


@pytest.fixture
def library(tmp_path):
    """Two listeners, of whom one plays track 1 once and for the last time."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(n), artist="Ann", title=f"Song {n}") for n in range(4)])
        rows = ["user,artist,title,timestamp", *(f"eve,Ann,Song {n % 3 + 1},{100 + n}" for n in range(8))]
        import_table(library, tmp_path / "listens.csv", [*rows, "sam,Ann,Song 1,99", "sam,Ann,Song 0,200"])
        yield library


def pairs(groups):
    return sorted(zip(groups.group_rows.tolist(), groups.item_ids.tolist(), groups.counts.tolist(), strict=True))


def test_of_listens_only_the_part_to_learn_from(library):
    everything = read_groups(library, "listens")["listens"]
    assert (1, 1, 1.0) in pairs(everything) and everything.settings["split"] is everything.settings["listens"] is None
    known = read_groups(library, "listens", SPLIT)["listens"]
    assert pairs(known) == [(0, 2, 2.0), (0, 3, 2.0), (0, 4, 1.0), (1, 2, 1.0)]
    assert read_groups(library, "listens", SPLIT | {"protocol": "auto"})["listens"].settings == known.settings
    train = split_listens(read_tower_data(library).listens, **SPLIT).train
    assert known.settings["split"] == SPLIT and known.settings["listens"] == train.digest()
    with pytest.raises(ValueError, match="these listens have no given split"):
        read_groups(library, "listens", SPLIT | {"protocol": "given"})


def test_a_skip_is_a_play_wherever_plays_are_counted(tmp_path):
    library, _ = open_library(tmp_path / "library")
    with library:
        rows = [f"{user},Ann,Song {n},{10 * n},{0 if n % 2 else 0.1}" for user in ("eve", "sam") for n in range(10)]
        import_table(library, tmp_path / "listens.csv", ["user,artist,title,timestamp,played_ratio", *rows])
        (whole,), (part,) = (read_groups(library, "listens", split).values() for split in (None, SPLIT))
        held = set(zip(part.group_rows.tolist(), part.item_ids.tolist(), strict=True))
        assert set(pairs(part)) == {row for row in pairs(whole) if row[:2] in held} and len(held) == 12


def test_a_graph_remembers_the_imports_that_it_was_made_of(library, tmp_path):
    import_table(library, tmp_path / "more.csv", ["user,artist,title,timestamp", "ada,Ann,Song 1,500"])
    import_table(library, tmp_path / "artists.csv", ["user,artist,timestamp", "ada,Ann,500"])
    tracks, artists = (
        [digest for (digest,) in library.db.execute("SELECT content_hash FROM listens WHERE level = ?", [level])]
        for level in ("track", "artist")
    )
    for split in (None, SPLIT):
        made = read_groups(library, "listens", split)
        assert made["listens"].settings["imports"] == tracks and len(tracks) == 2
        assert made["listens-artist"].settings["imports"] == artists and len(artists) == 1
    ends = np.array([1, 2]), np.array([2, 3])
    store_graph(library, "friends", "track", *ends, directed=True, origin="a file")
    for kind, groups in made.items():
        store_graph(library, kind, "track", *ends, directed=True, origin="build-graph", settings=groups.settings)
    assert training_imports(library, ["friends"], None) == []
    assert training_imports(library, ["listens", "friends"], None) == sorted(tracks)
    told = {"heard_of": [], "graphs": ["listens-artist"], "imports": artists}
    start_run(library, "train-audio", told, checkpoint="ear-1.safetensors")
    assert training_imports(library, ["listens"], "ear-1.safetensors") == sorted(tracks + artists)
    start_run(library, "train-audio", {"heard_of": [], "graphs": ["friends"]}, checkpoint="ear-2.safetensors")
    assert training_imports(library, ["listens"], "ear-2.safetensors") == sorted(tracks)
    for older in ({"heard_of": ["1f3a"]}, {"heard_of": [], "graphs": ["listens-artist"]}, {}):
        start_run(library, "train-audio", older, checkpoint="ear-3.safetensors")
        assert training_imports(library, ["listens"], "ear-3.safetensors") is None
    store_graph(library, "listens", "track", *ends, directed=True, origin="build-graph", settings={})
    assert training_imports(library, ["listens"], None) is None


def test_an_ear_remembers_what_it_was_taught_by(library):
    ends = np.array([1, 2]), np.array([2, 3])
    for kind, origin, settings in (("listens", "build-graph", {"listens": "1f3a"}), ("friends", "a file", {})):
        store_graph(library, kind, "track", *ends, directed=True, origin=origin, settings=settings)
    assert listens_of_graphs(library, ["listens", "friends"]) == ["1f3a"]
    assert listens_of_graphs(library, ["friends"]) == []
    store_graph(library, "listens", "track", *ends, directed=True, origin="build-graph", settings={})
    assert listens_of_graphs(library, ["listens"]) == [None]  # made before graphs said so: of all listens
    assert current_ear(library) is None and training_listens(library, None) == []
    for told, ear in (({"heard_of": ["1f3a", None]}, "ear-1.safetensors"), ({}, "ear-2.safetensors")):
        start_run(library, "train-audio", told, checkpoint=ear)
    assert training_listens(library, "ear-1.safetensors") == ["1f3a", None]
    assert training_listens(library, "ear-2.safetensors") == [None]
    for told in (5, {}, "x", [5], [["1f3a"]]):
        library.db.execute("UPDATE runs SET config = ?", [json.dumps({"heard_of": told})])
        assert training_listens(library, "ear-1.safetensors") == [None]
    run, _ = start_run(library, "embed-audio", {}, checkpoint="ear-1.safetensors")
    library.db.execute("UPDATE spaces SET run_id = ? WHERE space = 'audio'", [run])
    assert current_ear(library) == "ear-1.safetensors"
