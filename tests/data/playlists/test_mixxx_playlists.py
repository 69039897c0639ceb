"""The playlists and crates of Mixxx."""

import pytest

from earshot.data.playlists.mixxx_playlists import is_mixxx_database
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import find_playlists, read_playlists
from player_databases import MIXXX, MIXXX_ROWS, STRAWBERRY, database

ONE = Entry(("/m/1.mp3",), "Air", "One", "Moon")


def test_playlists_then_crates_without_histories(tmp_path):
    path = database(tmp_path / "mixxxdb.sqlite", MIXXX, MIXXX_ROWS)
    assert list(find_playlists([str(tmp_path)])) == [str(path)]
    mix, crate = read_playlists(str(path))
    assert (mix.path, mix.name, mix.n_elsewhere) == (f"{path}/Mix", "Mix", 1), "a track that was removed"
    assert mix.entries == [Entry(("/m/Neu.mp3",)), ONE]
    assert (crate.path, crate.entries) == (f"{path}/Mix_2", [ONE, Entry(("/m/2.mp3",), title="Two")])


def test_another_database_is_none(tmp_path):
    assert not is_mixxx_database(str(database(tmp_path / "x.sqlite", STRAWBERRY, {})))
    (tmp_path / "y.sqlite").write_text("SQLite")
    assert not is_mixxx_database(str(tmp_path / "y.sqlite")) and not is_mixxx_database(str(tmp_path / "z.sqlite"))
    with pytest.raises(ValueError, match="holds no playlist and no crate with tracks"):
        read_playlists(str(database(tmp_path / "empty.sqlite", MIXXX, {})))
