"""Radio from Python, on tracks that lie on a quarter of a circle, and by a file outside of the library."""

import json
import shutil

import numpy as np
import pytest

from earshot.index.library import Library
from earshot.index.playlists.track_pool import read_pool
from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.runs import start_run
from earshot.index.search.filters import TrackFilters
from earshot.index.vectors.spaces import TOWER, publish
from earshot.stages.playing.feedback import record_dislike, record_like, record_never, record_play
from earshot.stages.radio import next_songs, resume_radio, start_radio, tell_radio
from earshot.stages.shared.reports import InputError, StageError
from library_world import at, by_hand
from playlist_world import make_quarter_circle


@pytest.fixture
def library(tmp_path):
    with make_quarter_circle(tmp_path / "library") as library:
        yield library


def begun(library, *seeds, filters=None, **options):
    return start_radio(library, seeds, filters, **{"variety": 0.0, "artist_gap": 0} | options)


def numbers(songs):
    return [song.track.id - 1 for song in songs]


def test_songs_near_the_seed(library):
    radio = begun(library, "Song 0")
    songs = next_songs(library, radio, 3)
    assert numbers(songs) == [1, 2, 3] and [song.rank for song in songs] == [1, 2, 3]
    assert songs[2].from_last == pytest.approx(0.1396, abs=1e-3)  # 8 degrees
    assert songs[2].from_seeds == pytest.approx(0.4189, abs=1e-3)
    assert numbers(next_songs(library, radio, 20)) == list(range(4, 12)), "the seed is never played"
    assert next_songs(library, radio) == []
    assert radio.state.settings.names == ("Artist 0 - Song 0",)


def test_what_describes_music_is_played_and_what_one_has_is_not(library, tmp_path):
    (tmp_path / "mix.m3u8").write_text("/music/A/00.mp3\n/music/A/01.mp3\n")
    assert numbers(next_songs(library, begun(library, tmp_path / "mix.m3u8"), 2)) == [2, 3]
    assert set(numbers(next_songs(library, begun(library, "artist:Artist 0"), 2))) == {0, 1}
    assert set(numbers(next_songs(library, begun(library, "artist:Artist 0", with_seeds=False), 2))) == {2, 3}
    assert set(numbers(next_songs(library, begun(library, "Song 0", with_seeds=True), 2))) == {0, 1}


def test_filters_and_what_it_is_unlike(library):
    filters = TrackFilters(not_genre=("christmas",), under=("/music/B",), same_artist=False)
    radio = begun(library, "Song 10", filters=filters)
    assert numbers(next_songs(library, radio, 20)) == [9, 8, 7]
    away = next_songs(library, begun(library, "Song 5", unlike=["Song 0"]), 20)
    assert numbers(away)[0] > 5 and 0 not in numbers(away)


def test_a_recording_is_played_once_and_no_copy_of_a_seed(library):
    with library.transaction():
        store_same(library, [(1, 12, "sound", 0.9), (4, 5, "sound", 0.9)])
        group_recordings(library)
    songs = next_songs(library, begun(library, "Song 0"), 20)
    assert len(songs) == 9 and 11 not in numbers(songs) and not {3, 4} <= set(numbers(songs))


def test_what_a_listener_never_wants_to_hear(library):
    record_dislike(library, "ana", 2)
    record_never(library, 3, "ana")
    record_never(library, 4)
    assert numbers(next_songs(library, begun(library, "Song 0", listener="ana"), 2)) == [4, 5]
    radio = begun(library, "Song 0", listener="somebody new")
    assert numbers(next_songs(library, radio, 3)) == [1, 2, 4], "song 3 is for nobody"
    record_never(library, 6, "ana")
    assert numbers(next_songs(library, resume_radio(library, radio.state.to_json(), listener="ana"), 1)) == [6]


def test_events_by_name(library):
    radio = begun(library, "Song 5")
    for what, track in (("never", "Song 4"), ("dislike", "artist:Artist 3"), ("skip", "id:1"), ("like", 12)):
        tell_radio(library, radio, what, track)
    kinds = [what for what, _ in radio.state.events]
    assert kinds == ["never", "dislike", "dislike", "skip", "like"]
    assert sorted(numbers(next_songs(library, radio, 20))) == [1, 2, 3, 8, 9, 10, 11]
    with pytest.raises(StageError, match="No track and no file answers to 'nothing of it'"):
        tell_radio(library, radio, "like", "nothing of it")


def test_a_session_goes_on_after_its_state(library):
    radio = start_radio(library, ["Song 3"], TrackFilters(genre="pop"), variety=0.5)
    first = next_songs(library, radio, 2)
    text = json.dumps(radio.state.to_json())
    again = resume_radio(library, json.loads(text), read_pool(library))
    rest = next_songs(library, again, 20)
    assert [song.rank for song in rest] == [3, 4, 5, 6]
    assert set(numbers(first)) | set(numbers(rest)) == {0, 1, 4, 5, 8, 9}
    assert rest == next_songs(library, radio, 20)
    with pytest.raises(StageError, match=r"cannot go on: this is no state of a radio\.\n\nBegin a new one"):
        resume_radio(library, {})
    of_another_run = json.loads(text.replace('"run_id": 1', '"run_id": 77'))
    with pytest.raises(StageError, match="cannot go on: this radio began with other vectors than the library has now"):
        resume_radio(library, of_another_run)


def test_what_a_listener_has_played_is_left_out_of_what_should_be_novel(library):
    record_play(library, "ann", 2, 1_700_000_000, 90.0)
    record_dislike(library, "ann", 3)
    record_play(library, "bob", 4, 1_700_000_000, 90.0)
    assert numbers(next_songs(library, begun(library, "Song 0", listener="ann"), 2)) == [1, 3]
    new = begun(library, "Song 0", listener="ann", novel=True)
    assert numbers(next_songs(library, new, 2)) == [3, 4]
    record_never(library, 6, "ann")
    record_play(library, "ann", 7, 1_700_000_000, 90.0)
    again = resume_radio(library, new.state.to_json())
    assert numbers(next_songs(library, again, 2)) == [7, 8], "also after what was played and said since"
    assert numbers(next_songs(library, begun(library, "Song 0", listener="eve", novel=True), 1)) == [1], "all is new"
    with pytest.raises(InputError, match="new to a listener alone"):
        begun(library, "Song 0", novel=True)


def test_a_listener_draws_a_radio_once_there_are_towers(library):
    for number in (0, 1):
        record_like(library, "ann", number + 1)

    def first(**options):
        return numbers(next_songs(library, begun(library, "Song 4", listener="ann", **options), 1))

    assert first() == [5], "without towers sound alone counts; songs 3 and 5 are as near"
    run_id, _ = start_run(library, "train-tower", {})
    with library.transaction():
        degrees = np.where(np.arange(12) < 5, 0.0, 90.0)  # nobody who plays one half plays the other
        publish(library, TOWER, run_id, [(np.arange(1, 13), np.stack([at(one) for one in degrees]))])
    assert first() == [3] and first(taste=0.0) == [5]
    assert numbers(next_songs(library, begun(library, "Song 4", listener="eve"), 1)) == [5], "nothing is known of eve"
    state = begun(library, "Song 4", listener="eve").state.to_json()
    assert numbers(next_songs(library, resume_radio(library, state, listener="ann"), 1)) == [3]
    radio = begun(library, "Song 4", listener="ann")
    for number in (6, 7, 8, 9):
        record_like(library, "ann", number + 1)
    assert numbers(next_songs(library, radio, 1, peek=True)) == [3], "a session keeps the taste that it began with"
    assert numbers(next_songs(library, resume_radio(library, radio.state.to_json()), 1)) == [3]
    run_id, _ = start_run(library, "train-tower", {})
    with library.transaction():
        publish(library, TOWER, run_id, [(np.arange(1, 13), np.stack([at(one) for one in degrees]))])
    assert numbers(next_songs(library, resume_radio(library, radio.state.to_json()), 1)) == [5], "until a new training"
    with pytest.raises(InputError, match="weight of a taste is from 0 to 5; this is 7"):
        first(taste=7.0)


def test_a_look_ahead_plays_nothing(library):
    radio = begun(library, "Song 0")
    ahead = next_songs(library, radio, 2, peek=True)
    assert ahead == next_songs(library, radio, 2)


def test_a_song_that_is_removed_meanwhile_is_left_out(library):
    radio = begun(library, "Song 0")
    by_hand(library, "UPDATE tracks SET status = 'missing' WHERE id = 2")
    songs = next_songs(library, radio, 3)
    assert numbers(songs) == [2, 3] and [song.rank for song in songs] == [2, 3]


@pytest.mark.parametrize(
    ("seeds", "wrong"),
    [([], {}), (["Song 0"], {"artist_gap": -1}), (["Song 0"], {"variety": 1.0}), (["Song 0"], {"seed": -1})],
)
def test_what_is_out_of_range(library, seeds, wrong):
    with pytest.raises(InputError, match="A radio has a track to begin with, an artist gap and a seed of 0 or more"):
        start_radio(library, seeds, **wrong)


def test_a_file_outside_is_a_seed_and_its_copy_is_not_played(heard_library, track_files, tmp_path):
    shutil.copy(track_files[0], tmp_path / "again.flac")
    with Library.open(heard_library) as library:
        songs = next_songs(library, start_radio(library, [tmp_path / "again.flac"], artist_gap=0), 30)
        paths = {song.track.path for song in songs}
        assert len(songs) == len(paths) == 17 and str(track_files[0]) not in paths
