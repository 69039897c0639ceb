"""Similarity search from Python, on the small rendered world."""

import shutil

import pytest

from earshot.index.library import Library
from earshot.index.search.filters import SearchFilters
from earshot.index.search.selected import AmbiguousError
from earshot.stages.playing.feedback import record_dislike, record_never
from earshot.stages.shared.reports import StageError
from earshot.stages.shared.search_seeds import find_seeds
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


def test_what_a_listener_does_not_want_is_left_out(heard_library, tmp_path, world):
    folder = shutil.copytree(heard_library, tmp_path / "library")
    with Library.open_to_write(folder) as library:
        first, second, third, *_ = [
            match.track.id for match in similar_tracks(library, [world.tracks[0].title]).matches
        ]
        record_dislike(library, "ana", first)
        record_never(library, second, "ana")
        assert similar_tracks(library, [world.tracks[0].title], listener="ana").matches[0].track.id == third
        assert similar_tracks(library, [world.tracks[0].title], listener="bob").matches[0].track.id == first


def test_seeds_that_cannot_be_searched_from(library, world, tmp_path):
    with pytest.raises(StageError, match="No track and no file answers to 'no such song'"):
        similar_tracks(library, ["no such song"])
    with pytest.raises(StageError, match="No track of the library lies in the folder"):
        similar_tracks(library, [tmp_path])
    with pytest.raises(AmbiguousError, match="could be any of 4 things"):
        similar_tracks(library, [world.artists[0].name[:3]])


def test_an_artist_a_folder_and_a_playlist_are_seeds_of_all_their_tracks(library, world, track_files, tmp_path):
    artist = world.artists[0].name
    mine = track_files[:3]
    playlist = tmp_path / "mix.m3u8"
    playlist.write_text("".join(f"{path.as_uri()}\n" for path in mine))
    report = similar_tracks(library, [artist.upper()])
    assert report.seeds == [f"{artist} (artist, 3 tracks)"]
    assert artist not in {match.track.artist for match in report.matches}
    by_playlist = similar_tracks(library, [playlist])
    assert by_playlist.seeds == [f"{playlist} (playlist, 3 tracks)"]
    assert by_playlist.matches == report.matches == similar_tracks(library, mine).matches


def test_a_group_counts_as_much_as_one_track(library, world):
    """Pulled by three tracks of one artist and one of another, the query lies in the middle between the two."""
    seeds = [find_seeds(library, text, ["audio"]) for text in (world.artists[0].name, world.tracks[-1].title)]
    weights = [[seed.weight for seed in one.in_space("audio")] for one in seeds]
    assert weights == [[1 / 3] * 3, [1.0]]


def test_near_misses_are_offered(library, world):
    title = world.tracks[0].title
    with pytest.raises(StageError, match=f'Did you mean "{world.artists[0].name} - {title}"'):
        similar_tracks(library, [title[:-1] + "x"])


def test_what_sounds_like_nothing_here_is_said(library, world, monkeypatch):
    title = world.tracks[0].title
    assert not similar_tracks(library, [title]).is_far
    monkeypatch.setattr("earshot.stages.similar._RANDOM_SCORE", 1.01)
    assert similar_tracks(library, [title]).is_far
    assert not similar_tracks(library, [title], SearchFilters(fewer_hubs=True)).is_far, (
        "whose scores have another scale"
    )
    monkeypatch.setattr("earshot.stages.similar.current_fingerprint", lambda library: "of another encoder")
    assert not similar_tracks(library, [title]).is_far
