"""The page on the library has the facts of `cli status`, and the files that failed."""

import re

from earshot.index.library import Library


def test_it_says_what_is_there(client):
    text = re.sub(r"\s+", " ", client.get("/library").text)
    assert (
        "<dt>Artists</dt><dd>6</dd>" in text
        and "18 embedded, 18 recordings" in text
        and "18 vectors, up to date" in text
    )
    assert "Everything is up to date" in text and "Look for new files" in text


def test_what_is_stale_is_told_and_names_are_escaped(own_client, folder):
    (index,) = folder.glob("*.faiss")
    index.unlink()
    with Library.open_to_write(folder) as opened, opened.transaction():
        opened.insert("roots", "path", [("/music/<script>alert(1)</script>",)])
        opened.insert("tracks", "path, status, reason", [("/music/<b>.mp3", "failed", "it is no audio")])
    text, failures = own_client.get("/library").text, own_client.get("/library/failures").text
    assert "&lt;b&gt;.mp3" in failures and "it is no audio" in failures and "1 failed" in text
    assert 'value="build-index"' in text and "&lt;script&gt;" in text and "<script>" not in text
