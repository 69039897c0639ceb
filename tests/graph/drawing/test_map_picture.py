"""A map as a picture: its dots have the colors of their groups, where they belong."""

import matplotlib.image
import numpy as np
import pytest

from earshot.graph.drawing.map_colors import GREY, PALETTE, color_by
from earshot.graph.drawing.map_picture import check_picture_format, draw_map


def drawn(path, places, labels):
    draw_map(path, np.array(places, dtype=np.float32), color_by(labels), title="a $map")
    return (255 * matplotlib.image.imread(path)[..., :3]).round().astype(int)


def where(image, color, alpha=0.75):
    """Rows and columns of the pixels of dots of a color, which white paper shines through."""
    solid = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)])
    seen = alpha * solid + (1 - alpha) * 255
    return np.argwhere(np.abs(image - seen).max(axis=2) <= 1)


def test_each_group_stands_where_it_belongs(tmp_path):
    """Rock lies left below, jazz right above, and what has no label in the middle."""
    places = [[0, 0]] * 3 + [[4, 3]] * 2 + [[2, 1.5]]
    image = drawn(tmp_path / "x.png", places, ["rock"] * 3 + ["jazz"] * 2 + [None])
    assert image.shape == (990, 1320, 3)
    lone = drawn(tmp_path / "y.png", [[0, 0], [4, 3], [2, 1.5]], ["rock", "jazz", None])
    jazz, rock, grey = (where(lone, color).mean(axis=0) for color in (*PALETTE[:2], GREY))
    assert rock[0] > grey[0] > jazz[0] and rock[1] < grey[1] < jazz[1], "rows are counted from above"


def test_a_colored_dot_is_not_under_a_grey_one(tmp_path):
    """Two dots on one place, in either order: the color is seen through nothing, the grey through the color."""
    one = drawn(tmp_path / "x.png", [[0, 0], [0, 0], [1, 1]], [None, "rock", "rock"])
    other = drawn(tmp_path / "y.png", [[0, 0], [0, 0], [1, 1]], ["rock", None, "rock"])
    assert (one == other).all()


def test_one_dot_and_none(tmp_path):
    assert drawn(tmp_path / "x.png", [[5, 5]], [None]).size
    assert drawn(tmp_path / "x.png", np.empty((0, 2)), []).size


def test_labels_of_any_kind(tmp_path):
    labels = ["$x^2$", "坂本龍一", "_hidden", "long " * 20, "<b>&", "𝕏", "a\nb"]
    image = drawn(tmp_path / "x.png", np.eye(7, 2), labels)
    assert image.size and not (image[:, 1200:] == 255).all(), "the legend has something"


@pytest.mark.parametrize("name", ["x.doc", "x"])
def test_what_is_no_picture_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=f"{name} ends in no kind of picture; there are .*png"):
        draw_map(tmp_path / name, np.zeros((1, 2)), color_by([None]), title="")
    check_picture_format(tmp_path / "x.PNG")
    assert list(tmp_path.iterdir()) == []
