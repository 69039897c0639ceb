"""The page on the library has the facts of `cli status`."""

import re
import shutil

from earshot.index.library import Library
from web_client import signed_in


def test_it_says_what_is_there(heard_library):
    with signed_in(heard_library) as client:
        assert client.get("/").headers["location"] == "/library"
        text = re.sub(r"\s+", " ", client.get("/library").text)
    assert "18 embedded, 18 recordings, 6 artists" in text and "18 vectors, up to date" in text
    assert "What to type next" not in text


def test_what_is_stale_is_told_and_names_are_escaped(heard_library, tmp_path):
    library = shutil.copytree(heard_library, tmp_path / "library")
    (index,) = library.glob("*.faiss")
    index.unlink()
    with Library.open_to_write(library) as opened, opened.transaction():
        opened.insert("roots", "path", [("/music/<script>alert(1)</script>",)])
    with signed_in(library) as client:
        text = client.get("/library").text
    assert "cli build-index" in text and "&lt;script&gt;" in text and "<script>" not in text
