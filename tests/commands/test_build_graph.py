"""`cli build-graph` as a user meets it: from listens, playlists and tags."""

import json
from functools import partial

import pytest

from artists_world import make_artists_folder, write
from commands_typed import invoke, rows_of


@pytest.fixture
def folder(tmp_path):
    return make_artists_folder(tmp_path)


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library")


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

    (known,) = json.loads(run("import-listens", path, "--json").stdout)
    assert (known["is_new"], known["n_events"], known["level"]) == (False, 14, "artist")
    (new,) = json.loads(run("import-listens", path, "--again", "--json").stdout)
    assert (new["is_new"], new["n_matched"], new["n_new_users"], len(new["malformed"])) == (True, 4, 0, 1)

    (reported,) = json.loads(run("build-graph", "--json").stdout)
    assert (reported["kind"], reported["n_groups"], reported["graph"]["n_edges"]) == ("listens", 7, 4)
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
    assert "1 tracks have other tags (--overwrite replaces them)" in differing.stdout
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


def test_without_a_source_it_says_what_to_import(run):
    result = run("build-graph", "--from", "playlists", code=1)
    assert "This library has no playlists to make a graph of.\n\nRun `cli import" in result.stderr
    assert "--split parts listens to tracks" in run("build-graph", "--split", "auto", code=2).stderr
