"""`cli import-graph` as a user meets it: edges by names, ids, paths and GraphML."""

import json
from functools import partial

import networkx as nx
import pytest

from artists_world import make_artists_folder, write
from commands_typed import invoke, rows_of


@pytest.fixture
def folder(tmp_path):
    return make_artists_folder(tmp_path)


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library")


def test_an_edge_list_of_artists(folder, run):
    path = write(folder, "likes.csv", "source,target,weight\nAir,Can,2\nAir,Neu!,1\nCan,,1\n")
    result = run("import-graph", path, "--level", "artist", "--kind", "taste")
    assert result.stdout == (
        "taste: 2 directed edges between 3 artists\n  of 3 artists named, 2 were known and 2 have audio\n"
    )
    assert "1 malformed rows left out:\n    row 3: Can, , 1.0\n" in result.stderr
    assert rows_of(folder / "library", "SELECT source_id, target_id, weight FROM edges") == [(1, 3, 2.0), (1, 5, 1.0)]
    report = json.loads(run("import-graph", path, "--kind", "taste", "--json").stdout)
    assert (report["n_edges"], report["n_nodes"], report["n_with_audio"], report["n_malformed"]) == (2, 3, 2, 1)
    run("import-graph", path, "--kind", "taste", "--undirected")  # that these are artists is seen from their names
    assert rows_of(folder / "library", "SELECT kind, directed, n_edges FROM graphs") == [("taste", 0, 2)]


def test_tracks_by_paths_from_the_files_folder(folder, run):
    path = write(folder, "tracks.tsv", "music/Air/1.mp3\tmusic/Can/2.mp3\nDonovan - Donovan's song\tmusic/Air/1.mp3\n")
    path.write_text("a\tb\n" + path.read_text("utf-8"), "utf-8")
    result = run("import-graph", path)
    assert (
        "tracks: 2 directed edges between 3 tracks" in result.stdout
        and "3 were known and 3 have audio" in result.stdout
    )
    assert rows_of(folder / "library", "SELECT source_id, target_id FROM edges") == [(1, 6), (7, 1)]


def test_a_table_of_names(folder, run):
    edges = write(folder, "edges.csv", "follower_artist_id,influencer_artist_id\n100,200\n200,999\n")
    names = write(folder, "artists.csv", "artist_id,artist\n100,Air\n200,Björk\n")
    result = run("import-graph", edges, "--names", names)  # the columns say that these are artists
    assert "2 of 3 names stand in artists.csv: artist_id means artist" in result.stderr
    assert "of 3 artists named, 2 were known and 2 have audio" in result.stdout
    plain = write(folder, "plain.csv", "source,target\n100,200\n")
    assert "between 2 artists" in run("import-graph", plain, "--names", names).stdout  # the table says so
    bare = run("import-graph", edges, "--level", "artist")
    assert "These names are numbers" in bare.stderr and "1 were known" in bare.stdout  # 999, since the last time


def test_graphml_says_itself_whether_it_is_directed(folder, run):
    graph = nx.Graph()
    graph.add_node("n1", label="Air")
    graph.add_node("n2", label="Can")
    graph.add_edge("n1", "n2")
    nx.write_graphml(graph, folder / "x.graphml")
    assert (
        "x: 1 undirected edges between 2 artists"
        in run("import-graph", folder / "x.graphml", "--level", "artist").stdout
    )
    assert "1 directed" in run("import-graph", folder / "x.graphml", "--level", "artist", "--directed").stdout


@pytest.fixture
def with_graph(folder, run):
    path = write(folder, "taste.csv", "source,target\nAir,Can\nBjörk,Can\nCan,Donovan\nNeu!,Can\n")
    run("import-graph", path, "--level", "artist")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import-graph", "none.csv"], 2, "File 'none.csv' does not exist"),
        (
            ["import-graph", "{0}/taste.csv", "--source", "who"],
            1,
            "taste.csv has no column 'who'; it has source, target",
        ),
        (["import-graph", "{0}/taste.csv", "--names-are", "ids"], 1, "'Air' is the id of no artist in this library"),
        (["import-listens", "{0}/taste.csv"], 1, "no column of users; name one of source, target with --user"),
        (["import-tags", "{0}/taste.csv"], 1, "taste.csv has no column `file` or `path`; it has source, target"),
    ],
)
def test_mistakes_get_one_clear_message(folder, run, with_graph, arguments, code, words):
    result = run(*(argument.format(folder) for argument in arguments), code=code)
    assert words in result.stderr and "Traceback" not in result.stderr


def test_a_graph_without_an_edge_is_refused(folder, run):
    edges = write(folder, "self.csv", "source,target\nAir,air\n")
    result = run("import-graph", edges, "--level", "artist", code=1)
    assert "no edge between two different artists; nothing was kept" in result.stderr
