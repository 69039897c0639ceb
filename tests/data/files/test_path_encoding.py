"""A file name is bytes; what SQLite and people see of it leads back to the same bytes."""

import os

from hypothesis import given
from hypothesis import strategies as st

from earshot.data.files.path_encoding import path_columns, path_from_columns


def test_a_name_that_is_not_utf8_keeps_its_bytes():
    assert path_columns("/music/Sigur Rós.mp3") == ("/music/Sigur Rós.mp3", None)
    latin1 = os.fsdecode(b"/music/caf\xe9.mp3")
    assert path_columns(latin1) == (r"/music/caf\xe9.mp3", b"/music/caf\xe9.mp3")


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_every_name_comes_back(name):
    path = os.fsdecode(name)
    text, raw = path_columns(path)
    text.encode("utf-8")  # SQLite takes nothing else
    assert path_from_columns(text, raw) == path
