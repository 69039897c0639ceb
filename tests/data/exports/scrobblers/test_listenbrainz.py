"""Exports of ListenBrainz as they are read; odd JSON in them and in Spotify's history."""

import json

import polars as pl
import pytest

from earshot.data.events.interactions import KINDS
from earshot.data.exports.scrobblers.listenbrainz import read_listenbrainz
from earshot.data.exports.services.spotify import read_spotify
from earshot.data.tables.text_blocks import Member, members_of
from listen_exports import SECOND, listen, listenbrainz, rows, spotify, stream


def loved(score=1, **fields):
    return {"recording_mbid": "mbid of One", "score": score, "created": SECOND, **fields}


def test_listenbrainz(tmp_path):
    listens = [listen(), listen("Two", SECOND + 9), listen("Three", "soon"), '{"listened_at": \n', "[1]\n"]
    by_msid = loved(-1, recording_mbid=None, recording_msid="msid of Two")
    unknown, broken = loved(recording_mbid="of nothing here"), loved(5)
    path = listenbrainz(tmp_path / "x.zip", *listens, feedback=(loved(), by_msid, unknown, broken))
    members = [member for member in members_of(path) if "pinned" not in member.name]
    assert set(rows(read_listenbrainz(members, "bob"), "user")) == {("bob",)}
    batches = list(read_listenbrainz(members, None))
    assert rows(batches, "user", "title", "time_s", "kind") == [
        ("ana", "One", SECOND, 0),
        ("ana", "Two", SECOND + 9, 0),
        ("ana", "One", SECOND, KINDS.index("like")),
        ("ana", "Two", SECOND, KINDS.index("dislike")),
    ]
    facts = rows(batches, "artist", "album", "mbid", "isrc", "played_ms")
    assert facts[0] == ("Air", "Moon", "mbid of One", "FR One", 12_000)
    assert facts[2] == ("Air", None, "mbid of One", None, None)
    assert [batch.n_malformed for batch in batches] == [3, 1]
    assert batches[1].left_out == {"loves and hates of recordings that were never listened to": 1}


def test_listenbrainz_as_one_list(tmp_path):
    path = spotify(tmp_path / "ana_lb-2020.json", listen(user_name="bob"), listen("Two"))
    batches = list(read_listenbrainz([Member(path)], None))
    assert rows(batches, "user", "title") == [("bob", "One"), ("me", "Two")]
    later = spotify(tmp_path / "ana_lb-2021.json", listen("Two"), listen("Three"))
    assert [batch.part for batch in read_listenbrainz([Member(path), Member(later)], "ana")] == [0, 1]


def test_listenbrainz_as_an_answer_of_its_api(tmp_path):
    path = tmp_path / "listens.json"
    path.write_text(json.dumps({"payload": {"count": 2, "user_id": "ana", "listens": [listen(), listen("Two"), 7]}}))
    assert rows(read_listenbrainz([Member(path)], "ana"), "user", "title") == [("ana", "One"), ("ana", "Two")]


def test_json_that_never_ends_beginning(tmp_path):
    deep = "[" * 100_000
    (tmp_path / "x.json").write_text(f'[{{"msPlayed": {deep}')
    with pytest.raises(ValueError, match=r"x\.json is not JSON: maximum recursion depth"):
        list(read_spotify(Member(tmp_path / "x.json"), "ana"))
    path = listenbrainz(tmp_path / "lb.zip", f'{{"listened_at": {deep}\n', listen())
    assert [(len(batch.events), batch.n_malformed) for batch in read_listenbrainz(members_of(path)[:2], "ana")] == [
        (1, 1)
    ]


ODD = (None, True, -1, 1.5, 10**30, float("nan"), float("inf"), "", "\ud800", "\x00", [], [1], {"a": 1}, "99999-01-01")


def with_odd_fields(line):
    """The line with each of its fields, however deep, taken away or made odd, one at a time."""
    for name, value in line.items():
        yield {key: other for key, other in line.items() if key != name}
        odd_values = with_odd_fields(value) if isinstance(value, dict) else ()
        yield from ({**line, name: odd} for odd in (*ODD, *odd_values))


@pytest.mark.parametrize("format", ["spotify", "listenbrainz"])
def test_no_field_whatever_it_holds_costs_more_than_its_line(tmp_path, format):
    if format == "spotify":
        lines = [*with_odd_fields(stream()), stream()]
        batches = list(read_spotify(Member(spotify(tmp_path / "x.json", *lines)), "ana"))
    else:
        lines, feedback = [*with_odd_fields(listen()), listen()], tuple(with_odd_fields(loved()))
        batches = list(
            read_listenbrainz(members_of(listenbrainz(tmp_path / "x.zip", *lines, feedback=feedback))[:3], "ana")
        )
        lines += feedback
    n_told = sum(len(batch.events) + batch.n_malformed + sum(batch.left_out.values()) for batch in batches)
    assert n_told == len(lines) and sum(len(batch.events) for batch in batches) > len(lines) / 3
    assert sum(batch.n_malformed for batch in batches) > 10
    texts = pl.concat([batch.events.select("user", "artist", "title") for batch in batches])
    assert not [text for row in texts.rows() for text in row if text != text.encode().decode()]
