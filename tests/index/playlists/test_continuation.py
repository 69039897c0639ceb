"""A radio: near and apart, never twice, and what skips and likes do to the very next song."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from earshot.data.ids import IdMap
from earshot.index.playlists.artist_spacing import ArtistRows
from earshot.index.playlists.continuation import Radio, RadioSettings, RadioState
from earshot.index.playlists.track_pool import TrackPool
from earshot.index.search.filters import TrackFilters
from earshot.index.vectors.spaces import Space
from library_world import at, random_units


def pool_of(vectors, artists=None):
    ids = IdMap(np.arange(len(vectors)) + 100)  # of the recordings
    return TrackPool(Space("audio", 1, 1), ids, np.asarray(vectors), ArtistRows(artists or [set()] * len(vectors)))


def radio_on(pool, anchor, left_out=(), may_play=None, **settings):
    settings = {"artist_gap": 0} | settings
    anchor = tuple(np.asarray(anchor, dtype=float).tolist())
    state = RadioState(RadioSettings(1, "audio", anchor, tuple(left_out), **settings))
    return Radio(pool, state, np.ones(len(pool), dtype=bool) if may_play is None else np.asarray(may_play))


def recordings(songs):
    return [song.recording for song in songs]


def test_near_the_last_song_and_the_anchor():
    pool = pool_of([at(degrees) for degrees in (0, 10, 25, -20, 80)])
    radio = radio_on(pool, at(0), left_out=[100])
    # Half the cosine to the last song and half that to the anchor: after 10, 25 has cos 15 + cos 25, -20 has 30 and 20.
    assert recordings(radio.play(3)) == [101, 102, 103]
    song = radio.next_song()
    assert song.recording == 104 and song.from_last == pytest.approx(np.radians(100), abs=1e-3)
    assert song.from_anchor == pytest.approx(np.radians(80), abs=1e-3)
    assert radio.next_song() is None and recordings(radio) == []


def test_nothing_comes_twice_and_all_of_it_comes(rng):
    radio = radio_on(pool_of(random_units(rng, 500, 8)), random_units(rng, 1, 8)[0], [100, 150], variety=0.3)
    played = recordings(radio)
    assert len(played) == len({*played}) == 498 and not {100, 150} & {*played}
    assert radio.n_played == 498


def test_artists_are_apart_while_there_are_others(rng):
    artists = [{f"artist {row % 6}"} for row in range(60)]
    radio = radio_on(pool_of(random_units(rng, 60, 4), artists), random_units(rng, 1, 4)[0], artist_gap=4)
    names = [(recording - 100) % 6 for recording in recordings(radio.play(40))]
    assert all(len(set(names[start : start + 5])) == 5 for start in range(36)), names
    alone = radio_on(pool_of(random_units(rng, 5, 4), [{"air"}] * 5), random_units(rng, 1, 4)[0], artist_gap=4)
    assert len(recordings(alone)) == 5, "rather again than silence"


def test_only_what_may_be_played_is(rng):
    may_play = np.arange(50) % 7 == 3
    radio = radio_on(pool_of(random_units(rng, 50, 4)), random_units(rng, 1, 4)[0], may_play=may_play)
    assert sorted(recordings(radio)) == (np.flatnonzero(may_play) + 100).tolist()


def test_the_same_events_have_the_same_songs_and_another_seed_others(rng):
    pool, anchor = pool_of(random_units(rng, 400, 8)), random_units(rng, 1, 8)[0]
    lists = [recordings(radio_on(pool, anchor, variety=0.4, seed=seed).play(20)) for seed in (1, 1, 2)]
    assert lists[0] == lists[1] != lists[2]
    plain = [recordings(radio_on(pool, anchor, seed=seed).play(20)) for seed in (1, 2)]
    assert plain[0] == plain[1], "nothing is drawn without variety"


def test_a_skip_is_felt_by_the_very_next_song_and_fades():
    # Two sides of the anchor: the skipped song is on one, so the next is on the other.
    pool = pool_of([at(degrees) for degrees in (4, 10, -11, 14, -15, 18, -19)])
    assert recordings(radio_on(pool, at(0)).play(3)) == [100, 101, 103]
    radio = radio_on(pool, at(0))
    radio.play(2)
    radio.skip(101)
    assert recordings(radio.play(1)) == [102]
    late = radio_on(pool, at(0))
    late.play(2)
    late.skip(101, played_s=30.0)
    assert recordings(late.play(1)) == [103] and late.state.events[-1] == ("play", 103)


def query_of(radio):
    return radio._taste.query(radio.pool.vectors, radio._anchor, radio.n_played)


def test_what_was_turned_down_is_not_played(rng):
    radio = radio_on(pool_of(random_units(rng, 200, 6)), random_units(rng, 1, 6)[0])
    radio.skip(150)
    radio.dislike(151)
    assert len({150, 151} | {*recordings(radio)}) == 200 and radio.n_played == 198


def test_never_keeps_out_and_keeps_the_way():
    pool = pool_of([at(degrees) for degrees in (5, 10, 12, 14)])
    radio = radio_on(pool, at(0))
    radio.play(1)
    before = query_of(radio)
    radio.never(101)
    np.testing.assert_array_equal(query_of(radio), before)
    assert recordings(radio) == [102, 103]


def test_looking_ahead_changes_nothing(rng):
    radio = radio_on(pool_of(random_units(rng, 100, 6)), random_units(rng, 1, 6)[0], variety=0.3)
    radio.play(5)
    before = json.dumps(radio.state.to_json())
    ahead = radio.upcoming(3)
    assert json.dumps(radio.state.to_json()) == before and len(ahead) == 3
    assert radio.play(3) == ahead


def test_a_session_goes_on_from_its_json(rng):
    pool, anchor = pool_of(random_units(rng, 300, 6)), random_units(rng, 1, 6)[0]
    filters = TrackFilters(genre="jazz", not_genre=("christmas",), under=("/m",), same_artist=False, min_duration=3.0)
    radio = radio_on(pool, anchor, [101], variety=0.3, filters=filters, artists=("air",), names=("Air - Ce matin-là",))
    radio.play(5)
    radio.like(radio.state.events[-1][1])
    radio.skip(177)
    text = json.dumps(radio.state.to_json())
    again = Radio(pool, RadioState.from_json(json.loads(text)), np.ones(300, dtype=bool))
    assert again.state == radio.state and again.play(20) == radio.play(20)
    assert len(text) < 1_000


def test_a_song_that_is_gone_is_forgotten(rng):
    vectors, anchor = random_units(rng, 50, 6), random_units(rng, 1, 6)[0]
    radio = radio_on(pool_of(vectors), anchor)
    radio.state.events.extend([("play", 149), ("like", 149), ("skip", 9_999)])
    shorter = Radio(pool_of(vectors[:40]), radio.state, np.ones(40, dtype=bool))
    assert len(recordings(shorter)) == 40


FILTERS = asdict(TrackFilters())


def state_with(**changes):
    settings = RadioState(RadioSettings(1, "audio", (1.0, 0.0), ())).to_json()["settings"]
    return {"settings": settings | changes, "events": []}


@pytest.mark.parametrize(
    "content",
    [
        None, [], {}, {"settings": {}}, {"settings": 1, "events": []}, state_with(anchor="abc"),
        state_with(anchor=[float("nan"), 0.0]), state_with(variety=2), state_with(seed=-1), state_with(seed=2**70),
        state_with(run_id="1"), state_with(left_out=[1.5]), state_with(filters={"genre": []}),
        state_with(filters=FILTERS | {"genre": 5}), state_with(filters=FILTERS | {"k": 5}),
        state_with(filters=FILTERS | {"min_duration": "5"}), state_with(names=None), state_with(more=1),
        state_with() | {"events": [["dance", 1]]}, state_with() | {"events": [["play", 2**63]]},
        state_with() | {"events": ["play"]}, state_with() | {"events": None},
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused(content):
    assert RadioState.from_json(state_with())
    with pytest.raises(ValueError, match=r"^this is no state of a radio$"):
        RadioState.from_json(content)


def test_other_vectors_are_refused(rng):
    pool = pool_of(random_units(rng, 5, 6))
    for settings in (RadioSettings(2, "audio", (1.0,) * 6, ()), RadioSettings(1, "audio", (1.0, 0.0), ())):
        with pytest.raises(ValueError, match="began with other vectors"):
            Radio(pool, RadioState(settings), np.ones(5, dtype=bool))


def test_of_songs_as_near_the_one_that_suits_the_listener_goes_first():
    pool = pool_of([at(degrees) for degrees in (0, 10, -10, 30)])
    affinity = np.array([0.0, 0.0, 1.0, 0.0], dtype=np.float32)

    def first(taste, affinity=affinity):
        settings = RadioSettings(1, "audio", tuple(at(0).tolist()), (100,), artist_gap=0, taste_weight=taste)
        radio = Radio(pool, RadioState(settings), np.ones(4, dtype=bool), affinity)
        ahead = radio.upcoming(1)
        assert ahead == radio.play(1)
        return ahead[0].recording

    assert first(0.5) == 102 and first(0.0) == first(0.5, None) == 101
    affinity[:] = 0, 0, 0, 1
    assert first(0.5) == 101, "what is much farther stays behind"
    assert first(5.0) == 103


def test_a_session_of_before_goes_on_without_a_taste(rng):
    radio = radio_on(pool_of(random_units(rng, 5, 4)), random_units(rng, 1, 4)[0])
    content = radio.state.to_json()
    assert RadioState.from_json(content).settings.taste_weight == 0.5
    for new in ("taste_weight", "taste", "towers_run_id"):
        del content["settings"][new]
    assert RadioState.from_json(content).settings.taste_weight == 0.0
    for wrong in ({"taste_weight": -1}, {"taste_weight": 6}, {"taste_weight": "much"}, {"taste": [float("nan")]}):
        content["settings"] |= {"taste_weight": 0.5, "taste": []} | wrong
        with pytest.raises(ValueError, match="this is no state of a radio"):
            RadioState.from_json(content)
