"""From a file to the arrays of training, beside a second, plain implementation; and through a kill."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from earshot.data.exports.scrobblers.lastfm import read_lastfm_1k
from earshot.data.listens.event_batch import Batch
from earshot.data.tables.text_blocks import Member, line_blocks
from earshot.index.library import Library
from earshot.index.listens.listen_store import import_listens, stored_listens
from earshot.index.listens.stored_interactions import read_interactions
from library_world import collected_events, open_library
from listen_exports import lastfm_1k, spotify, stream


def told(library):
    """Every event of the arrays, by name: (user, artist, title, time)."""
    found = read_interactions(library)
    users = dict(library.db.execute("SELECT id, name FROM users"))
    tracks = {node: names for node, *names in library.db.execute("SELECT id, artist, title FROM tracks")}
    listening = found.interactions
    rows = zip(
        found.users.ids(listening.user_rows).tolist(), found.items.ids(listening.track_rows).tolist(),
        listening.times.tolist(), strict=True,
    )  # fmt: skip
    return [(users[user], *tracks[track], second) for user, track, second in rows]


def plainly(lines):
    """What a reader without any of our code would say: users as they come, each by time."""
    names, events = {}, []
    for line in lines:
        user, second, artist, title = line
        first = names.setdefault((artist.lower(), title.lower()), (artist, title))
        events.append((user, *first, second))
    order = {user: place for place, user in reversed(list(enumerate(line[0] for line in lines)))}
    return sorted(events, key=lambda event: (order[event[0]], event[3]))


@pytest.mark.parametrize("at_once", [3, 50, 10_000])
def test_nothing_is_lost_or_mixed_up(tmp_path, rng, monkeypatch, at_once):
    """Two hundred lines, in blocks of a few, sorted a few at a time."""
    lines = [
        (f"user_{user:06}", int(second), f"Artist {artist}" if upper else f"artist {artist}", f"Song {title}")
        for user, second, artist, title, upper in rng.integers(0, [6, 1_000, 5, 4, 2], (200, 5)).tolist()
    ]
    text = "".join(
        f"{user}\t1970-01-01T00:{second // 60:02}:{second % 60:02}Z\t\t{artist}\t\t{title}\n"
        for user, second, artist, title in lines
    )
    monkeypatch.setattr(
        "earshot.data.tables.text_layouts.line_blocks", lambda file, **options: line_blocks(file, 700, **options)
    )
    batches = list(read_lastfm_1k(Member(lastfm_1k(tmp_path / "x.tsv", text))))
    assert len(batches) > 10
    library, _ = open_library(tmp_path / "library")
    with library, collected_events(library, *batches, events_at_once=at_once) as collector:
        import_listens(library, collector, "digest", origin="x")
        assert told(library) == plainly(lines)


def test_a_split_goes_all_the_way(tmp_path):
    library, _ = open_library(tmp_path / "library")
    rows = [("u", "Air", "One", 3, 0), ("u", "Air", "Two", 9, 2), ("v", "Air", "One", 4, 1)]
    frame = pl.DataFrame(rows, schema=["user", "artist", "title", "time_s", "split"], orient="row")
    with library, collected_events(library, Batch(frame)) as collector:
        import_listens(library, collector, "digest", origin="x")
        assert read_interactions(library).interactions.splits.tolist() == [0, 2, 1]


def test_a_skip_weighs_little(tmp_path, run_cli):
    path = spotify(tmp_path / "x.json", stream(ms_played=1_500), stream("Two", ms_played=200_000))
    assert run_cli(tmp_path / "library", "import-listens", path).returncode == 0
    with Library.open(tmp_path / "library") as library:
        weights = read_interactions(library).interactions.weights
    # The long one began earlier. 1.5 s are a twentieth of the half minute that counts as a play.
    assert weights.tolist() == pytest.approx([1.0, 0.05])


def test_brackets_and_stars_in_names_are_letters(tmp_path, run_cli):
    """Of the library's folder, of what is imported, and of what lies beside it."""
    folder, library = tmp_path / "in [1]*", tmp_path / "my [lib]?"
    folder.mkdir()
    (tmp_path / "in 1, or any").mkdir()
    events = pl.DataFrame({"uid": [7, 7], "timestamp": [5, 9], "item_id": [30, 31]})
    events.write_parquet(folder / "listens [*].parquet")
    events.write_parquet(tmp_path / "in 1, or any" / "listens 2.parquet")
    pl.DataFrame({"artist_id": [1], "item_id": [31]}).write_parquet(folder / "of artists [1].parquet")
    pl.DataFrame({"item_id": [30], "embed": [[3.0, 4.0]]}).write_parquet(folder / "heard?.parquet")
    for arguments in (("import-listens", folder), ("build-graph", "--min-together", 1)):
        result = run_cli(library, *arguments)
        assert result.returncode == 0, result.stderr
    with Library.open(library) as reader:
        assert told(reader) == [("yambda:7", None, "yambda:30", 5), ("yambda:7", "yambda:artist:1", "yambda:31", 9)]


@pytest.mark.slow
def test_an_import_that_is_killed_is_as_if_it_never_was(tmp_path):
    lines = "".join(
        f"user_{number % 90:06}\t2009-05-04T23:08:57Z\t\tArtist {number % 7_000}\t\tSong {number}\n"
        for number in range(60_000)
    )
    path, folder = lastfm_1k(tmp_path / "x.tsv", lines), tmp_path / "library"
    command = [sys.executable, "-m", "earshot.cli", "--library", str(folder), "import-listens", str(path)]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(folder.glob("listens/*.unfinished/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Library.open(folder) as library:
        assert stored_listens(library) == []
        assert library.db.execute("SELECT (SELECT count(*) FROM tracks) + (SELECT count(*) FROM users)").fetchone() == (
            0,
        )
    again = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0 and "60,000 listens by 90 users (90 new) to 60,000 tracks" in again.stdout
    assert [entry.suffix for entry in (folder / "listens").iterdir()] == [".parquet"]


def test_rows_for_programs_stay_json(tmp_path, run_cli):
    assert run_cli(tmp_path / "library", "import-listens", spotify(tmp_path / "x.json", stream())).returncode == 0
    result = run_cli(tmp_path / "library", "link", "--json")
    assert result.returncode == 0 and json.loads(result.stdout) == []
