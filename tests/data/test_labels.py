"""One rule for several genres in one tag."""

import pytest

from earshot.data.labels import label_spellings, split_labels


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("Rock; Pop", {"rock", "pop"}),
        ("Rock|Pop", {"rock", "pop"}),
        ("Rock\0Pop", {"rock", "pop"}),
        ("Rock, Pop", {"rock, pop"}),
        ("Pop/Rock", {"pop/rock"}),
        ("Folk, World, & Country", {"folk, world, & country"}),
        ("rock;;Rock; ", {"rock"}),
        ("Hip  hop;hip hop", {"hip hop"}),
        (" ; ", set()),
        ("", set()),
        (None, set()),
    ],
)
def test_labels_are_split_where_people_mean_it(cell, labels):
    assert split_labels(cell) == labels == {spelling.casefold() for spelling in label_spellings(cell)}


def test_spellings_of_labels_keep_their_order_and_case():
    assert label_spellings(" Trip  Hop;;IDM | idm") == ["Trip Hop", "IDM", "idm"]
