"""The genres in one tag are the same to the graph, to the evaluation of the encoder and to the map."""

import pytest

from earshot.graph.drawing.map_colors import color_by
from earshot.index.evaluation.audio_facts import read_track_table
from earshot.index.graphs.item_groups import read_groups
from library_world import add, at, heard, open_library

TAGS = (
    "Rock; Pop",
    "Rock|Pop",
    "Rock\0Pop",
    "Rock, Pop",
    "Pop/Rock",
    "R&B",
    "Folk, World, & Country",
    "rock;;Rock",
    " ; ",
)
PARTS = ("Rock", "POP", "Rock, Pop", "Pop/Rock", "pop ", "World")


@pytest.mark.parametrize("tag", TAGS)
def test_all_three_agree_which_genres_are_in_a_tag(tmp_path, tag):
    """A track with the tag, and one for each genre that might be in it: with which does it share one?"""
    library, head = open_library(tmp_path)
    genres = (tag, *PARTS)
    with library:
        add(library, head, [heard(f"/{row}.mp3", at(row), genre=genre) for row, genre in enumerate(genres)])
        groups = read_groups(library, "genre").get("genre")
        sets = read_track_table(library).genres
    pairs = list(zip(groups.group_rows.tolist(), groups.item_ids.tolist(), strict=True))
    of_tag = {group for group, item in pairs if item == 1}
    in_graph = [any(group in of_tag and item == row + 2 for group, item in pairs) for row in range(len(PARTS))]
    in_evaluation = [bool(sets[0] & genre) for genre in sets[1:]]
    on_map = [color_by([tag, part, part], several=True).groups[0] == 0 for part in PARTS]
    assert in_graph == in_evaluation == on_map
