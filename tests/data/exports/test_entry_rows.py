"""Batches of listens from entries."""

from collections import Counter

from earshot.data.exports.entry_rows import entry_batches
from listen_exports import SECOND, rows


def pick(entry):
    names = {name: entry.get(name) for name in ("user", "artist", "title", "time")}
    return entry.get("skip") or names | {name: entry[name] for name in ("plays",) if name in entry}


def test_facts_become_events():
    one = {"artist": " Air ", "title": 22, "time": f"{SECOND}000"}
    entries = [one, one | {"user": "ana", "time": "2009-05-05T01:08:57+02:00", "plays": 3}, {"skip": "films"}, 7, None]
    (batch,) = entry_batches([entries], pick, None)
    assert rows([batch], "user", "artist", "title", "time_s", "plays", "kind") == [
        ("me", "Air", "22", SECOND, 1, 0), ("ana", "Air", "22", SECOND, 3, 0)
    ]  # fmt: skip
    assert batch.left_out == {"films": 1} and batch.n_malformed == 2


def test_the_first_of_each_kind_that_is_left_out_is_shown():
    film = {"skip": "films", "name": {"#text": "Solaris", "year": 1972}, "tags": ["long"], "by": None}
    blocks = [[{"artist": "Air", "title": "One"}, film], [film | {"name": "Stalker"}, {"skip": "talks"}]]
    first, second = entry_batches(blocks, pick, None, needed=("title",))
    assert (first.left_out, first.examples) == ({"films": 1}, {"films": "row 2: films, Solaris, 1972"})
    assert (second.left_out, second.examples) == ({"films": 1, "talks": 1}, {"talks": "row 4: talks"})


def test_plays_are_one_or_a_number():
    entries = [
        {"artist": "Air", "title": "One", "time": SECOND} | plays for plays in ({}, {"plays": 2}, {"plays": None})
    ]
    (batch,) = entry_batches([entries], pick, None)
    assert batch.events["plays"].to_list() == [1, 2] and batch.n_malformed == 1


def test_a_time_may_be_missing_but_not_wrong():
    entries = [{"artist": "Air", "title": "One", "time": time} for time in (None, "", "soon", -5)]
    (batch,) = entry_batches([entries], pick, "ana", needed=("title",))
    assert batch.events["time_s"].to_list() == [None, None] and batch.n_malformed == 2
    (batch,) = entry_batches([entries], pick, "ana")
    assert not len(batch.events) and batch.n_malformed == 4


def test_what_the_blocks_lack_is_told_once():
    lost = Counter({"lines longer than 16 MiB": 2})
    first, second = entry_batches([[], [{}]], pick, None, lost=lost)
    assert first.left_out == {"lines longer than 16 MiB": 2} and second.left_out == {} and second.n_malformed == 1
