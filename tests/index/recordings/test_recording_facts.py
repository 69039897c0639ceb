"""Facts of recordings, whichever of their files came first."""

import numpy as np
import pytest

from earshot.index.recordings.recording_facts import read_facts
from earshot.index.recordings.recordings import group_recordings, store_same
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """An untagged file, two of its recording with names, and another track; track 5 is of the catalog."""
    library, head = open_library(tmp_path)
    names = [{}, {"artist": "Ann", "album": "A"}, {"artist": "Ben", "album": "B"}, {"artist": "Ben"}]
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(n), duration=100.0 + n, **facts) for n, facts in enumerate(names)])
        library.db.execute("INSERT INTO tracks (title, status) VALUES ('x', 'catalog')")
        store_same(library, [(1, 2, "sound", 0.9), (2, 3, "sound", 0.9)])
        library.db.execute("UPDATE tracks SET codec = 'flac' WHERE id = 1")  # the best, but it says nothing
        library.db.execute("UPDATE tracks SET size = 9000000 WHERE id = 3")
        group_recordings(library)
        yield library


def test_a_recording_has_the_names_of_a_file_that_has_some(library):
    facts = read_facts(library)
    assert facts["id"].tolist() == [1, 2, 3, 4, 5]
    artists = dict(library.db.execute("SELECT id, name FROM artists").fetchall())
    assert [artists.get(node) for node in facts["artist"].tolist()] == ["Ann", "Ann", "Ben", "Ben", None]
    assert facts["album"].tolist()[3:] == [-1, -1] and np.isnan(facts["seconds"][4])
    some = read_facts(library, [4, 1, 99])
    assert some.tolist() == [facts[0].item(), facts[3].item()]
    library.db.execute("UPDATE recordings SET is_best = track_id = 3 WHERE recording_id = 1")
    assert artists[int(read_facts(library, [1])["artist"][0])] == "Ben" and read_facts(library, [1])["seconds"] == [102]
