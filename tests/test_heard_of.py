"""Whether the ear knows of listens that towers are asked about."""

import numpy as np
import pytest
from library_world import add, at, heard, open_library
from tower_world import import_table

from index.edges import store_graph
from index.groups import read_groups
from index.heard_of import ear_in_use, listens_heard_of, partings_of

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
    assert (1, 1, 1.0) in pairs(everything) and everything.told() == {"split": None}
    known = read_groups(library, "listens", SPLIT)["listens"]
    assert pairs(known) == [(0, 2, 2.0), (0, 3, 2.0), (0, 4, 1.0), (1, 2, 1.0)]
    assert read_groups(library, "listens", SPLIT | {"protocol": "auto"})["listens"].told() == {"split": SPLIT}
    with pytest.raises(ValueError, match="split"):
        read_groups(library, "listens", SPLIT | {"protocol": "given"})


def test_an_ear_remembers_what_it_was_taught_by(library):
    ends = np.array([1, 2]), np.array([2, 3])
    for kind, origin, settings in (("listens", "build-graph", {"split": SPLIT}), ("friends", "a file", {})):
        store_graph(library, kind, "track", *ends, directed=True, origin=origin, settings=settings)
    assert partings_of(library, ["listens", "friends"]) == [SPLIT] and partings_of(library, ["friends"]) == []
    store_graph(library, "listens", "track", *ends, directed=True, origin="build-graph", settings={})
    assert partings_of(library, ["listens"]) == [None]  # made before graphs said so: of all listens
    assert ear_in_use(library) is None and listens_heard_of(library, None) == []
    library.start_run("train-audio", {"heard_of": [SPLIT, None]}, checkpoint="ear-1.safetensors")
    assert listens_heard_of(library, "ear-1.safetensors") == [SPLIT, None]
    run, _ = library.start_run("embed-audio", {}, checkpoint="ear-1.safetensors")
    library.db.execute("UPDATE spaces SET run_id = ? WHERE space = 'audio'", [run])
    assert ear_in_use(library) == "ear-1.safetensors"
