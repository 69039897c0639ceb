"""Rows of tracks, read by id."""

from earshot.index.tracks.track_lookup import track_rows
from library_world import add, at, heard, open_library


def test_rows_of_many_ids(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(0), excerpts=[]) for number in range(1_201)])
        rows = track_rows(library, [*range(1_300, 0, -1), 5, 5])
        assert sorted(rows) == list(range(1, 1_202))
        assert all(track_id == row.id for track_id, row in rows.items())
        assert track_rows(library, []) == {}
