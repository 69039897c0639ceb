"""Building preference graphs from Python."""

import pytest

from artists_world import make_artists_folder, write
from earshot.index.graphs.graph_store import stored_graphs
from earshot.index.library import Library
from earshot.stages.build_graphs import build_graphs
from earshot.stages.imports.import_listens import import_listens
from earshot.stages.shared.reports import InputError, StageError


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(make_artists_folder(tmp_path) / "library") as library:
        yield library


def test_tags_and_listens_become_graphs(library, tmp_path):
    built = list(build_graphs(library))
    assert [(one.kind, one.level, one.n_items, one.n_groups) for one in built] == [
        ("artist", "track", 8, 4),
        ("album", "track", 8, 4),
    ]
    # four listeners play Air and Can, three Björk and Donovan
    lines = [f"u{n},{artist}" for n in range(4) for artist in ("Air", "Can")]
    lines += [f"v{n},{artist}" for n in range(3) for artist in ("Björk", "Donovan")]
    list(import_listens(library, write(tmp_path, "listens.csv", "user,artist\n" + "\n".join(lines))))
    (listens,) = build_graphs(library, min_together=4)
    assert listens.graph is not None and listens.graph.n_edges == 2
    assert str(listens) == "listens: 2 directed edges between 2 of 4 artists in 7 groups"
    assert {graph.kind for graph in stored_graphs(library)} == {"artist", "album", "listens"}
    (nothing,) = build_graphs(library, ["listens"], min_together=5)
    assert nothing.graph is None and str(nothing) == "listens: no edge among 4 artists in 7 groups"
    assert {graph.kind for graph in stored_graphs(library)} == {"artist", "album", "listens"}, "the earlier one stays"


def test_sources_that_a_library_lacks(library):
    with pytest.raises(StageError, match="no playlists and no listens to make a graph of"):
        list(build_graphs(library, ["playlists", "listens"]))
    with pytest.raises(InputError, match="made of none"):
        list(build_graphs(library, ["artist"], split="auto"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sources": ["mood"]}, "sources has 'mood'; there are listens, playlists, album, artist, genre"),
        ({"weighting": "tfidf"}, "weighting has 'tfidf'; there are cosine, ppmi"),
    ],
)
def test_words_that_mean_no_graph(library, arguments, message):
    with pytest.raises(InputError, match=message):
        list(build_graphs(library, **arguments))
