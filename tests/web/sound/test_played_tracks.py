"""The file of a track: asked for by its id, and only while it is the one that was heard."""

import os

import pytest

from earshot.web.app import create_app
from library_world import by_hand, open_library
from played_files import library_of_files, write_noise
from web_client import signed_in


@pytest.fixture
def track(tmp_path):
    """A folder of music, its library, and the id of its only track."""
    write_noise(tmp_path, "flac", seconds=2.0)
    (track_id,) = library_of_files(tmp_path / "library", tmp_path / "noise.flac")
    return tmp_path, track_id


def answer_for(folder, track_id):
    with signed_in(create_app(folder / "library")) as client:
        answer = client.get(f"/sound/{track_id}")
    return answer.status_code, answer.text if answer.status_code != 200 else ""


def test_it_is_sent_while_it_is_what_was_heard(track):
    folder, track_id = track
    assert answer_for(folder, track_id) == (200, "")
    os.utime(folder / "noise.flac", ns=(0, 0))
    status, sentence = answer_for(folder, track_id)
    assert status == 404 and "its file was changed since it was heard. Run `cli embed-audio`" in sentence
    (folder / "noise.flac").unlink()
    assert "No such file" in answer_for(folder, track_id)[1]


def test_another_file_in_its_place_is_not_sent(track):
    folder, track_id = track
    secret = folder / "secret"
    secret.write_text("a secret")
    (folder / "noise.flac").unlink()
    (folder / "noise.flac").symlink_to(secret)
    assert answer_for(folder, track_id)[0] == 404
    status = secret.stat()
    facts = [status.st_size, status.st_mtime_ns, track_id]
    by_hand_with = ("UPDATE tracks SET size = ?, mtime_ns = ? WHERE id = ?", facts)
    library, _ = open_library(folder / "library")
    with library:
        by_hand(library, by_hand_with)
    status, sentence = answer_for(folder, track_id)
    assert status == 404 and "no sound can be decoded" in sentence, "even where a library vouches for it"


@pytest.mark.parametrize("status", ["missing", "excluded", "failed", "catalog"])
def test_only_what_was_heard_is_sent(track, status):
    folder, track_id = track
    library, _ = open_library(folder / "library")
    with library:
        by_hand(library, ("UPDATE tracks SET status = ? WHERE id = ?", [status, track_id]))
    assert answer_for(folder, track_id) == (404, f"Track {track_id} has no file here.\n")


@pytest.mark.parametrize("address", ["999", "0", str(2**63), str(10**30)])
def test_an_id_that_is_none(track, address):
    assert answer_for(track[0], address) == (404, f"There is no track {address}.\n")


@pytest.mark.parametrize("address", ["-1", "1.5", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "noise.flac", ""])
def test_a_path_is_no_id(track, address):
    assert answer_for(track[0], address)[0] == 404
