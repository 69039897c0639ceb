"""Music players of a test: a server of a library in a thread, a key for it, and requests as players send them."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from starlette.testclient import TestClient
from uvicorn import Config, Server

from earshot.web.app import ServerSettings, create_app
from earshot.web.security.player_keys import keys_file, make_key
from earshot.web.security.timed_connection import TimedConnection
from library_world import add, at, heard, open_library
from web_client import ADDRESS

NAMESPACE = "{http://subsonic.org/restapi}"
COMMON = {"v": "1.16.1", "c": "test"}


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """A server of a library, as `cli serve` runs it; its port."""
    server = Server(
        Config(create_app(folder), http=TimedConnection, ws="none", log_config=None, timeout_graceful_shutdown=1)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


class Player:
    """A player with a key of its own, in this process: `player.ask("getSong", id="tr-1")` is the answer's tree."""

    def __init__(self, folder: Path, settings: ServerSettings | None = None, listener: str = "ana") -> None:
        self.client = TestClient(create_app(folder, settings), base_url=ADDRESS)
        self.key = make_key(keys_file(), f"player of {listener} {time.monotonic_ns()}", listener)

    def __enter__(self) -> "Player":
        self.client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.client.__exit__()

    def get(self, name: str, /, **parameters: Any) -> Any:
        """The response to a request."""
        return self.client.get(f"/rest/{name}", params={**COMMON, "apiKey": self.key, **parameters})

    def ask(self, name: str, /, **parameters: Any) -> dict[str, Any]:
        """The tree of an answer in JSON, which must be no failure."""
        told = self.told(name, **parameters)
        assert told["status"] == "ok", told
        return told

    def told(self, name: str, /, **parameters: Any) -> dict[str, Any]:
        """The tree of an answer in JSON."""
        response = self.get(name, f="json", **parameters)
        assert response.status_code == 200 and response.headers["content-type"] == "application/json", response.text
        tree: dict[str, Any] = json.loads(response.text)["subsonic-response"]
        return tree

    def error(self, name: str, /, **parameters: Any) -> tuple[int, str]:
        """Code and sentence of a failure."""
        told = self.told(name, **parameters)
        assert told["status"] == "failed", told
        return told["error"]["code"], told["error"]["message"]

    def element(self, name: str, /, **parameters: Any) -> ElementTree.Element:
        """The root of an answer in XML."""
        response = self.get(name, **parameters)
        assert response.status_code == 200 and response.headers["content-type"].startswith("application/xml")
        return ElementTree.fromstring(response.content)


def browsed_library(folder: Path) -> Path:
    """A library to browse, without sound: three artists in a circle, a compilation, and songs without an album.

    Air: "Moon" of 1998 (ids 1 and 2). Björk: "Debut" of 1993 (3 and 4; 4 in two genres), and 5 without an album.
    Can: "Tago" of 1971 (6). Various artists: "Hits" of 2001 (7 by Air, 8 by Can). 9 has no names at all.
    """
    rows = [
        ("One", "Air", "Moon", "Pop", 1998, 1), ("Two", "Air", "Moon", "Pop", 1998, 2),
        ("Three", "Björk", "Debut", "Rock", 1993, 1), ("Four", "Björk", "Debut", "Rock; Jazz", 1993, 2),
        ("Five & <more>", "Björk", None, "rock", None, None), ("Six", "Can", "Tago", "Krautrock", 1971, 1),
        ("Seven", "Air", "Hits", "Pop", 2001, 2), ("Eight", "Can", "Hits", "Krautrock", 2001, 1),
        (None, None, None, None, None, None),
    ]  # fmt: skip
    names = ("title", "artist", "album", "genre", "year", "track_number")
    tracks = []
    for place, row in enumerate(rows):
        facts = dict(zip(names, row, strict=True)) | {"codec": "flac", "size": 4_500_000}
        facts["album_artist"] = "Various Artists" if row[2] == "Hits" else None
        tracks.append(heard(f"/m/{place + 1}.flac", at(12 * place), mtime_ns=(1_600_000_000 + place) * 10**9, **facts))
    library, run = open_library(folder)
    with library:
        add(library, run, tracks)
    return folder
