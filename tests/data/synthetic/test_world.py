"""The invented world keeps its promises: known answers, audible groups, the same from the same seed."""

from dataclasses import replace

import numpy as np
import pytest

from earshot.data.synthetic.world import World, WorldConfig, make_world, render

TINY = WorldConfig(n_genres=2, artists_per_genre=3, tracks_per_artist=3, seconds=1.0, n_listeners=5)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(WorldConfig(seconds=8.0))


@pytest.fixture(scope="module")
def audio(world: World) -> list[np.ndarray]:
    return [render(world, row) for row in range(len(world.tracks))]


def artist_rows(world):
    return np.array([track.artist_row for track in world.tracks])


def genre_rows(world):
    return np.array([world.artists[track.artist_row].genre_row for track in world.tracks])


def test_the_same_seed_is_the_same_world():
    one, two, other = make_world(TINY), make_world(TINY), make_world(replace(TINY, seed=1))
    assert (one.genres, one.artists, one.tracks, one.playlist_names) == (
        two.genres,
        two.artists,
        two.tracks,
        two.playlist_names,
    )
    for name in ("user_rows", "track_rows", "timestamps", "play_ratio"):
        np.testing.assert_array_equal(getattr(one.listens, name), getattr(two.listens, name))
    np.testing.assert_array_equal(one.playlists, two.playlists)
    np.testing.assert_array_equal(one.graph.weights, two.graph.weights)
    assert one.tracks != other.tracks
    assert not np.array_equal(one.listens.timestamps, other.listens.timestamps)


def test_more_listeners_leave_the_others_as_they_were():
    few, many = make_world(TINY), make_world(replace(TINY, n_listeners=9))
    mask = many.listens.user_rows < TINY.n_listeners
    np.testing.assert_array_equal(few.listens.track_rows, many.listens.track_rows[mask])
    np.testing.assert_array_equal(few.listens.timestamps, many.listens.timestamps[mask])
    assert few.tracks == many.tracks


def test_a_track_sounds_the_same_in_whatever_order_it_is_rendered():
    forwards = [render(make_world(TINY), row) for row in (3, 4, 5)]
    world = make_world(TINY)
    backwards = [render(world, row) for row in (5, 4, 3)]
    for ours, theirs in zip(forwards, backwards[::-1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(forwards[0], forwards[1])


def test_two_tracks_of_one_taste_are_two_songs():
    world = make_world(replace(TINY, track_spread=0.0, seconds=12.0))
    np.testing.assert_array_equal(world.track_tastes[0], world.track_tastes[1])
    assert abs(np.corrcoef(render(world, 0).ravel(), render(world, 1).ravel())[0, 1]) < 0.9


def test_the_world_introduces_itself():
    assert repr(make_world(WorldConfig())) == ("<World 4 genres, 20 artists, 80 tracks, 60 listeners, 9,000 listens>")


def test_a_render_is_sound_stereo_and_has_a_shape(audio):
    for samples in audio:
        assert samples.shape == (2, 8 * 22_050)
        assert samples.dtype == np.float32
        assert np.isfinite(samples).all()
        assert 0.85 < np.abs(samples).max() <= 0.9
    # Intro against the last chorus: dB between the first 6 % and the last 30 % of the song.
    first, last = slice(0, int(0.06 * 8 * 22_050)), slice(int(0.7 * 8 * 22_050), None)
    rises = [10 * np.log10((s[:, last] ** 2).mean() / (s[:, first] ** 2).mean()) for s in audio]
    assert np.median(rises) > 3  # measured 4.0
    assert min(np.abs(s[0] - s[1]).max() for s in audio) > 0.01  # left is not right


def test_the_sample_rate_does_not_change_the_music(world):
    at_22, at_44 = render(world, 7), render(world, 7, 44_100)
    assert at_44.shape == (2, 8 * 44_100)
    # Nothing above 11,025 Hz, so every second sample tells all.
    assert np.corrcoef(at_22.ravel(), at_44[:, ::2].ravel())[0, 1] > 0.99999


def test_a_track_that_is_not_there(world):
    with pytest.raises(ValueError, match="track row 80 in a world of 80 tracks"):
        render(world, 80)


def _heard(samples: np.ndarray) -> np.ndarray:
    """Mean, spread and flux of the log energy in 20 bands, shape (60,): no model has a part in it."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.mean(axis=0), 2_048)[::1_024]
    power = np.abs(np.fft.rfft(frames * np.hanning(2_048))) ** 2
    edges = np.geomspace(2, 1_025, 21).astype(int)
    bands = np.log(np.add.reduceat(power, edges[:-1], axis=1) + 1e-6)  # (n_frames, 20)
    flux = np.abs(np.diff(bands, axis=0))
    return np.concatenate([bands.mean(axis=0), bands.std(axis=0), flux.mean(axis=0)])


@pytest.fixture(scope="module")
def distances(audio: list[np.ndarray]) -> np.ndarray:
    features = np.array([_heard(samples) for samples in audio])
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    return np.linalg.norm(features[:, None] - features, axis=2)  # (n_tracks, n_tracks)


def test_the_nearest_track_by_another_artist_is_of_the_genre(world, distances):
    by_others = np.where(artist_rows(world)[:, None] == artist_rows(world), np.inf, distances)
    hits = genre_rows(world)[by_others.argmin(axis=1)] == genre_rows(world)
    assert hits.mean() > 0.75  # measured 0.91; by chance 16 of 76, 0.21


def test_the_nearest_track_of_all_is_by_the_artist(world, distances):
    others = np.where(np.eye(len(distances), dtype=bool), np.inf, distances)
    hits = artist_rows(world)[others.argmin(axis=1)] == artist_rows(world)
    assert hits.mean() > 0.6  # measured 0.80; by chance 3 of 79, 0.04


def test_artists_are_closer_than_genres_and_genres_than_strangers(world, distances):
    artist = artist_rows(world)[:, None] == artist_rows(world)
    genre = genre_rows(world)[:, None] == genre_rows(world)
    within_artist = distances[artist & (distances > 0)].mean()  # measured 5.3
    within_genre = distances[genre & ~artist].mean()  # measured 7.8
    across = distances[~genre].mean()  # measured 11.7
    assert within_artist < 0.85 * within_genre
    assert within_genre < 0.85 * across


def test_the_graph_agrees_with_taste(world):
    cosines = world.artist_tastes @ world.artist_tastes.T
    edges = set(zip(world.graph.source_rows.tolist(), world.graph.target_rows.tolist(), strict=True))
    assert len(edges) == 20 * world.config.n_related
    for source in range(20):
        others = sorted((row for row in range(20) if row != source), key=lambda row: -cosines[source, row])
        assert {target for row, target in edges if row == source} == set(others[: world.config.n_related])


def test_an_edge_weight_by_hand(world):
    # A right angle is half way from the same taste (1) to the opposite one (0).
    graph = world.graph
    angles = np.pi * (1 - graph.weights)
    cosines = (world.artist_tastes[graph.source_rows] * world.artist_tastes[graph.target_rows]).sum(axis=1)
    np.testing.assert_allclose(np.cos(angles), cosines)


def _liking(world: World) -> np.ndarray:
    """Cosine of each listener's two tastes with each track, shape (n_listeners, 2, n_tracks)."""
    return world.listener_tastes @ world.track_tastes.T


def test_listeners_keep_to_their_tastes(world):
    listens, best = world.listens, _liking(world).max(axis=1)
    own = best[listens.user_rows, listens.track_rows].mean()
    neighbor = best[(listens.user_rows + 1) % 60, listens.track_rows].mean()
    assert own > 0.7  # measured 0.81
    assert neighbor < 0.5  # measured 0.42


def test_listens_are_dated_within_the_days(world):
    listens = world.listens
    assert len(listens) == 60 * 150
    assert np.all(np.diff(listens.timestamps) >= 0)
    assert 195 < (listens.timestamps[-1] - listens.timestamps[0]) / 86_400 <= 200
    assert np.bincount(listens.user_rows).tolist() == [150] * 60
    one = listens.timestamps[listens.user_rows == 0]
    # Sittings of 4 to 12, so about 150 / 8 of them. Between two lies more than half an hour.
    assert 13 <= 1 + (np.diff(one) > 1_800).sum() <= 38


def test_a_bad_match_is_skipped(world):
    listens = world.listens
    cosines = _liking(world)[listens.user_rows, :, listens.track_rows]  # (n_listens, 2)
    skipped = listens.play_ratio < 0.5
    # The chance is 1 / (1 + e^(-8 (0.4 - cosine))): 0.96 at a right angle, 0.08 at 0.7, more extreme beyond.
    assert skipped[(cosines < 0).all(axis=1)].mean() > 0.96
    assert skipped[(cosines > 0.7).all(axis=1)].mean() < 0.08


def test_favorites_are_played_again(world):
    """Two plays of one listener meet in a track more often than plays of two listeners of the same genre."""
    plays = np.zeros((60, 80))
    np.add.at(plays, (world.listens.user_rows, world.listens.track_rows), 1)
    alone, shared = [], []
    for genre in range(4):
        local = plays[:, genre_rows(world) == genre]
        local = local[local.sum(axis=1) > 30]
        n = local.sum(axis=1)
        alone.extend((local * (local - 1)).sum(axis=1) / (n * (n - 1)))
        meetings = local @ local.T / np.outer(n, n)
        shared.extend(meetings[~np.eye(len(n), dtype=bool)])
    assert np.mean(alone) > 1.3 * np.mean(shared)  # measured 0.193 and 0.117


def _late_and_early(drift: float) -> tuple[float, float]:
    """Share of plays that follow a listener's second taste, in the last and in the first quarter."""
    world = make_world(WorldConfig(drift=drift, exploration=0.0, n_listeners=300))
    listens, tastes = world.listens, world.listener_tastes
    two_minded = (tastes[:, 0] * tastes[:, 1]).sum(axis=1) < 0.3
    second = _liking(world).argmax(axis=1)[listens.user_rows, listens.track_rows]
    age = (listens.timestamps - listens.timestamps[0]) / (200 * 86_400)
    mask = two_minded[listens.user_rows]
    return second[mask & (age > 0.75)].mean(), second[mask & (age < 0.25)].mean()


def test_taste_drifts_as_much_as_asked():
    # With a drift of 0.5 the second taste goes from 0.25 to 0.75: 0.3125 and 0.6875 amid the outer quarters.
    assert _late_and_early(0.5) == pytest.approx((0.6875, 0.3125), abs=0.06)
    assert _late_and_early(0.0) == pytest.approx((0.5, 0.5), abs=0.06)


def test_playlists_hold_one_taste_and_no_track_twice(world):
    assert world.playlists.shape == (20, 12)
    assert all(len(set(row)) == 12 for row in world.playlists.tolist())
    genres = genre_rows(world)[world.playlists]
    most = [np.bincount(row).max() / 12 for row in genres]
    assert np.mean(most) > 0.8  # measured 0.96; by chance 0.39


def test_every_name_is_its_own_and_some_are_not_ascii(world):
    artists = [artist.name for artist in world.artists]
    names = [*world.genres, *artists, *{track.album for track in world.tracks}]
    names += [*(track.title for track in world.tracks), *world.playlist_names]
    assert len({name.casefold() for name in names}) == len(names)  # also where a disk ignores case
    assert 0.2 < np.mean([not name.isascii() for name in artists]) < 0.6


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_genres": 0}, "n_genres is 0; it is at least 1"),
        ({"listens_per_listener": 0}, "listens_per_listener is 0; it is at least 1"),
        ({"drift": 1.5}, "drift is 1.5; it lies between 0 and 1"),
        ({"seed": -1}, "seed is -1; it is at least 0"),
        ({"seconds": 0.5}, "seconds is 0.5; it is at least 1"),
        ({"n_genres": 9}, "n_genres is 9; it is at most taste_dim, 8"),
        ({"taste_dim": 18}, "taste_dim is 18; it lies between 1 and 17"),
        ({"playlist_length": 81}, "playlist_length 81 in a world of 80 tracks"),
        ({"n_related": 20}, "n_related 20 in a world of 20 artists"),
    ],
)
def test_an_impossible_world_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        WorldConfig(**settings)
