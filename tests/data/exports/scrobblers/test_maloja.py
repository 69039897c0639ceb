"""Maloja's backup as it is read."""

import json

import pytest

from listen_exports import SECOND, read


def scrobble(title, **fields):
    album = {"artists": ["Air"], "albumtitle": "Moon Safari"}
    track = {"artists": ["Air", "Beth"], "title": title, "album": album, "length": 220}
    return {"time": SECOND, "track": track, "duration": 100, "origin": "client:turntable", **fields}


@pytest.mark.parametrize(
    "head", [{"maloja": {"export_time": 1_761_035_593}, "scrobbles": ()}, {"status": "ok", "list": ()}]
)
def test_scrobbles(tmp_path, head):
    bare = scrobble("Two", duration=None)
    bare["track"] |= {"album": None, "artists": ["Air", None]}
    entries = [scrobble("One"), bare, scrobble("Three", time="soon"), scrobble("Four", track=None)]
    path = tmp_path / "maloja_export_2025_10_21.json"
    path.write_text(json.dumps(head | {list(head)[-1]: entries}, indent=3))
    assert read(path, "user", "artist", "title", "album", "time_s", "played_ms") == (
        "maloja",
        [("me", "Air, Beth", "One", "Moon Safari", SECOND, 100_000), ("me", "Air", "Two", None, SECOND, None)],
        {"malformed": 2},
    )
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 2


def test_a_backup_whose_scrobbles_have_no_origin(tmp_path):
    entry = scrobble("One")
    del entry["origin"]
    path = tmp_path / "backup.json"
    path.write_text(json.dumps({"maloja": {"export_time": 1_761_035_593}, "scrobbles": [entry]}))
    assert read(path, "title") == ("maloja", [("One",)], {})
