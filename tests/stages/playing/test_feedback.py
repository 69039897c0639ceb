"""Feedback from Python, on a library of two tastes: even listeners play even songs."""

import time

import numpy as np
import pytest

from earshot.data.events.feedback_events import OPINIONS
from earshot.data.events.interactions import DISLIKE, LIKE, LISTEN
from earshot.data.ids import IdMap
from earshot.index.graphs.item_groups import read_groups
from earshot.index.health import staleness
from earshot.index.health.library_status import overview
from earshot.index.health.staleness import stale_lists, stale_towers
from earshot.index.library import Library, LibraryError
from earshot.index.listens.stored_interactions import find_user, read_history
from earshot.index.recommending.candidate_store import request_for_user
from earshot.index.recommending.recommendation_table import stored_recommendations
from earshot.stages.playing import feedback
from earshot.stages.recommend import RecommendAllReport, recommend_to_all, recommend_tracks
from earshot.stages.shared.current_towers import open_towers, towers_for
from earshot.stages.shared.reports import StageError
from earshot.towers.retrieval.query_vectors import request_query_vector

NOW = 1_750_000_000


@pytest.fixture
def library(library_copy):
    with Library.open_to_write(library_copy) as library:
        yield library


def songs(library):
    """The id of each song by its number."""
    return {int(title.split()[1]): one for title, one in library.db.execute("SELECT title, id FROM tracks")}


def recommended(library, listener, **options):
    options = {"k": 30, "max_per_artist": 30, **options}
    return [place.track.id for place in recommend_tracks(library, listener, **options)]


def query_of(library, listener):
    request = request_for_user(library, find_user(library, listener))
    with open_towers(library) as (file, run):
        saved = towers_for(library, file, run.sound, np.unique(request.track_ids()), IdMap([request.user_id]))
    return request_query_vector(saved, request).numpy()[0]


def test_a_play_leaves_the_discoveries_and_moves_the_query_at_once(library):
    played, query = recommended(library, "listener 4")[0], query_of(library, "listener 4")
    assert feedback.record_play(library, "listener 4", played, NOW, 170)
    assert played not in recommended(library, "listener 4") and played in recommended(
        library, "listener 4", novel=False
    )
    assert not np.allclose(query_of(library, "listener 4"), query)
    assert feedback.play_counts_of(library, "listener 4")[played] == feedback.PlayCount(played, 1, NOW)


def test_somebody_new_is_known_by_what_they_play(library):
    number = songs(library)
    for at, song in enumerate((1, 3, 5)):
        feedback.record_play(library, "mia", number[song], NOW + 300 * at)
    first = recommended(library, "mia", k=3)
    assert {song % 2 for song, one in number.items() if one in first} == {1}, "as those who play odd songs"
    for song in (0, 2, 6, 8):
        feedback.record_like(library, "mia", number[song], NOW + 2_000 + song)
    assert recommended(library, "mia", k=3) != first


def test_a_dislike_goes_at_once_and_comes_back(library):
    first, second, *_ = before = recommended(library, "listener 4")
    assert feedback.record_dislike(library, "listener 4", first, NOW)
    assert not feedback.record_dislike(library, "listener 4", first, NOW + 5), "told already"
    assert first not in recommended(library, "listener 4", novel=False) and second in recommended(library, "listener 4")
    assert feedback.opinions(library, "listener 4") == [feedback.Opinion(first, False, NOW)]
    assert feedback.record_undislike(library, "listener 4", first, NOW + 9)
    assert feedback.opinions(library, "listener 4") == [] and recommended(library, "listener 4") == before


def test_opinions_are_read_without_plays_and_are_the_same(library):
    told = (
        (3, feedback.record_like),
        (4, feedback.record_dislike),
        (5, feedback.record_like),
        (5, feedback.record_unlike),
    )
    for track_id, change in told:
        change(library, "listener 0", track_id)
    user_id = find_user(library, "listener 0")
    every, some = read_history(library, user_id), read_history(library, user_id, OPINIONS)
    is_opinion = np.isin(every["kinds"], OPINIONS)
    assert 0 < len(some["kinds"]) < len(every["kinds"])
    assert all(np.array_equal(some[name], every[name][is_opinion]) for name in every)
    assert {one.track_id: one.is_like for one in feedback.opinions(library, "listener 0")} == {3: True, 4: False}


def test_never_goes_from_every_list_and_comes_back(library):
    first, second, *_ = before = recommended(library, "listener 4")
    others = recommended(library, "listener 6", novel=False)
    assert first in others and second in others
    assert feedback.record_never(library, first, "listener 4") and feedback.record_never(library, second)
    assert not feedback.record_never(library, first, "listener 4")
    assert {first, second}.isdisjoint(recommended(library, "listener 4", novel=False))
    assert [one for one in others if one != second] == recommended(library, "listener 6", novel=False)
    liked = [place.track.id for place in recommend_tracks(library, liked=[before[3]], k=30, max_per_artist=30)]
    assert first in liked and second not in liked
    assert [(one.track_id, one.user_id) for one in feedback.never_recommended(library)] == [
        (second, None),
        (first, find_user(library, "listener 4")),
    ]
    assert feedback.undo_never(library, first, "listener 4") and feedback.undo_never(library, second)
    assert not feedback.undo_never(library, second)
    assert recommended(library, "listener 4") == before


def test_the_lists_of_all_heed_opinions_and_exclusions(library):
    first, second, third, *_ = recommended(library, "listener 4")
    feedback.record_dislike(library, "listener 4", first, NOW)
    feedback.record_never(library, second, "listener 4")
    feedback.record_never(library, third)
    *_, report = recommend_to_all(library, k=20, max_per_artist=20)
    assert isinstance(report, RecommendAllReport)
    lists = {}
    for row in stored_recommendations(library):
        lists.setdefault(row["user"], []).append(row["id"])
    assert {first, second, third}.isdisjoint(lists["listener 4"])
    assert not any(third in one for one in lists.values()) and any(second in one for one in lists.values())
    assert lists["listener 4"] == recommended(library, "listener 4", k=20, max_per_artist=20)
    feedback.record_never(library, lists["listener 4"][0])
    assert lists["listener 4"][0] not in {row["id"] for row in stored_recommendations(library)}


def test_a_skip_weighs_as_little_as_was_heard(library):
    skipped, played = recommended(library, "listener 4")[:2]
    library.db.execute("UPDATE tracks SET duration_s = 200 WHERE id IN (?, ?)", [skipped, played])
    feedback.record_play(library, "listener 4", skipped, NOW, 8)
    feedback.record_play(library, "listener 4", played, NOW + 8, 300)
    request = request_for_user(library, find_user(library, "listener 4"))
    assert request.played[-2:].tolist() == [skipped, played]
    np.testing.assert_allclose(request.weights[-2:], [8 / 200, 1.0], rtol=1e-6)
    counts = feedback.play_counts_of(library, "listener 4")
    assert (counts[skipped].n_plays, counts[played].n_plays) == (0, 1)
    latest = feedback.recent_feedback(library, "listener 4", 2)
    assert [(one.track_id, one.kind, one.played_ms) for one in latest] == [
        (played, LISTEN, 300_000),
        (skipped, LISTEN, 8_000),
    ]
    assert feedback.undo_feedback(library, "listener 4", latest[1])
    assert skipped in recommended(library, "listener 4") and not feedback.undo_feedback(
        library, "listener 4", latest[1]
    )


def test_many_plays_are_kept_at_once_and_all_or_none(library):
    plays = [(3, NOW), (4, NOW + 300), (3, NOW + 900)]
    with pytest.raises(StageError, match="There is no track 9999"):
        feedback.record_plays(library, "ann", [*plays, (9999, NOW)])
    assert library.value("SELECT 1 FROM users WHERE name = 'ann'") is None
    assert feedback.record_plays(library, "ann", plays) and not feedback.record_plays(library, "ann", plays)
    told = [(one.track_id, one.time_s) for one in feedback.recent_feedback(library, "ann")]
    assert told == [(3, NOW + 900), (4, NOW + 300), (3, NOW)]
    one_by_one = [feedback.record_play(library, "bob", *play) for play in plays]
    counts = [feedback.play_counts_of(library, name) for name in ("ann", "bob")]
    assert all(one_by_one) and counts[0] == counts[1] and len(counts[0]) == 2


def test_a_retry_is_no_second_play(library):
    track = songs(library)[2]
    assert feedback.record_play(library, "mia", track, NOW)
    assert not feedback.record_play(library, "mia", track, NOW)
    assert feedback.play_counts_of(library, "mia")[track].n_plays == 1


@pytest.mark.parametrize(("stars", "kind"), [(5, LIKE), (4, LIKE), (3, None), (2, None), (1, DISLIKE)])
def test_stars_are_opinions(library, stars, kind):
    track = songs(library)[2]
    assert feedback.record_rating(library, "mia", track, stars, NOW)
    assert not feedback.record_rating(library, "mia", track, stars, NOW + 60)
    assert feedback.ratings(library, "mia") == {track: stars}
    assert [one.is_like for one in feedback.opinions(library, "mia")] == ([] if kind is None else [kind == LIKE])
    assert feedback.record_rating(library, "mia", track, 0, NOW + 90)
    assert feedback.ratings(library, "mia") == {} and feedback.opinions(library, "mia") == []


def test_a_rating_leaves_a_like_that_was_no_rating(library):
    track = songs(library)[2]
    feedback.record_like(library, "mia", track, NOW)
    feedback.record_rating(library, "mia", track, 3, NOW + 1)
    assert [one.is_like for one in feedback.opinions(library, "mia")] == [True]
    feedback.record_unlike(library, "mia", track, NOW + 2)
    assert feedback.opinions(library, "mia") == []


def test_graphs_know_what_was_played_here(library):
    def listeners():
        return {one.n_groups for one in read_groups(library, "listens").values()}

    before = listeners()
    feedback.record_play(library, "mia", songs(library)[1], NOW)
    assert listeners() == {before.pop() + 1}


def test_a_song_makes_nothing_stale_and_many_do(library, monkeypatch):
    *_, _ = recommend_to_all(library, k=3)
    track = songs(library)[1]
    feedback.record_play(library, "listener 4", track, NOW)
    assert list(stale_towers(library)) == [] == list(stale_lists(library))
    assert overview(library, None).towers["told_since"] == overview(library, None).listens["told_here"] == 1
    monkeypatch.setattr(staleness, "_MIN_TOLD", 3)
    feedback.record_play(library, "listener 4", track, NOW + 1_000)
    assert list(stale_towers(library)) == []
    feedback.record_play(library, "listener 4", track, NOW + 2_000)
    (towers,), (lists,) = stale_towers(library), stale_lists(library)
    assert (towers.what, towers.fix) == ("3 plays and opinions came since the towers learned", "cli train-tower")
    assert (lists.what, lists.fix) == ("3 plays and opinions came since the lists were made", "cli recommend --all")


def test_what_cannot_be_is_refused_and_changes_nothing(library):
    track, n_users = songs(library)[1], library.value("SELECT count(*) FROM users")
    for arguments, why in (
        (("mia", 999, NOW), "There is no track 999"),
        ((" ", track, NOW), "A listener needs a name"),
        (("mia", track, time.time() + 200_000), "is no time of a listen"),
        (("mia", track, float("nan")), "nan is no time of a listen"),
        (("mia", track, NOW, -1), "-1 seconds of a track cannot have been heard"),
        (("mia", track, NOW, float("nan")), "nan seconds of a track"),
    ):
        with pytest.raises(StageError, match=why):
            feedback.record_play(library, *arguments)
    with pytest.raises(StageError, match="6 is no rating; give 1 to 5 stars"):
        feedback.record_rating(library, "mia", track, 6)
    with pytest.raises(StageError, match="There is no track 999"):
        feedback.record_never(library, 999, "mia")
    for ask in (feedback.opinions, feedback.ratings, feedback.play_counts_of, feedback.recent_feedback):
        with pytest.raises(LibraryError, match="No listener is called 'mia'"):
            ask(library, "mia")
    assert library.value("SELECT count(*) FROM users") == n_users


def test_it_works_without_any_import(tmp_path):
    with Library.open_to_write(tmp_path) as library:
        library.db.execute("INSERT INTO tracks (id, title, status) VALUES (1, 'One', 'catalog')")
        feedback.record_never(library, 1, "mia")
        assert feedback.opinions(library, "mia") == [] and feedback.play_counts_of(library, "mia") == {}
        feedback.record_play(library, "mia", 1, NOW)
        assert list(feedback.play_counts_of(library, "mia")) == [1]
