"""`cli graph-stats` as a user meets it: numbers, pictures and exports."""

import json
from functools import partial

import networkx as nx
import pytest

from artists_world import ARTISTS, make_artists_folder, write
from commands_typed import invoke


@pytest.fixture
def folder(tmp_path):
    return make_artists_folder(tmp_path)


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library")


@pytest.fixture
def with_graph(folder, run):
    path = write(folder, "taste.csv", "source,target\nAir,Can\nBjörk,Can\nCan,Donovan\nNeu!,Can\n")
    run("import-graph", path, "--level", "artist")


def test_stats(folder, run, with_graph):
    text = run("graph-stats").stdout
    assert "taste: 4 directed edges between 5 artists" in text
    assert "with audio  80.0 %" in text and "components  1, the largest holds 100.0 %" in text
    # of 20 ordered pairs 4 are one hop apart, and 3 (those who like Can, to Donovan) two
    assert "1: 20.0 %, 2: 15.0 %, 3: 0.0 %, 4: 0.0 %, unreachable: 65.0 % (of pairs, from 5 nodes)" in text
    assert "recommended Can (3), Donovan (1)" in text
    (facts,) = json.loads(run("graph-stats", "taste", "--json").stdout)
    assert facts["most_recommended"]["Can"] == 3 and facts["with_audio"] == 0.8
    assert facts["in_degrees"]["max"] == 3 and facts["hop_shares"]["2"] == 0.15


def test_a_picture_and_an_export(folder, run, with_graph):
    picture, export = folder / "x.png", folder / "x.graphml"
    result = run("graph-stats", "taste", "--plot", picture, "--graphml", export)
    assert f"{picture} written" in result.stderr and picture.read_bytes().startswith(b"\x89PNG")
    graph = nx.read_graphml(export)
    assert sorted(label for _, label in graph.nodes(data="label")) == sorted([*ARTISTS, "Neu!"])
    assert graph.number_of_edges() == 4
    around = run("graph-stats", "taste", "--around", "björk", "--graphml", export)
    assert "around      Can, Air, Donovan, Neu!" in around.stdout
    assert nx.read_graphml(export).nodes["0"]["label"] == "Björk"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["graph-stats", "--plot", "{0}/x.png", "--around", "Nobody"], 1, "answers to 'Nobody'"),
        (["graph-stats", "--plot", "{0}/x.doc"], 1, "doc"),
        (["graph-stats", "--plot", "{0}/none/x.png"], 1, "none/x.png: No such file or directory."),
    ],
)
def test_mistakes_get_one_clear_message(folder, run, with_graph, arguments, code, words):
    result = run(*(argument.format(folder) for argument in arguments), code=code)
    assert words in result.stderr and "Traceback" not in result.stderr


def test_which_one_of_several_graphs(folder, run, with_graph):
    run("build-graph", "--from", "artist")
    assert "Which graph? There are" in run("graph-stats", "--plot", folder / "x.png", code=2).stderr


def test_without_a_graph_it_says_what_to_type(run):
    assert "This library has no graph yet.\n\nRun `cli build-graph`" in run("graph-stats", code=1).stderr
