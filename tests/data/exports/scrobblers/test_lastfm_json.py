"""Last.fm's scrobbles as JSON."""

import json

from earshot.data.exports.scrobblers import lastfm_json
from listen_exports import SECOND, read

COLUMNS = ("user", "artist", "title", "album", "mbid", "time_s")


def track(name, uts=str(SECOND), **fields):
    return {
        "artist": {"mbid": "", "#text": "Air"}, "streamable": "0", "image": [{"size": "small", "#text": ""}],
        "mbid": "", "album": {"mbid": "", "#text": "Moon Safari"}, "name": name, "url": "https://www.last.fm/music/Air",
        "date": {"uts": uts, "#text": "04 May 2009, 23:08"}, **fields,
    }  # fmt: skip


def test_pages(tmp_path):
    playing = {**track("Now"), "@attr": {"nowplaying": "true"}}
    del playing["date"]
    pages = [
        {"track": [playing, track("One", mbid="abc")]},
        {"track": track("x") | {"name": ""}},
        {"track": [track("Two", "0")]},
    ]
    path = tmp_path / "recenttracks-ana-1749776100.json"
    path.write_text(json.dumps(pages))
    assert read(path, *COLUMNS) == (
        "lastfm-json",
        [("me", "Air", "One", "Moon Safari", "abc", SECOND), ("me", "Air", "Two", "Moon Safari", None, None)],
        {"tracks that were playing": 1, "malformed": 1},
    )
    nameless = track("x")
    del nameless["name"]
    path.write_text(json.dumps([[track("One")], {"track": []}, track("Two"), nameless, 7, None]))
    _, events, left_out = read(path, *COLUMNS)
    assert [event[2] for event in events] == ["One", "Two"] and left_out == {"malformed": 3}
    path.write_text(json.dumps([{"track": track("One")}]))
    assert [event[2] for event in read(path, *COLUMNS)[1]] == ["One"]
    path.write_text(json.dumps([{"recenttracks": {"track": [track("One", artist={"name": "Air"})]}}]))
    assert read(path, *COLUMNS, listener="bob")[1] == [("bob", "Air", "One", "Moon Safari", None, SECOND)]


def test_the_file_of_lastfmstats(tmp_path):
    scrobble = {"track": "One", "artist": "Air", "album": "Moon Safari", "albumId": "x", "date": SECOND * 1_000}
    path = tmp_path / "lastfmstats-ana.json"
    path.write_text(json.dumps({"username": "ana", "scrobbles": [scrobble, scrobble | {"date": None}, 7]}))
    assert read(path, *COLUMNS) == (
        "lastfm-json", [("ana", "Air", "One", "Moon Safari", None, SECOND)], {"malformed": 2}
    )  # fmt: skip
    assert read(path, "user", listener="bob")[1] == [("bob",)]


def test_the_listener_whom_a_file_names_anywhere(tmp_path, monkeypatch):
    scrobble = {"track": "One", "artist": "Air", "album": "Moon Safari", "date": SECOND * 1_000}  # once without albumId
    path = tmp_path / "x.json"
    for beginning in ({"username": "ana"}, {}):
        path.write_text(json.dumps({**beginning, "scrobbles": [scrobble], "username": "ana"}))
        assert read(path, *COLUMNS) == ("lastfm-json", [("ana", "Air", "One", "Moon Safari", None, SECOND)], {})
    monkeypatch.setattr(lastfm_json, "_PIECE_BYTES", 7)
    assert read(path, "user")[1] == [("ana",)]
    page = {"track": [track("One")], "@attr": {"user": "bob", "totalPages": "1"}}
    for answer in ([page], [{"recenttracks": page}], {"recenttracks": page}):
        path.write_text(json.dumps(answer))
        assert read(path, "user", "title") == ("lastfm-json", [("bob", "One")], {})
