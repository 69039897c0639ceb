"""Recordings that are never recommended, under whichever of their files."""

import numpy as np
import pytest

from earshot.data.ids import IdMap
from earshot.index.recordings.never_list import (
    exclude_track,
    exclusions,
    include_track,
    never_pairs,
    never_recordings,
)
from earshot.index.recordings.recordings import group_recordings
from earshot.index.search.filters import SearchFilters
from earshot.index.search.similarity_search import similar
from earshot.index.vectors.spaces import AUDIO
from library_world import add, at, finish, heard, open_library, seed_of

COPY, COPIED = 4, 2  # two files of one content


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        tracks = [heard(f"/m/{n}.mp3", at(n), artist=f"Band {n}") for n in (1, 2, 3)]
        add(library, head, [*tracks, heard("/m/copy.mp3", at(2), content_hash=tracks[1].content_hash)])
        with library.transaction():
            group_recordings(library)
        finish(library)
        library.db.execute("INSERT INTO users (id, name) VALUES (1, 'ana'), (2, 'bob')")
        yield library


def test_an_exclusion_holds_for_every_file_of_the_recording(library):
    with library.transaction():
        assert exclude_track(library, COPY, 1) and not exclude_track(library, COPIED, 1)
        assert exclude_track(library, 3, None)
    assert never_recordings(library, 1) == [COPIED, 3]
    assert never_recordings(library, 2) == never_recordings(library) == [3]
    assert [(one.track_id, one.user_id) for one in exclusions(library)] == [(3, None), (COPY, 1)]
    assert [one.track_id for one in exclusions(library, 2)] == [3]
    with library.transaction():
        assert not include_track(library, COPIED, 2) and include_track(library, COPIED, 1)
        assert include_track(library, 3, None)
    assert never_recordings(library, 1) == exclusions(library) == []


def test_pairs_are_rows_of_users_and_recordings(library):
    with library.transaction():
        for track, user in ((3, 2), (COPY, 2), (1, 1), (1, None)):
            exclude_track(library, track, user)
    rows, recordings = never_pairs(library, IdMap([2, 9, 1]))
    np.testing.assert_array_equal(rows, [0, 0, 2])
    np.testing.assert_array_equal(recordings, [COPIED, 3, 1])
    assert [len(part) for part in never_pairs(library, IdMap([9]))] == [0, 0]


def test_a_stored_recommendation_goes_at_once(library):
    library.db.execute("INSERT INTO recommendations VALUES (1, 1, 2, .9, 1), (1, 2, 3, .8, 1), (2, 1, 2, .7, 1)")
    with library.transaction():
        exclude_track(library, COPY, 1)
    rows = "SELECT user_id, track_id FROM recommendations ORDER BY 1, 2"
    assert library.db.execute(rows).fetchall() == [(1, 3), (2, 2)]
    with library.transaction():
        exclude_track(library, COPY, None)
    assert library.db.execute(rows).fetchall() == [(1, 3)]


def test_search_leaves_out_what_nobody_may_hear_of(library):
    def found():
        return [match.track.id for match in similar(library, AUDIO, [seed_of(library, 1)], [], SearchFilters()).matches]

    assert found() == [2, 3]
    with library.transaction():
        exclude_track(library, COPY, None)
        exclude_track(library, 3, 1)
    assert found() == [3], "what one listener excludes, another may search for"
