"""Databases of players: versions, ratings and times, which all of them have in common."""

import sqlite3

import pytest

from earshot.data.exports.players.player_database import kind_of_stars, opinion, seconds_of
from listen_exports import SECOND, read
from player_databases import NAVIDROME, STRAWBERRY, database


def test_another_schema_is_refused_by_its_version(tmp_path):
    database(tmp_path / "a.db", NAVIDROME.replace("play_count integer", "n integer"), {})
    with pytest.raises(
        ValueError, match=r"a.db is of Navidrome, schema version 20251206013022, .* annotation.play_count"
    ):
        read(tmp_path / "a.db")
    database(tmp_path / "b.db", STRAWBERRY.replace("(20)", "(3)").replace("rating", "stars"), {})
    with pytest.raises(ValueError, match=r"b.db is of Strawberry or Clementine, schema version 3, .* no songs.rating"):
        read(tmp_path / "b.db")


@pytest.mark.parametrize(("stars", "kind"), [(5, 1), (4, 1), (3, None), (2, None), (1, 2), (0, None), (None, None)])
def test_stars_are_an_opinion(stars, kind):
    assert kind_of_stars(stars) == kind
    (found,) = sqlite3.connect(":memory:").execute(f"SELECT {opinion('?')}", [stars] * 2).fetchone()
    assert found == kind


@pytest.mark.parametrize("time", [SECOND, "2009-05-04 23:08:57.1234567", "2009-05-05T01:08:57+02:00"])
def test_times(time):
    assert sqlite3.connect(":memory:").execute(f"SELECT {seconds_of('?')}", [time] * 3).fetchone() == (SECOND,)
