"""Names of columns in other languages, in the form in which columns are compared."""

import pytest

from earshot.data import column_words
from earshot.data.column_words import are_of_rekordbox
from earshot.data.tables.table_blocks import plain_column


@pytest.mark.parametrize("role", ["TITLES", "ARTISTS", "ALBUMS", "PLAYS", "LAST_PLAYED", "RATINGS", "PATHS"])
def test_words_are_plain_and_of_one_role(role):
    words = getattr(column_words, role)
    assert [plain_column(word) for word in words] == list(words) and len(set(words)) == len(words)
    others = [name for name in vars(column_words) if name.isupper() and not name.startswith("_") and name != role]
    assert not {word for name in others for word in getattr(column_words, name)} & set(words)


def test_a_set_of_rekordbox():
    assert are_of_rekordbox(["artwork", "tracktitle", "artist", "bpm", "key"])
    assert not are_of_rekordbox(["tracktitle", "artist", "plays"])
