"""Similarity search from Python, on the small rendered world."""

import shutil

import pytest

from earshot.index.library import Library
from earshot.index.search.filters import SearchFilters
from earshot.index.tracks.track_lookup import AmbiguousError
from earshot.stages.shared.reports import StageError
from earshot.stages.similar import similar_tracks


@pytest.fixture(scope="module")
def library(heard_library):
    with Library.open(heard_library) as library:
        yield library


def test_a_track_is_found_by_words_id_and_path(library, world, track_files):
    by_words = similar_tracks(library, [world.tracks[0].title])
    assert by_words.seeds == [f"{world.artists[0].name} - {world.tracks[0].title}"]
    assert [match.rank for match in by_words.matches] == list(range(1, len(by_words.matches) + 1))
    assert [match.score for match in by_words.matches] == sorted((m.score for m in by_words.matches), reverse=True)
    (track_id,) = library.db.execute("SELECT id FROM tracks WHERE path = ?", [str(track_files[0])]).fetchone()
    assert similar_tracks(library, [track_id]) == similar_tracks(library, [track_files[0]]) == by_words
    assert track_id not in {match.track.id for match in by_words.matches}
    assert by_words.warnings == [] and by_words.spaces == ()


def test_filters_and_reasons(library, world):
    artist, genre = world.artists[0].name, world.genres[1]
    filters = SearchFilters(k=17, max_per_artist=1, same_artist=False, genre=genre)
    report = similar_tracks(library, [world.tracks[0].title], filters, why=True)
    artists = [match.track.artist for match in report.matches]
    assert artist not in artists and len(artists) == len(set(artists)) == 3
    assert {match.track.genre for match in report.matches} == {genre}
    assert all(match.moment is not None and match.moment.score <= 1.001 for match in report.matches)


def test_unlike_pushes_away(library, world):
    first, other = world.tracks[0].title, world.tracks[-1].title
    report = similar_tracks(library, [first], SearchFilters(k=17, max_per_artist=17), unlike=[other])
    assert len(report.unlike) == 1 and other in report.unlike[0]
    assert other not in {match.track.title for match in report.matches}


def test_a_file_outside_is_embedded_on_the_spot(library, track_files, tmp_path):
    outside = tmp_path / "again.flac"
    shutil.copy(track_files[0], outside)
    report = similar_tracks(library, [outside])
    assert [track.path for track in report.copies] == [str(track_files[0])]
    inside = similar_tracks(library, [track_files[0]])
    assert [match.track.id for match in report.matches] == [match.track.id for match in inside.matches]


def test_seeds_that_cannot_be_searched_from(library, world, tmp_path):
    with pytest.raises(StageError, match="No track and no file answers to 'no such song'"):
        similar_tracks(library, ["no such song"])
    with pytest.raises(StageError, match="is a folder, not a music file"):
        similar_tracks(library, [tmp_path])
    with pytest.raises(AmbiguousError, match="could be any of 3 tracks"):
        similar_tracks(library, [world.artists[0].name])
