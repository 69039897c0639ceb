"""Rows of `cli similar` and `cli recommend`, for programs and for readers."""

from types import SimpleNamespace

from earshot.commands.shared.output_rows import match_rows, recommendation_rows
from earshot.index.search.similarity_search import Match, Moment
from earshot.index.tracks.track_lookup import TrackRow
from earshot.stages.recommend import Recommendation

TRACK = TrackRow(7, "/joga.mp3", "Jóga", "Björk", "Homogenic", "Pop", 1997, 304.6, "abc")
NAMES = {"artist": "Björk", "title": "Jóga", "album": "Homogenic"}


def report(*matches, spaces=()):
    return SimpleNamespace(matches=list(matches), spaces=spaces)


def test_a_recommendation():
    places = [Recommendation(1, 0.123456, TRACK)]
    row = {"rank": 1, "score": 0.1235, "id": 7, **NAMES}
    assert recommendation_rows(places, plain=True) == [row]
    assert recommendation_rows(places, plain=False) == [row | {"path": "/joga.mp3"}]


def test_a_match():
    found = report(Match(1, 0.12345678, TRACK, Moment(65.0, 5.0, 0.9), {"audio": 2}), spaces=("audio", "tower"))
    ranks = {"audio_rank": 2, "tower_rank": None}
    plain = {"rank": 1, "score": "0.1235", "id": 7, **NAMES, "genre": "Pop", "length": "5:04", **ranks}
    assert match_rows(found, why=False, plain=True) == [plain]
    assert match_rows(found, why=True, plain=True) == [plain | {"why": "1:05 sounds like 0:05"}]
    (row,) = match_rows(found, why=False, plain=False)
    assert row == {"rank": 1, "score": 0.123457, "id": 7, **NAMES, "genre": "Pop", "duration_s": 304.6, **ranks,
                   "path": "/joga.mp3"}  # fmt: skip
    moment = {"seed_start": 65.0, "match_start": 5.0, "moment_score": 0.9}
    assert match_rows(found, why=True, plain=False) == [row | moment]  # the score is still that of the match


def test_a_match_without_a_moment():
    found = report(Match(1, 0.5, TRACK))
    assert match_rows(found, why=True, plain=True)[0]["why"] is None
    assert match_rows(found, why=True, plain=False) == match_rows(found, why=False, plain=False)
