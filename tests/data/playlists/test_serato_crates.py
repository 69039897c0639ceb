"""The crates of Serato, byte by byte."""

import pytest

from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import read_playlists


def tag(name, body):
    return name.encode() + len(body).to_bytes(4, "big") + body


def crate(*paths):
    version = tag("vrsn", "1.0/Serato ScratchLive Crate".encode("utf-16-be"))
    column = tag("ovct", tag("tvcn", "song".encode("utf-16-be")) + tag("tvcw", "0".encode("utf-16-be")))
    return version + column + b"".join(tag("otrk", tag("ptrk", path.encode("utf-16-be"))) for path in paths)


def test_paths_begin_at_the_root_of_the_disk(tmp_path):
    folder = tmp_path / "_Serato_" / "Subcrates"
    folder.mkdir(parents=True)
    (folder / "House%%Deep.crate").write_bytes(crate("Users/me/Björk.mp3", "Music\\Air.mp3", "C:/x.mp3", ""))
    (playlist,) = read_playlists(str(folder / "House%%Deep.crate"))
    assert playlist.name == "Deep" and playlist.n_elsewhere == 1
    assert playlist.entries == [
        Entry(("/Users/me/Björk.mp3", f"{tmp_path}/Users/me/Björk.mp3")),
        Entry(("/Music/Air.mp3", f"{tmp_path}/Music/Air.mp3")),
        Entry(("C:/x.mp3",)),
    ]
    (tmp_path / "x.crate").write_bytes(crate("a.mp3"))
    assert read_playlists(str(tmp_path / "x.crate"))[0].entries == [Entry(("/a.mp3",))]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"#EXTM3U", "is no crate of Serato's"),
        (crate("a.mp3")[:-3], "ends within a tag"),
        (crate() + b"otrk", "ends within a tag"),
        (crate() + tag("otrk", b"ptrk\xff\xff\xff\xff"), "ends within a tag"),
    ],
)
def test_damage(tmp_path, data, words):
    (tmp_path / "x.crate").write_bytes(data)
    with pytest.raises(ValueError, match=rf"x\.crate {words}"):
        read_playlists(str(tmp_path / "x.crate"))
