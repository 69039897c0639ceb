"""The files of recordings that are there more than once."""

from earshot.index.recordings.copy_list import copied_files, other_files
from earshot.index.recordings.recordings import group_recordings, store_same
from library_world import add, at, heard, open_library


def test_the_best_file_comes_first(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(n), size=2_250_000, duration=180.0) for n in range(4)])
        library.db.execute("UPDATE tracks SET codec = 'flac' WHERE id = 3")
        store_same(library, [(1, 3, "sound", 0.9)])
        group_recordings(library)
        rows = list(copied_files(library))
        assert [(row["id"], row["recording"], row["is_best"], row["kbit_s"]) for row in rows] == [
            (3, 1, 1, 100), (1, 1, 0, 100),
        ]  # fmt: skip
        others = other_files(library, [3, 2, 1])
        assert {track_id: [row.id for row in rows] for track_id, rows in others.items()} == {3: [1], 1: [3]}
        library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 1")
        assert list(copied_files(library)) == [], "a file that is gone needs no cleaning up"
