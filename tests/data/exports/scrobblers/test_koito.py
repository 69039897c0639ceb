"""Koito's export as it is read."""

import json

from listen_exports import SECOND, read


def names(*texts):
    return [{"alias": text, "source": "Canonical", "is_primary": text == texts[-1]} for text in texts]


def listen(title, **fields):
    artists = [{"mbid": None, "is_primary": False, "aliases": names(*one)} for one in (("AIR", "Air"), ("Beth",))]
    return {
        "listened_at": "2009-05-04T23:08:57Z", "client": "x",
        "track": {"mbid": "abc", "duration": 354, "aliases": names(title)},
        "album": {"mbid": None, "aliases": names("Moon Safari"), "various_artists": False},
        "artists": artists, **fields,
    }  # fmt: skip


def test_listens(tmp_path):
    path = tmp_path / "koito_export_1.json"
    export = {"version": "1", "exported_at": "2025-06-18T12:56:53Z", "user": "ana"}
    path.write_text(json.dumps(export | {"listens": [listen("One"), listen("Two", artists=None), 7]}, indent=2))
    assert read(path, "user", "artist", "title", "album", "mbid", "time_s") == (
        "koito", [("ana", "Air, Beth", "One", "Moon Safari", "abc", SECOND)], {"malformed": 2}
    )  # fmt: skip
    assert read(path, "user", listener="bob")[1] == [("bob",)]
