"""Similarity search on hand-made vectors in the plane, with orders worked out by hand."""

import hashlib

import numpy as np
import pytest

from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.search.excerpts import ExcerptVectors
from earshot.index.search.filters import SearchFilters
from earshot.index.search.similarity_search import Moment, Seed, best_moment, query_vector, similar
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.ann import TYPES, n_candidates
from earshot.index.vectors.faiss_file import build_index, index_state
from earshot.index.vectors.spaces import AUDIO, read_vectors
from fingerprints import invented, worn
from library_world import add, at, finish, heard, open_library, random_units, seed_of, unit

NO_EXCERPTS = ExcerptVectors(np.empty((0, 2), dtype=np.float32), [])


def outside(degrees: float, **facts) -> Seed:
    """A file that is not in the library."""
    return Seed("outside", at(degrees), facts.pop("excerpts", NO_EXCERPTS), facts.pop("duration", 1e6), **facts)


def seeds(*degrees: float) -> list[Seed]:
    return [outside(angle) for angle in degrees]


@pytest.fixture
def library(tmp_path):
    """Tracks 1 to 8 at 0, 10, ... 70 degrees: by A, A, A, A, B, B, C and no artist; odd ones are jazz of 100 s."""
    library, head = open_library(tmp_path)
    artists = ["A", "A", "A", "A", "B", "B", "C", None]
    with library:
        tracks = [
            heard(
                f"/{place}.mp3",
                at(10 * place),
                title=f"Song {place}",
                artist=artist,
                album=f"Album {place // 2}",
                genre="Cool Jazz" if place % 2 == 0 else "Rock",
                duration=100.0 if place % 2 == 0 else 200.0,
            )
            for place, artist in enumerate(artists)
        ]
        add(library, head, tracks)
        finish(library)
        yield library


def ids(answer):
    return [match.track.id for match in answer.matches]


def ask(library, *degrees, unlike=(), **filters):
    seeds, unwanted = ([outside(angle) for angle in angles] for angles in (degrees, unlike))
    return similar(library, AUDIO, seeds, unwanted, SearchFilters(**{"max_per_artist": 99} | filters))


def test_the_nearest_come_first(library):
    answer = ask(library, 32, k=4)  # 30, 40, 20, 50 degrees are 2, 8, 12 and 18 away
    assert ids(answer) == [4, 5, 3, 6]
    assert [match.rank for match in answer.matches] == [1, 2, 3, 4]
    scores = [match.score for match in answer.matches]
    assert scores == pytest.approx(np.cos(np.radians([2, 8, 12, 18])), abs=1e-6)
    assert answer.exhaustive is None and answer.copies == []
    track = answer.matches[0].track
    assert (track.title, track.artist, track.album, track.genre) == ("Song 3", "A", "Album 1", "Rock")


def test_a_seed_is_not_in_the_answer(library):
    answer = similar(library, AUDIO, [seed_of(library, 1)], [], SearchFilters(k=3))
    assert ids(answer) == [2, 3, 4]


def test_no_more_than_there_are(library):
    assert ids(ask(library, 0, k=100)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_one_artist_does_not_fill_the_list(library):
    assert ids(ask(library, 0, k=5, max_per_artist=2)) == [1, 2, 5, 6, 7]
    assert ids(ask(library, 0, k=9, max_per_artist=1)) == [1, 5, 7, 8], "no artist is not an artist of that name"


def test_artists_are_counted_whatever_their_letters(library):
    library.db.execute("UPDATE tracks SET artist = 'a' WHERE id IN (2, 4)")
    assert ids(ask(library, 0, k=9, max_per_artist=2)) == [1, 2, 5, 6, 7, 8]


def test_one_album_does_not_fill_the_list(library):
    assert ids(ask(library, 0, k=9, max_per_album=1)) == [1, 3, 5, 7, 8]  # 7 and 8: Album 3 by C and by no artist
    library.db.execute("UPDATE tracks SET album = 'Greatest Hits'")
    assert ids(ask(library, 0, k=9, max_per_album=1)) == [1, 5, 7, 8], "the same name by another is another album"


def test_only_the_same_artist_or_only_others(library):
    seed = seed_of(library, 5)  # of B
    assert ids(similar(library, AUDIO, [seed], [], SearchFilters(same_artist=True))) == [6]
    other_artists = ids(similar(library, AUDIO, [seed], [], SearchFilters(same_artist=False)))
    assert other_artists[0] == 4 and sorted(other_artists) == [2, 3, 4, 7, 8], "the fourth of A is one too many"
    same = similar(library, AUDIO, [seed_of(library, 1)], [], SearchFilters(same_artist=True, max_per_artist=1))
    assert ids(same) == [2, 3, 4], "a cap on artists makes no sense when one was asked for"


def test_a_seed_without_artist_has_no_same_artist(library):
    assert ids(similar(library, AUDIO, [seed_of(library, 8)], [], SearchFilters(same_artist=True))) == []


def test_a_genre_is_part_of_the_tag(library):
    assert ids(ask(library, 0, genre="jazz")) == [1, 3, 5, 7]
    assert ids(ask(library, 0, genre="ROCK")) == [2, 4, 6, 8]
    assert ids(ask(library, 0, genre="polka")) == []


def test_durations_are_inclusive(library):
    assert ids(ask(library, 0, max_duration=100.0)) == [1, 3, 5, 7]
    assert ids(ask(library, 0, min_duration=200.0)) == [2, 4, 6, 8]
    assert ids(ask(library, 0, min_duration=100.1, max_duration=199.9)) == []


def test_several_seeds_meet_in_the_middle(library):
    # The mean of the directions 0 and 60 points to 30.
    assert ids(ask(library, 0, 60, k=1)) == [4]
    np.testing.assert_allclose(query_vector(seeds(0, 60)), at(30), atol=1e-6)


def test_a_group_of_seeds_counts_as_much_as_one():
    # Two of weight 1/2 at 0 and 90 degrees are one at 45; with one of weight 1 at -45 the mean points to 0:
    # ((1, 0) + (0, 1)) / 2 + (1, -1) / sqrt 2 = (1.207, -0.207), at -9.7 degrees.
    group = [outside(angle, weight=0.5) for angle in (0, 90)]
    query = query_vector([*group, *seeds(-45)])
    assert np.degrees(np.arctan2(query[1], query[0])) == pytest.approx(-9.7, abs=0.05)


def test_away_from_an_unwanted_track():
    # Rocchio: (1, 0) - 0.5 (0, 1) = (1, -0.5), of length sqrt 1.25.
    np.testing.assert_allclose(query_vector(seeds(0), seeds(90)), np.array([1, -0.5]) / np.sqrt(1.25), atol=1e-6)
    # With two unwanted ones their mean counts: (1, 0) - 0.5 * ((0, 1) + (0, -1)) / 2 = (1, 0).
    np.testing.assert_allclose(query_vector(seeds(0), seeds(90, -90)), at(0), atol=1e-6)


def test_what_is_unwanted_is_not_in_the_answer(library):
    """From 20 degrees away from 40: (cos 20 - 0.5 cos 40, sin 20 - 0.5 sin 40) = (0.557, 0.021), at 2 degrees."""
    answer = similar(library, AUDIO, [seed_of(library, 3)], [seed_of(library, 5)], SearchFilters(k=9, max_per_artist=9))
    query = query_vector(seeds(20), seeds(40))
    assert np.degrees(np.arctan2(query[1], query[0])) == pytest.approx(2.1, abs=0.05)
    assert ids(answer) == [1, 2, 4, 6, 7, 8]


def test_seeds_that_cancel_out_find_something_and_no_error(library):
    assert len(ids(ask(library, 0, 180, k=3))) == 3


def test_tracks_that_are_not_embedded_are_not_found(library):
    set_status(library, "/1.mp3", 1, 1, "missing", None)
    set_status(library, "/2.mp3", 1, 1, "excluded", "a rule")
    answer = ask(library, 0, k=3)
    assert ids(answer) == [1, 4, 5]
    assert answer.exhaustive == "the library has changed since it was built"


@pytest.mark.parametrize("is_named_alike", [False, True])
def test_copies_of_a_seed_are_hidden_and_listed(tmp_path, is_named_alike):
    """By their recording; names alone never make one."""
    library, head = open_library(tmp_path)
    with library:
        names = {"title": "Song", "artist": "A"}
        tracks = [heard("/seed.mp3", at(0), **names), heard("/other.mp3", at(1), **names), heard("/far.mp3", at(90))]
        seed, other, far = add(library, head, tracks)
        if not is_named_alike:
            store_same(library, [(seed, other, "sound", 0.9)])
            group_recordings(library)
        for asked in (seed, other):
            answer = similar(library, AUDIO, [seed_of(library, asked)], [], SearchFilters())
            twin = seed + other - asked
            expected = ([twin, far], []) if is_named_alike else ([far], [twin])
            assert (ids(answer), [track.id for track in answer.copies]) == expected


def test_a_recording_is_listed_once_by_the_file_that_fits(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        genres = {"/a.flac": "Rock", "/b.flac": "Pop", "/c.mp3": "Jazz"}
        tracks = [heard(path, at(9), genre=genre, codec=path[-4:].strip(".")) for path, genre in genres.items()]
        rock, pop, jazz = add(library, head, tracks)
        store_same(library, [(rock, pop, "sound", 0.9), (pop, jazz, "sound", 0.9)])
        group_recordings(library)
        finish(library)
        for genre, expected in ((None, [rock]), ("Pop", [pop]), ("Jazz", [jazz]), ("Folk", [])):
            assert ids(similar(library, AUDIO, [outside(0)], [], SearchFilters(genre=genre))) == expected


def test_a_copy_of_a_seed_from_outside(tmp_path):
    """By its content or its sound."""
    library, head = open_library(tmp_path)
    with library:
        sounds = {"/a.mp3": invented(1), "/b.mp3": invented(2)}
        add(library, head, [heard(path, at(1), fingerprint=sound.to_bytes()) for path, sound in sounds.items()])
        for facts in ({"fingerprint": worn(invented(2), 3)}, {"content_hash": hashlib.md5(b"/b.mp3").hexdigest()}):
            answer = similar(library, AUDIO, [outside(0, duration=180.0, **facts)], [], SearchFilters())
            assert (ids(answer), [track.id for track in answer.copies]) == ([1], [2])


WALTZES = (3, 700, 4_999)  # among the first candidates, beyond them, and far beyond


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """6,000 tracks in the order of their angle to (1, 0, 0); three of them are waltzes."""
    library, head = open_library(tmp_path_factory.mktemp("crowd"))
    with library:
        tilt = np.linspace(0.0001, 3, 6_000)
        turn = np.random.default_rng(8).uniform(0, 2 * np.pi, 6_000)
        order = np.random.default_rng(9).permutation(6_000)
        tracks = [
            heard(
                f"/{place}.mp3",
                unit(
                    np.cos(tilt[place]),
                    np.sin(tilt[place]) * np.cos(turn[place]),
                    np.sin(tilt[place]) * np.sin(turn[place]),
                ),
                excerpts=[],
                title=f"Song {place}",
                genre="Waltz" if place in WALTZES else "Polka",
                artist=f"Artist {place % 50}",
            )
            for place in order.tolist()
        ]
        add(library, head, tracks)
        yield library


CENTER = Seed("center", unit(1, 0, 0), NO_EXCERPTS, 1e6)


def titles(answer):
    return [match.track.title for match in answer.matches]


@pytest.mark.parametrize("type", [None, "flat", "ivf-sq8", "hnsw"])
def test_needles_are_found_wherever_they_lie_and_once(crowd, type):
    if type is None:
        crowd.db.execute("DELETE FROM index_files")
    else:
        build_index(crowd, AUDIO, type)
    answer = similar(crowd, AUDIO, [CENTER], [], SearchFilters(genre="waltz"))
    assert titles(answer) == ["Song 3", "Song 700", "Song 4999"]
    assert answer.exhaustive == (None if type else "there is no index yet")


@pytest.mark.parametrize("type", ["flat", "ivf-sq8", "hnsw"])
def test_with_and_without_the_index_the_answer_is_one(crowd, type):
    """Also where the first candidates do not suffice: the caps let 2 of each 50 artists pass."""
    build_index(crowd, AUDIO, type, target=1.0)
    filters = SearchFilters(k=90, max_per_artist=2)
    with_index = similar(crowd, AUDIO, [CENTER], [], filters)
    index_state(crowd, AUDIO).path.unlink()
    without = similar(crowd, AUDIO, [CENTER], [], filters)
    assert (with_index.exhaustive, without.exhaustive) == (None, "its file is gone")
    assert titles(with_index) == titles(without)
    assert [m.score for m in with_index.matches] == pytest.approx([m.score for m in without.matches], abs=1e-6)
    assert len(set(titles(without))) == 90


def test_the_scores_of_a_quantised_index_are_exact(tmp_path, rng):
    library, head = open_library(tmp_path)
    with library:
        vectors = random_units(rng, 2_000, 6)
        add(library, head, [heard(f"/{number}.mp3", vector, excerpts=[]) for number, vector in enumerate(vectors)])
        build_index(library, AUDIO, "ivf-sq8")
        answer = similar(library, AUDIO, [Seed("", vectors[0], NO_EXCERPTS, 1.0, id=1)], [], SearchFilters(k=5))
        expected = np.sort(vectors[1:] @ vectors[0])[::-1][:5]
        assert answer.exhaustive is None
        assert [match.score for match in answer.matches] == pytest.approx(expected, abs=1e-6)


def test_small_answers_read_few_vectors(crowd, monkeypatch):
    """10 of 6,000: the matrix of all vectors is not read."""
    build_index(crowd, AUDIO)

    def refuse(*_):
        raise AssertionError("all vectors were read")

    monkeypatch.setattr("earshot.index.search.similarity_search.read_vectors", refuse)
    answer = similar(crowd, AUDIO, [CENTER], [], SearchFilters(k=10))
    assert titles(answer) == [f"Song {place}" for place in range(10)]
    assert n_candidates(10) == 150


def test_best_moment_by_hand():
    # Of all pairs 50 and 55 degrees are the nearest: 60 s of the seed, 25 s of the match.
    seed = outside(0, excerpts=ExcerptVectors(np.array([at(0), at(50)]), [30.0, 60.0]))
    match = ExcerptVectors(np.array([at(20), at(55), at(90)]), [5.0, 25.0, 45.0])
    moment = best_moment([seed], match)
    assert moment == Moment(60.0, 25.0, pytest.approx(np.cos(np.radians(5)), abs=1e-6))
    nearer = outside(0, excerpts=ExcerptVectors(np.array([at(91)]), [7.0]))
    assert best_moment([seed, nearer], match) == Moment(7.0, 45.0, pytest.approx(np.cos(np.radians(1)), abs=1e-6))


def test_no_moment_without_excerpts():
    assert best_moment([outside(0)], ExcerptVectors(np.array([at(0)]), [0.0])) is None
    assert best_moment([outside(0, excerpts=ExcerptVectors(np.array([at(0)]), [0.0]))], NO_EXCERPTS) is None


def test_why_shows_the_moments(library):
    answer = similar(library, AUDIO, [seed_of(library, 1)], [], SearchFilters(k=1), why=True)
    assert answer.matches[0].moment == Moment(0.0, 0.0, pytest.approx(np.cos(np.radians(10)), abs=1e-6), seed_id=1)
    assert similar(library, AUDIO, [seed_of(library, 1)], [], SearchFilters(k=1)).matches[0].moment is None


def test_a_search_changes_nothing(library):
    before = library.db.conn.total_changes
    ask(library, 0, k=3)
    assert library.db.conn.total_changes == before
    assert len(read_vectors(library, AUDIO)[0]) == 8
    assert TYPES[0] == index_state(library, AUDIO).type
