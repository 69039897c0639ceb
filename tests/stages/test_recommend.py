"""Recommendations from Python, on a library of two tastes: even users play even songs."""

import pytest

from earshot.index.library import Library, LibraryError
from earshot.index.recommending.recommendation_table import stored_recommendations
from earshot.index.search.filters import TrackFilters
from earshot.index.search.selected import AmbiguousError
from earshot.stages.recommend import RecommendAllReport, recommend_to_all, recommend_tracks
from earshot.stages.shared.reports import InputError, Note, Progress, StageError
from library_world import find_track


@pytest.fixture
def library(trained_library):
    with Library.open(trained_library) as library:
        yield library


def tastes(places):
    return {int(place.track.title.split()[1]) % 2 for place in places}


def test_a_user_is_recommended_what_they_have_not_played(library):
    places = recommend_tracks(library, "listener 4", k=3)
    assert [place.rank for place in places] == [1, 2, 3] and tastes(places) == {0}
    assert [place.score for place in places] == sorted((place.score for place in places), reverse=True)
    everything = {"k": 30, "max_per_artist": 30}
    assert len(recommend_tracks(library, "listener 4", **everything)) == 24 - 9
    assert len(recommend_tracks(library, "listener 4", novel=False, **everything)) == 24


def test_somebody_new_is_recommended_by_ids_and_by_words(library):
    words = "Song 3", "Song 7"
    ids = [find_track(library, text, catalog=True).id for text in words]
    places = recommend_tracks(library, liked=words, k=4)
    assert places == recommend_tracks(library, liked=ids, k=4) and tastes(places) == {1}
    assert not set(ids) & {place.track.id for place in places}
    assert recommend_tracks(library, history=words, k=9) != recommend_tracks(library, history=words[::-1], k=9)
    after = recommend_tracks(library, seed_track="Song 6", k=5)
    assert tastes(after) == {0} and "Song 6" not in {place.track.title for place in after}


def test_filters_are_for_the_list(library_copy):
    with Library.open_to_write(library_copy) as library:
        library.db.execute("UPDATE tracks SET genre = 'Christmas' WHERE title IN ('Song 4', 'Song 6')")
        library.db.execute("UPDATE tracks SET duration_s = 500 WHERE title = 'Song 8'")

        def titles(user="listener 4", **filters):
            request = {"novel": False, "k": 30, "max_per_artist": 30}
            return {
                place.track.title
                for place in recommend_tracks(library, user, filters=TrackFilters(**filters), **request)
            }

        everything = titles()
        assert len(everything) == 24
        assert titles(not_genre=("christmas",)) == everything - {"Song 4", "Song 6"}
        assert titles(genre="christmas") == {"Song 4", "Song 6"}
        assert titles(under=("/music",)) == {f"Song {n}" for n in range(4)}
        assert titles(min_duration=400) == {"Song 8"} and titles(genre="polka") == set()
        with pytest.raises(StageError, match="No track of the library lies in the folder"):
            titles(under=("/nowhere",))
        with pytest.raises(InputError, match="no seeds whose artists could be meant"):
            titles(same_artist=True)


def test_what_cannot_be_recommended_is_refused(library):
    for arguments in ({}, {"user": "listener 1", "liked": ["Song 1"]}, {"history": [1], "liked": [2]}):
        with pytest.raises(InputError, match="Give one of a user, a history or liked tracks, or a seed track"):
            recommend_tracks(library, **arguments)
    with pytest.raises(StageError, match="No track and no file answers to 'id:999'"):
        recommend_tracks(library, liked=[999])
    with pytest.raises(LibraryError, match="No listener is called 'bob'"):
        recommend_tracks(library, "bob")
    with pytest.raises(AmbiguousError, match="'Song' could be any of"):
        recommend_tracks(library, liked=["Song"])


def test_all_users_get_lists(library_copy, monkeypatch):
    monkeypatch.setattr("earshot.towers.retrieval.recommend_lists._USERS_AT_ONCE", 8)
    with Library.open_to_write(library_copy) as library:
        reports = recommend_to_all(library, k=3)
        assert next(reports) == Progress("recommending", 8, 30, "listener")
        reports.close()  # left early
        assert list(stored_recommendations(library)) == []
        resumed, *progress, report = recommend_to_all(library, k=3)
        assert resumed == Note("Going on after 1 of 4 batches of listeners.")
        assert [one.done for one in progress] == [8, 16, 24, 30]
        assert isinstance(report, RecommendAllReport) and (report.n_users, report.n_recommendations) == (30, 90)
        rows = [row for row in stored_recommendations(library) if row["user"] == "listener 4"]
        one = recommend_tracks(library, "listener 4", k=3)
        assert [row["id"] for row in rows] == [place.track.id for place in one]
