"""Two hundred listens of one person, written in every format, are the same two hundred in the library."""

import polars as pl
import pytest

from earshot.data.events.event_log import total_plays
from earshot.index.library import Library
from earshot.index.listens.listen_store import listen_files
from earshot.stages.imports.import_listens import ImportedSource, ImportListensConfig, KnownSource, import_listens
from written_exports import EXACT, IN_DAYS, IN_MINUTES

START = 1_714_521_600  # 2024-05-01T00:00:00Z
TITLES = [f"Song {n}, part 2 / 坂" if n % 2 == 0 else f'Song "{n}"' for n in range(20)]
LISTENS = [(f"Ärtist {n % 8}", TITLES[n % 20], START + 331 * n) for n in range(200)]  # of 40 tracks
NAMES_USERS = {"1k", "recbole"}


def reports(library, path, name):
    config = ImportListensConfig(listener=None if name in NAMES_USERS else "ana")
    return [
        report for report in import_listens(library, path, config) if isinstance(report, ImportedSource | KnownSource)
    ]


def events(library):
    """Listener, artist, title and time of everything in the library, by time."""
    users = dict(library.db.execute("SELECT id, name FROM users"))
    query = "SELECT id, CASE WHEN artist IS NULL THEN title ELSE artist || ' - ' || title END FROM tracks"
    tracks = dict(library.db.execute(query))
    log = pl.concat([pl.read_parquet(path) for path in listen_files(library, "track")]).sort("time_s")
    return [
        (users[user], tracks[track], time) for user, track, time in log["user_id", "track_id", "time_s"].iter_rows()
    ]


@pytest.mark.parametrize("name", [*EXACT, *IN_MINUTES])
def test_what_is_written_is_read(tmp_path, name):
    path = (EXACT | IN_MINUTES)[name](tmp_path, LISTENS)
    with Library.open_to_write(tmp_path / "library") as library:
        (imported,) = reports(library, path, name)
        assert imported.result.listens.n_malformed == 0 and not imported.left_out
        found = events(library)
        assert [event[:2] for event in found] == [("ana", f"{artist} - {title}") for artist, title, _ in LISTENS]
        resolution = 60 if name in IN_MINUTES else 1
        assert all(
            0 <= listened - time < resolution for (_, _, time), (*_, listened) in zip(found, LISTENS, strict=True)
        )
        (known,) = reports(library, path, name)
        assert isinstance(known, KnownSource) and events(library) == found


def test_what_two_formats_tell_counts_once(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library:
        formats = EXACT | IN_MINUTES | IN_DAYS
        for name, write in formats.items():
            folder = tmp_path / name
            folder.mkdir()
            assert len(reports(library, write(folder, LISTENS), name)) == 1
        n_days = len({(artist, title, time // 86_400) for artist, title, time in LISTENS})
        assert len(events(library)) == len(EXACT | IN_MINUTES) * len(LISTENS) + n_days
        users, tracks, plays = total_plays(listen_files(library, "track"), "track")
        assert len(set(users)) == 1 and len(set(tracks)) == 40 and plays.sum() == 200
