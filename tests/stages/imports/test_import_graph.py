"""Graphs from Python: read first, then imported."""

import pytest

from earshot.stages.imports.import_graph import ImportGraphConfig, import_graph, read_graph
from library_world import open_library


@pytest.fixture
def library(tmp_path):
    opened, _ = open_library(tmp_path / "library")
    with opened as library:
        yield library


def test_a_graph_is_read_then_imported(library, tmp_path):
    (tmp_path / "taste.csv").write_text("artist_id,friend_artist_id\n1,2\n")
    (tmp_path / "names.csv").write_text("artist_id,artist\n1,Air\n2,Can\n")
    graph = read_graph(tmp_path / "taste.csv", ImportGraphConfig(names=tmp_path / "names.csv", directed=False))
    assert graph.edges.names == ["Air", "Can"] and graph.names.level == "artist" and not graph.is_directed
    result = import_graph(library, graph)
    assert (result.graph.kind, result.graph.level, result.graph.directed) == ("taste", "artist", False)
    assert result.nodes.n_nodes == 2


def test_the_kind_of_a_config_names_the_graph(library, tmp_path):
    (tmp_path / "taste.csv").write_text("source,target\na,b\n")
    graph = read_graph(tmp_path / "taste.csv", ImportGraphConfig(kind="friends", level="artist"))
    assert import_graph(library, graph).graph.kind == "friends"


def test_an_edge_list_is_directed_unless_said(tmp_path):
    (tmp_path / "taste.csv").write_text("source,target\na,b\n")
    assert read_graph(tmp_path / "taste.csv").is_directed
    with pytest.raises(ValueError, match="who"):
        read_graph(tmp_path / "taste.csv", ImportGraphConfig(source="who"))
