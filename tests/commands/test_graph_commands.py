"""The graph's commands as a user meets them, on a library made by hand."""

import json
from functools import partial

import networkx as nx
import pytest

from commands_typed import invoke, rows_of
from library_world import add, at, heard, open_library

ARTISTS = ("Air", "Björk", "Can", "Donovan")


@pytest.fixture
def folder(tmp_path):
    """Two tracks each of four artists, in a folder of their own; the first of each has a title."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(
            library,
            head,
            [
                heard(
                    str(tmp_path / f"music/{artist}/{number}.mp3"),
                    at(number),
                    title=title,
                    artist=artist,
                    album=f"Of {artist}",
                )
                for artist in ARTISTS
                for number, title in ((1, f"{artist}'s song"), (2, None))
            ],
        )
    return tmp_path


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library")


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_an_edge_list_of_artists(folder, run):
    path = write(folder, "likes.csv", "source,target,weight\nAir,Can,2\nAir,Neu!,1\nCan,,1\n")
    result = run("import-graph", path, "--level", "artist", "--kind", "taste")
    assert result.stdout == (
        "taste: 2 directed edges between 3 artists\n  of 3 artists named, 2 were known and 2 have audio\n"
    )
    assert "1 malformed rows left out:\n    row 3: Can, , 1.0\n" in result.stderr
    assert rows_of(folder / "library", "SELECT source_id, target_id, weight FROM edges") == [(1, 3, 2.0), (1, 5, 1.0)]
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


def test_listens_become_a_graph(folder, run):
    # four listeners play Air and Can, three Björk and Donovan
    lines = [f"u{n},{artist},{n}" for n in range(1, 5) for artist in ("Air", "Can")]
    lines += [f"v{n},{artist},1" for n in range(3) for artist in ("Björk", "Donovan")]
    path = write(folder, "listens.csv", "user,artist,plays\n" + "\n".join(lines) + "\n,Air,1\n")
    result = run("import-listens", path)
    assert "14 listens by 7 users (7 new) to 4 artists" in result.stdout and "4 were known" in result.stdout
    assert "1 malformed rows left out" in result.stderr
    again = run("import-listens", path)
    assert again.stdout.startswith("Nothing added: listens.csv was imported on ") and "--again" in again.stdout
    assert "(0 new)" in run("import-listens", path, "--again").stdout
    assert rows_of(folder / "library", "SELECT level, n_events, n_malformed FROM listens") == [("artist", 14, 1)]

    built = run("build-graph")
    assert built.stdout == "listens: 4 directed edges between 4 of 4 artists in 7 groups\n"
    assert rows_of(folder / "library", "SELECT source_id, target_id FROM edges") == [(1, 3), (2, 4), (3, 1), (4, 2)]
    bounded = run("build-graph", "--min-together", 4, "--weighting", "cosine")
    assert bounded.stdout == "listens: 2 directed edges between 2 of 4 artists in 7 groups\n"
    nothing = run("build-graph", "--min-together", 5)
    assert nothing.stdout == "" and "listens: no edge among 4 artists in 7 groups" in nothing.stderr


def test_playlists_become_a_graph(folder, run):
    write(folder, "a.m3u", "music/Air/1.mp3\nmusic/Can/1.mp3\nmusic/none.mp3\nhttp://radio\n")
    write(folder, "b.m3u8", "music/Can/1.mp3\nmusic/Air/1.mp3\n")
    write(folder, "c.xspf", "<html/>")
    result = run("import-playlists", folder)
    assert result.stdout == "2 playlists: 4 entries are tracks of the library, 1 are not, 1 are no files\n"
    assert f"not in the library:\n    {folder}/music/none.mp3\n" in result.stderr
    assert "Left out: " in result.stderr and "not an XSPF playlist" in result.stderr
    listed = json.loads(run("import-playlists", folder / "a.m3u", "--json").stdout)
    assert [(one["name"], one["n_matched"], len(one["unmatched"])) for one in listed] == [("a", 2, 1)]
    assert run("build-graph", "--from", "playlists", "--weighting", "cosine").stdout == (
        "playlists: 2 directed edges between 2 of 2 tracks in 2 groups\n"
    )
    failed = run("import-playlists", folder / "c.xspf", code=1)
    assert "No playlist could be read." in failed.stderr


def test_tags_become_a_graph(folder, run):
    table = write(folder, "tags.csv", "file,title,genre\nmusic/Air/2.mp3,Second,Downtempo\nmusic/no.mp3,x,x\n,x,x\n")
    result = run("import-tags", table)
    assert result.stdout == "2 rows with title, genre: 1 are tracks of the library, 1 tracks changed\n"
    assert "music/no.mp3" in result.stderr and "row 3: , x, x" in result.stderr
    differing = run("import-tags", write(folder, "t.csv", "file,artist\nmusic/Air/1.mp3,AIR\n"))
    assert "1 tracks say something else in their own tags (--overwrite replaces it)" in differing.stdout
    assert run("build-graph").stdout == (
        "artist: 4 undirected edges between 8 of 8 tracks in 4 groups\n"
        "album: 4 undirected edges between 8 of 8 tracks in 4 groups\n"
    )
    assert "no edge among 1 tracks" in run("build-graph", "--from", "genre").stderr


def test_only_the_most_recommended_stay(folder, run):
    pairs = [("Air", "Can"), ("Björk", "Can"), ("Donovan", "Can"), ("Can", "Air"), ("Björk", "Air"), ("Air", "Björk")]
    lines = "\n".join(f"u{n}{k},{artist}" for n, pair in enumerate(pairs) for k in range(2) for artist in pair)
    run("import-listens", write(folder, "l.csv", f"user,artist\n{lines}\n"))
    assert "between 2 of 4 artists" in run("build-graph", "--weighting", "cosine", "--top", 2).stdout
    assert rows_of(folder / "library", "SELECT source_id, target_id FROM edges") == [(1, 3), (3, 1)]
    settings = json.loads(rows_of(folder / "library", "SELECT settings FROM graphs")[0][0])
    assert settings["top"] == 2 and settings["weighting"] == "cosine"


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
        (["import-graph", "none.csv"], 2, "File 'none.csv' does not exist"),
        (
            ["import-graph", "{0}/taste.csv", "--source", "who"],
            1,
            "taste.csv has no column 'who'; it has source, target",
        ),
        (["import-graph", "{0}/taste.csv", "--names-are", "ids"], 1, "'Air' is the id of no artist in this library"),
        (["import-listens", "{0}/taste.csv"], 1, "no column of users; name one of source, target with --user"),
        (["import-tags", "{0}/taste.csv"], 1, "taste.csv has no column `file` or `path`; it has source, target"),
        (["build-graph"], 0, ""),
        (
            ["build-graph", "--from", "playlists"],
            1,
            "This library has no playlists to make a graph of.\n\nRun `cli import",
        ),
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
    assert "Which one graph? There are" in run("graph-stats", "--plot", folder / "x.png", code=2).stderr


def test_without_a_graph_it_says_what_to_type(folder, run_cli):
    result = run_cli(folder / "library", "graph-stats")
    assert result.returncode == 1 and "This library has no graph yet.\n\nRun `cli build-graph`" in result.stderr
    write(folder, "self.csv", "source,target\nAir,air\n")
    result = run_cli(folder / "library", "import-graph", folder / "self.csv", "--level", "artist")
    assert result.returncode == 1 and "no edge between two different artists; nothing was kept" in result.stderr
    assert "Traceback" not in result.stderr
