"""Colors of labels, counted by hand."""

import pytest

from earshot.graph.drawing.map_colors import GREY, PALETTE, REST, color_by


def test_the_most_common_have_colors():
    coloring = color_by(["Rock", "Jazz", "Rock", "Folk", None, "Jazz", "Rock", "Dub"], n_colors=2)
    assert coloring.names == ["Rock", "Jazz"]
    assert coloring.groups.tolist() == [0, 1, 0, REST, REST, 1, 0, REST]
    assert coloring.legend == [
        (PALETTE[0], "Rock (3)"), (PALETTE[1], "Jazz (2)"), (GREY, "others (2)"), (GREY, "no label (1)"),
    ]  # fmt: skip


def test_equally_common_labels_stand_in_the_order_of_the_alphabet():
    assert color_by(["b", "c", "a"]).names == ["a", "b", "c"]


def test_letters_and_blanks_make_no_new_label():
    coloring = color_by(["Hip  hop", "hip hop", " hip hop ", "HIP HOP", "  ", ""])
    assert coloring.legend == [(PALETTE[0], "hip hop (4)"), (GREY, "no label (2)")]
    assert coloring.groups.tolist() == [0, 0, 0, 0, REST, REST]


def test_of_several_genres_the_most_common_counts():
    """Rock stands in three tags, jazz in two, vocal and folk in one each."""
    labels = ["Jazz; Vocal", "Rock", "Folk;rock", "Jazz; Rock;", ";", None]
    coloring = color_by(labels, several=True)
    assert [text for _, text in coloring.legend] == ["Rock (3)", "Jazz (1)", "no label (2)"]
    assert coloring.groups.tolist() == [1, 0, 0, 0, REST, REST]
    assert len(color_by(labels).names) == 5, "else a label is one, whatever stands in it"


@pytest.mark.parametrize("labels", [[], [None, None]])
def test_without_labels_all_is_grey(labels):
    coloring = color_by(labels)
    assert coloring.names == [] and (coloring.groups == REST).all()
    assert coloring.legend == [(GREY, "no label (2)")] * bool(labels)


def test_no_more_than_there_are_colors():
    coloring = color_by([f"label {number:03}" for number in range(100)], n_colors=1_000)
    assert len(coloring.names) == len(PALETTE) == len(set(PALETTE)) and coloring.legend[-1] == (
        GREY,
        f"others ({100 - len(PALETTE)})",
    )
