"""Views of a graph from Python: three artists who lead to Can."""

import networkx as nx
import numpy as np
import pytest

from artists_world import make_artists_folder, write
from earshot.index.graphs.graph_store import store_graph
from earshot.index.library import Library, LibraryError
from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.stages.graph_view import view_graph
from earshot.stages.imports.import_graph import ImportGraphConfig, import_graph, read_graph
from earshot.stages.shared.reports import StageError
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    folder = make_artists_folder(tmp_path)
    edges = write(folder, "taste.csv", "source,target\nAir,Can\nBjörk,Can\nCan,Donovan\nNeu!,Can\n")
    with Library.open_to_write(folder / "library") as library:
        import_graph(library, read_graph(edges, ImportGraphConfig(level="artist")))
        yield library


def test_the_whole_graph(library, tmp_path):
    view = view_graph(library, "taste")
    facts = view.facts
    assert facts["most_recommended"] == {"Can": 3, "Donovan": 1, "Air": 0, "Björk": 0, "Neu!": 0}
    assert facts["with_audio"] == 0.8 and facts["n_edges"] == 4 and "around" not in facts
    view.export(tmp_path / "x.graphml")
    assert nx.read_graphml(tmp_path / "x.graphml").number_of_edges() == 4
    view.draw(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_around_a_node(library, tmp_path):
    view = view_graph(library, "taste", around="björk")
    assert view.facts["around"] == ["Can", "Air", "Donovan", "Neu!"]
    view.export(tmp_path / "x.graphml")
    assert nx.read_graphml(tmp_path / "x.graphml").nodes["0"]["label"] == "Björk"


def test_around_a_file_whose_copy_is_the_node(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        titles = {"/a/1.flac": "Shelf", "/b/2.flac": "Other", "/a/1.mp3": "Roadtrip"}
        add(library, head, [heard(path, at(0), title=title) for path, title in titles.items()])
        with library.transaction():
            store_same(library, [(1, 3, "sound", 0.9)])
            group_recordings(library)
            store_graph(library, "near", "track", np.array([1]), np.array([2]), directed=False, origin="by hand")
        for text in ("roadtrip", "id:3", "/a"):
            assert view_graph(library, "near", around=text).rows.tolist() == [0, 1], text


def test_what_is_not_there(library):
    with pytest.raises(LibraryError, match="There is no graph 'dreams'"):
        view_graph(library, "dreams")
    with pytest.raises(StageError, match="No artist of the graph 'taste' answers to 'Nobody'"):
        view_graph(library, "taste", around="Nobody")
