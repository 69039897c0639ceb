"""A map as a page: whole in one file, and no name of a track can make it do anything."""

import json
import re

import numpy as np
import pytest

from earshot.graph.drawing.map_colors import GREY, PALETTE, color_by
from earshot.graph.drawing.map_page import GRID, write_map_page

WILD = ["</script><script>alert(1)</script>", "<!-- & -->", "{{title}} {{data}}", "\u2028'\"\\`${x}", "坂本 \udce9", ""]


def written(path, places, labels, names, title="map", details=None):
    n = len(names)
    write_map_page(
        path, np.array(places, dtype=np.float32), color_by(labels), title=title,
        ids=range(7, 7 + n), names=names, details=details or [""] * n,
    )  # fmt: skip
    page = path.read_text(encoding="utf-8")
    return page, json.loads(re.search(r"^const data = (.*);$", page, re.MULTILINE)[1])


def test_dots_by_hand(tmp_path):
    """Places 0 to 4 and 0 to 2 are one scale: 4 is the last step of the grid, 9,999, and 2 the middle; y from above."""
    page, data = written(tmp_path / "m.html", [[0, 0], [4, 2], [1, 1]], ["a", "b", None], ["A", "B", "C"])
    assert data["x"] == [0, 9_999, 2_500] and GRID == 10_000
    assert data["y"] == [5_000, 0, 2_500]
    assert data["group"] == [0, 1, -1] and data["colors"] == [*PALETTE[:2], GREY]
    assert data["id"] == [7, 8, 9] and data["name"] == ["A", "B", "C"]
    assert data["legend"] == ["a (1)", "b (1)", "no label (1)"]
    assert "{{" not in page


def test_names_are_never_read_as_html(tmp_path):
    places = np.arange(12).reshape(6, 2)
    page, data = written(tmp_path / "m.html", places, WILD, WILD, title="<i>&</i>", details=WILD)
    expected = [name.replace("\udce9", "?") for name in WILD]
    assert data["name"] == data["detail"] == expected, "and come back as they were"
    assert page.count("<script") == page.count("</script") == 1 and "<!-- &" not in page
    assert "\u2028" not in page
    assert "<title>&lt;i&gt;&amp;&lt;/i&gt;</title>" in page and "<i>" not in page


def test_nothing_comes_from_a_network(tmp_path):
    page, _ = written(tmp_path / "m.html", [[0, 0]], [None], ["A"])
    assert "default-src 'none'" in page, "a browser would refuse it, too"
    assert not re.search(r"https?:|//[a-z]|<link|<img|src=|@import|url\(|fetch\(", page.replace("// ", ""))


def test_the_script_writes_names_as_text(tmp_path):
    page, _ = written(tmp_path / "m.html", [[0, 0]], [None], ["A"])
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|outerHTML|eval", page)


@pytest.mark.parametrize("places", [[[3, 3]], [[3, 3], [3, 3]], [[0, 1], [0, 2]]])
def test_places_without_extent(tmp_path, places):
    _, data = written(tmp_path / "m.html", places, [None] * len(places), ["A"] * len(places))
    assert all(0 <= number < GRID for number in (*data["x"], *data["y"]))


def test_a_hundred_thousand_dots_stay_small(tmp_path):
    n = 100_000
    places = np.random.default_rng(0).standard_normal((n, 2))
    written(tmp_path / "m.html", places, ["x"] * n, ["An artist - a title"] * n)
    assert (tmp_path / "m.html").stat().st_size < 6e6
