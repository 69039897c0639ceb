"""The file that Pano Scrobbler writes."""

import csv
import json

from listen_exports import SECOND, read

HEADER = (
    "timeHuman,timeMs,artist,track,album,albumArtist,durationMs,mediaPlayerPackage,mediaPlayerName,"
    "mediaPlayerVersion,event"
)


def entry(track, event="scrobble", **fields):
    values = [
        "May 4, 2009, 23:08 UTC",
        SECOND * 1_000 + 933,
        "Air",
        track,
        "Moon Safari",
        "Air",
        346_958,
        "com",
        "M",
        "2",
    ]
    return dict(zip(HEADER.split(","), [*values, event], strict=True)) | fields


ENTRIES = [entry("One"), entry("Two", "love"), entry("Two", "unlove"), entry("Three", "nap"), entry("Four", timeMs="x")]
EXPECTED = (
    "pano-scrobbler",
    [("me", "Air", "One", "Moon Safari", SECOND, 0), ("me", "Air", "Two", "Moon Safari", SECOND, 1),
     ("me", "Air", "Two", "Moon Safari", SECOND, 3)],
    {"events of the kind nap": 1, "malformed": 1},
)  # fmt: skip
COLUMNS = ("user", "artist", "title", "album", "time_s", "kind")


def test_json_lines(tmp_path):
    (tmp_path / "scrobbles.jsonl").write_text("".join(json.dumps(one) + "\n" for one in ENTRIES))
    assert read(tmp_path / "scrobbles.jsonl", *COLUMNS) == EXPECTED


def test_csv(tmp_path):
    with open(tmp_path / "scrobbles.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, HEADER.split(","))
        writer.writeheader()
        writer.writerows(ENTRIES)
    assert read(tmp_path / "scrobbles.csv", *COLUMNS) == EXPECTED
    assert read(tmp_path / "scrobbles.csv", "user", listener="ana")[1] == [("ana",)] * 3
