"""A picture is a file that shows something; what it cannot show it refuses."""

import matplotlib.image
import numpy as np
import pytest

from earshot.graph.drawing.graph_drawing import MAX_NODES, draw_graph
from earshot.graph.preference_graph import build_graph


@pytest.fixture
def graph(rng):
    return build_graph(*rng.integers(0, 40, (2, 90)), n_nodes=40, directed=True)


def drawn(path, graph, names=None, **options):
    names = names or [f"node {row}" for row in range(graph.n_nodes)]
    has_audio = np.arange(graph.n_nodes) % 2 == 0
    draw_graph(path, graph, names, has_audio, title="x", **options)
    return matplotlib.image.imread(path)


def test_a_picture_shows_both_kinds_of_nodes(tmp_path, graph):
    image = drawn(tmp_path / "x.png", graph)
    assert image.shape == (990, 1320, 4)
    colors = {tuple(np.round(255 * pixel).astype(int)) for pixel in image.reshape(-1, 4)[::3, :3]}
    assert {(0x1F, 0x6F, 0x8B), (0xD9, 0xA0, 0x5B)} <= colors


def test_the_same_graph_is_the_same_picture(tmp_path, graph):
    one, again, other = (drawn(tmp_path / "x.png", graph, seed=seed) for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


def test_a_node_in_the_middle_is_marked(tmp_path, graph):
    image = drawn(tmp_path / "x.png", graph, marked_row=3)
    red = np.abs(image[..., :3] - np.array([0xC0, 0x39, 0x2B]) / 255).max(axis=2) < 0.01
    assert red.sum() > 20


def test_names_of_any_kind(tmp_path, graph):
    names = ["$x^2$", "坂本龍一", "a\nb", "long " * 20, "", "𝕏", *["&<>"] * 34]
    assert drawn(tmp_path / "x.png", graph, names).size


def test_a_graph_without_edges_is_dots(tmp_path):
    assert drawn(tmp_path / "x.png", build_graph([], [], n_nodes=1)).size


def test_what_cannot_be_drawn_is_refused(tmp_path, graph):
    many = build_graph([0], [1], n_nodes=MAX_NODES + 1)
    with pytest.raises(ValueError, match="a picture of 301 nodes; up to 300 can be drawn"):
        drawn(tmp_path / "x.png", many)
    with pytest.raises(ValueError, match="xyz"):
        drawn(tmp_path / "x.xyz", graph)
