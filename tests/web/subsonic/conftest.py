"""Keys in a folder of the test, and a player of a library that nothing was recorded to."""

import pytest

from players import Player, browsed_library


@pytest.fixture
def own_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def player(tmp_path, own_keys):
    with Player(browsed_library(tmp_path / "library")) as player:
        yield player
