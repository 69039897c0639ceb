"""A Takeout of Google Play Music as it is read."""

import shutil

import pytest

from earshot.data.exports.listen_sources import find_sources
from google_takeout import takeout
from listen_exports import read

COLUMNS = ("user", "artist", "title", "album", "plays", "kind")
BOY, BURNIN = ("Air", "Sexy Boy", "Moon & Safari"), ("Bob Marley", "Burnin'", None)


@pytest.mark.parametrize("is_packed", [True, False])
def test_it_is_one_import_of_counts(tmp_path, is_packed):
    folder = takeout(tmp_path / "in")
    path = tmp_path / "takeout.zip" if is_packed else folder
    if is_packed:
        shutil.make_archive(str(tmp_path / "takeout"), "zip", folder)
    name, events, left_out = read(path, *COLUMNS)
    assert (name, left_out) == ("google-play-music", {"tracks that were never played": 2})
    # 12 + 3 plays of two uploads, which the playlist repeats; four plays of a track that only the playlist has
    assert sorted(events) == sorted([
        ("me", *BOY, 15, 0), ("me", *BURNIN, 2, 0), ("me", "M83", "Intro", None, 4, 0),
        ("me", *BOY, 1, 1), ("me", *BURNIN, 1, 2),
    ])  # fmt: skip
    beside = find_sources(path).without_listens
    assert beside and all(title.endswith("Metadata.csv") for title in beside)
    assert {event[0] for event in read(path, "user", listener="ana")[1]} == {"ana"}


def test_a_number_that_is_none_costs_its_track(tmp_path):
    folder = takeout(tmp_path) / "Takeout/Google Play Music/Tracks"
    shutil.rmtree(tmp_path / "Takeout/Google Play Music/Playlists")
    for file in folder.glob("B*.csv"):
        file.write_text(file.read_text().replace('"2"', '"many"').replace('"1"', '"0"'))
    assert read(tmp_path, *COLUMNS)[1:] == (
        [("me", *BOY, 15, 0), ("me", *BOY, 1, 1)], {"malformed": 1, "tracks that were never played": 1}
    )  # fmt: skip
