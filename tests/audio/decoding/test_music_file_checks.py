"""Files that are not audio: each is refused with its reason, and none leads to another file or to a network."""

import http.server
import os
import socket
import threading

import numpy as np
import pytest

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding import decode
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.music_file import UndecodableError

PLAYLIST = "^a playlist, not audio$"
WEB_PAGE = "^a web page or XML document, not audio$"
TEXTS = {
    "m3u": (b"#EXTM3U\n#EXTINF:3,Song\nsong.mp3\n", PLAYLIST),
    "m3u with a byte order mark": (b"\xef\xbb\xbf#EXTM3U\nsong.mp3\n", PLAYLIST),
    "m3u after blank lines": (b"\r\n \t\n#extm3u\nsong.mp3\n", PLAYLIST),
    "m3u without its first line": (b"#EXTINF:3,Song\nsong.mp3\n", PLAYLIST),
    "pls": (b"[playlist]\nFile1=song.mp3\n", PLAYLIST),
    "ffconcat": (b"ffconcat version 1.0\nfile song.mp3\n", PLAYLIST),
    "xspf": (b'<?xml version="1.0"?>\n<playlist version="1">\n', PLAYLIST),
    "html": (b"<!DOCTYPE html>\n<title>404 Not Found</title>", WEB_PAGE),
    "html in capitals": (b"<HTML><BODY>Moved</BODY></HTML>", WEB_PAGE),
    "xml": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', WEB_PAGE),
    "git-lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        r"^a git-LFS pointer, not the audio itself; run `git lfs pull`$",
    ),
    "nothing": (b"", "^the file is empty$"),
    "zeros": (bytes(300), "^nothing but zero bytes$"),
    "many zeros": (bytes(300_000), "^no sound could be decoded from it$"),
    "session description": (b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n", "not a"),
    "plain text": (b"Side A\n1. Intro\n2. Outro\n" * 50, "not a"),
    "pdf": (b"%PDF-1.7\n" + bytes(range(256)) * 20, "not a"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "not a"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
def test_an_impostor_is_named(tmp_path, kind):
    content, sentence = TEXTS[kind]
    (tmp_path / "song.mp3").write_bytes(content)
    with pytest.raises(UndecodableError, match=sentence):
        decode_track(str(tmp_path / "song.mp3"), ExcerptConfig())


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_not_audio(tmp_path, seed):
    (tmp_path / "song.mp3").write_bytes(np.random.default_rng(seed).bytes(20_000))
    with pytest.raises(UndecodableError, match=r"^[a-z][^\n]{10,}$"):
        decode_track(str(tmp_path / "song.mp3"), ExcerptConfig())


def test_a_song_about_a_playlist_is_audio(tmp_path, rng):
    samples = (rng.standard_normal((1, 32_000)) * 0.1).astype(np.float32)
    write_audio(tmp_path / "a.mp3", samples, 16_000, {"title": "<playlist> ffconcat #EXTM3U <html>"})
    assert decode_track(str(tmp_path / "a.mp3"), ExcerptConfig()).tags.title == "<playlist> ffconcat #EXTM3U <html>"


@pytest.fixture
def secret(tmp_path, rng):
    """A sound file that no other file may make us hear."""
    write_audio(tmp_path / "secret.wav", (rng.standard_normal((1, 32_000)) * 0.1).astype(np.float32), 16_000, {})
    assert decode_track(str(tmp_path / "secret.wav"), ExcerptConfig()).duration == 2.0
    return tmp_path / "secret.wav"


@pytest.mark.parametrize("past_the_first_wall", [False, True])
@pytest.mark.parametrize(
    "text", ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{}\n"]
)
def test_a_playlist_does_not_lead_to_another_file(tmp_path, monkeypatch, secret, text, past_the_first_wall):
    if past_the_first_wall:  # what we do not recognise, FFmpeg's lists of allowed formats must stop
        monkeypatch.setattr(decode, "check_is_audio", lambda path: None)
    (tmp_path / "song.mp3").write_text(text.format(secret.name))
    with pytest.raises(UndecodableError, match="not a" if past_the_first_wall else PLAYLIST):
        decode_track(str(tmp_path / "song.mp3"), ExcerptConfig())


@pytest.fixture
def server():
    """A web server on this machine, and the requests it has seen."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/song.ts", requests
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("past_the_first_wall", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{}'\n",
        "[Reference]\nRef1={}\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>{}</BaseURL></Period></MPD>',
    ],
)
def test_nothing_is_fetched_from_a_network(tmp_path, monkeypatch, server, text, past_the_first_wall):
    address, requests = server
    if past_the_first_wall:
        monkeypatch.setattr(decode, "check_is_audio", lambda path: None)
    (tmp_path / "song.mp3").write_text(text.format(address))
    with pytest.raises(UndecodableError, match="not a"):
        decode_track(str(tmp_path / "song.mp3"), ExcerptConfig())
    assert requests == []


@pytest.mark.parametrize("name", ["http://127.0.0.1:{}/song.mp3", "tcp://127.0.0.1:{}", "concat:http://127.0.0.1:{}/a"])
def test_a_name_is_never_an_address(tmp_path, monkeypatch, server, name):
    address, requests = server
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UndecodableError, match=r"^cannot be opened: "):
        decode_track(name.format(address.split(":")[2].split("/")[0]), ExcerptConfig())
    assert requests == []


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(path.parent)  # the whole path may be too long for a socket's name
        listener.bind(path.name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (make_pipe, "^not a regular file but a named pipe$"),
        (make_socket, "^not a regular file but a socket$"),
        (lambda path: path.symlink_to("/dev/zero"), "^not a regular file but a device$"),
        (lambda path: path.mkdir(), "^not a regular file but a folder$"),
        (lambda path: path.symlink_to("gone.mp3"), r"^cannot be opened: No such file or directory$"),
        (lambda path: path.symlink_to(path.name), r"^cannot be opened: Too many levels of symbolic links$"),
        (lambda path: None, r"^cannot be opened: No such file or directory$"),
    ],
    ids=["pipe", "socket", "device", "folder", "broken link", "circular link", "nothing"],
)
def test_what_is_no_file_does_not_keep_us_waiting(tmp_path, monkeypatch, make, sentence):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "song.mp3")
    caught = []

    def look():
        try:
            decode_track(str(tmp_path / "song.mp3"), ExcerptConfig())
        except UndecodableError as error:
            caught.append(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive(), "it waits for somebody to write into the pipe"
    with pytest.raises(UndecodableError, match=sentence):
        raise caught[0]
