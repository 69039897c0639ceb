"""Filters accept the same tracks by SQL and track by track."""

from itertools import product

import pytest

from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.search.filters import SearchFilters, fits_filters, fitting_ids, fitting_recordings, fitting_track
from earshot.index.search.similarity_search import similar
from earshot.index.tracks.track_lookup import track_rows
from earshot.index.vectors.faiss_file import build_index
from earshot.index.vectors.spaces import AUDIO
from library_world import add, at, heard, open_library, seed_of

ARTISTS = ("Björk", "BJÖRK", "Can", None)
GENRES = ("Чardash", "чARDASH, Folk", "Folk", None)
DURATIONS = (60.0, 90.0, None)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A track of every artist, genre and duration: 48, of which the last has a vector like all others."""
    library, head = open_library(tmp_path_factory.mktemp("filters"))
    with library:
        kinds = list(product(ARTISTS, GENRES, DURATIONS))
        tracks = [
            heard(f"/{row}.mp3", at(row), excerpts=[], artist=artist, genre=genre, duration=duration)
            for row, (artist, genre, duration) in enumerate(kinds)
        ]
        add(library, head, tracks)
        yield library


def test_filters_by_hand(library):
    # 4 x 4 x 3 tracks: artists change every 12, genres every 3, durations each time
    assert fitting_ids(library, SearchFilters(same_artist=True), {"can"}).tolist() == list(range(25, 37))
    assert fitting_ids(library, SearchFilters(genre="ЧAR", max_duration=60.0), set()).tolist() == [
        1,
        4,
        13,
        16,
        25,
        28,
        37,
        40,
    ]
    assert fitting_ids(library, SearchFilters(min_duration=60.5, same_artist=True), {"bjork"}).tolist() == [
        *(2, 5, 8, 11), *(14, 17, 20, 23),
    ]  # fmt: skip


def test_letters_that_fold_into_plain_ones(tmp_path):
    """The Kelvin sign and the sharp s, which SQLite takes for themselves."""
    library, head = open_library(tmp_path)
    names = ["Kiss", "KISS", "\u212aISS", "Ki\u00df", "Kisses", "K\u00efss"]
    with library:
        add(library, head, [heard(f"/{row}.mp3", at(row), artist=name) for row, name in enumerate(names)])
        assert fitting_ids(library, SearchFilters(same_artist=True), {"kiss"}).tolist() == [1, 2, 3, 4, 6]


@pytest.mark.parametrize("same_artist", [None, True])
@pytest.mark.parametrize("genre", [None, "", "чardash", "FOLK", "polka"])
@pytest.mark.parametrize(("shortest", "longest"), [(None, None), (61, None), (None, 60.0), (60, 90), (91, None)])
@pytest.mark.parametrize("artists", [set(), {"bjork"}, {"bjork", "can"}])
def test_sqlite_and_python_agree(library, same_artist, genre, shortest, longest, artists):
    filters = SearchFilters(same_artist=same_artist, genre=genre, min_duration=shortest, max_duration=longest)
    rows = track_rows(library, range(1, 49))
    expected = [track_id for track_id, row in rows.items() if fits_filters(row, filters, artists)]
    found = fitting_ids(library, filters, artists)
    assert (expected if found is None else found.tolist()) == expected


@pytest.mark.parametrize(
    "filters",
    [
        {"not_genre": ("чARDASH",)},
        {"not_genre": ("folk", "polka")},
        {"not_genre": ("folk",), "genre": "чardash"},
        {"under": ("/1",)},
        {"under": ("/0.mp3", "/")},
        {"under": ("/a_b",), "not_genre": ("",)},
    ],
)
def test_sqlite_and_python_agree_on_folders_and_unwanted_genres(library, filters):
    library.db.execute("UPDATE tracks SET path = '/1/' || id || '.mp3' WHERE id > 40")
    rows = track_rows(library, range(1, 49))
    expected = [track_id for track_id, row in rows.items() if fits_filters(row, SearchFilters(**filters), set())]
    assert fitting_ids(library, SearchFilters(**filters), set()).tolist() == expected
    assert bool(expected) == ("/a_b" not in filters.get("under", ()))


def test_a_folder_is_no_beginning_of_a_name(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        paths = ["/m/Air/1.mp3", "/m/Airs/2.mp3", "/m/Air.mp3", "/m/Air/Moon/3.mp3", "/M/Air/4.mp3"]
        add(library, head, [heard(path, at(row)) for row, path in enumerate(paths)])
        assert fitting_ids(library, SearchFilters(under=("/m/Air",)), set()).tolist() == [1, 4]
        assert fitting_ids(library, SearchFilters(under=("/m/Air/Moon", "/M")), set()).tolist() == [4, 5]


def test_an_unwanted_genre_of_one_file_is_that_of_the_recording(tmp_path):
    """The same song on a sampler of other tags."""
    library, head = open_library(tmp_path)
    with library:
        genres = ["Pop", "Christmas", "Rock"]
        add(library, head, [heard(f"/{row}.mp3", at(row), genre=genre) for row, genre in enumerate(genres)])
        with library.transaction():
            store_same(library, [(1, 2, "sound", 0.9)])
            group_recordings(library)
        filters = SearchFilters(not_genre=("christmas",))
        assert fitting_recordings(library, filters, set()).tolist() == [3]
        rows = track_rows(library, [1, 2, 3])
        assert fitting_track([rows[1], rows[2]], filters, set()) is None
        assert fitting_track([rows[3]], filters, set()) == rows[3]
        assert fitting_track([rows[1], rows[2]], SearchFilters(), set()) == rows[1]
        assert similar(library, AUDIO, [seed_of(library, 3)], [], filters).matches == []


@pytest.mark.parametrize(
    "filters", [SearchFilters(), SearchFilters(same_artist=False), SearchFilters(max_per_artist=1, fewer_hubs=True)]
)
def test_filters_that_exclude_few_list_no_ids(library, filters):
    assert fitting_ids(library, filters, {"can"}) is None


@pytest.mark.parametrize("with_index", [True, False])
@pytest.mark.parametrize(
    ("filters", "reads"),
    [
        (SearchFilters(genre="polka"), []),  # what nobody fits costs no vector
        (SearchFilters(genre="folk", min_duration=91.0), []),
        (SearchFilters(same_artist=True, genre="folk", max_duration=60.0), [28, 31]),  # Can's
    ],
)
def test_only_vectors_of_the_wanted_are_read(library, monkeypatch, filters, reads, with_index):
    """Behind the first candidates, which an index finds among all."""
    if with_index:
        build_index(library, AUDIO)
    else:
        library.db.execute("DELETE FROM index_files")
    read_ids = []

    def spy(library, space, ids):
        read_ids.append(ids)
        return read(library, space, ids)

    from earshot.index.search.similarity_search import read_some_vectors as read

    monkeypatch.setattr("earshot.index.search.similarity_search.read_some_vectors", spy)
    monkeypatch.setattr(
        "earshot.index.search.similarity_search.read_vectors", lambda *_: pytest.fail("all vectors were read")
    )
    monkeypatch.setattr("earshot.index.search.similarity_search.n_candidates", lambda k: 4)
    answer = similar(library, AUDIO, [seed_of(library, 25)], [], filters)
    assert [match.track.id for match in answer.matches] == reads
    assert read_ids[1:] == [reads] if with_index else read_ids == [reads]
    assert not with_index or len(read_ids[0]) == 4


def test_artists_that_another_program_wrote(library):
    """Without a row of their own, and with several in one tag."""
    library.db.execute("UPDATE tracks SET artist = 'Neu!', artist_id = NULL WHERE id = 7")
    library.db.execute("UPDATE tracks SET artist = 'Can; NEU' WHERE id = 9")
    assert fitting_ids(library, SearchFilters(same_artist=True), {"neu"}).tolist() == [7, 9]
