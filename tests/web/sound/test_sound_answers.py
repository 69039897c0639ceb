"""Sound as a browser and a player hear it: as it is, as a wav file that can seek, or encoded anew."""

import io
import os
import wave

import av
import numpy as np
import pytest

from earshot.audio.playback.open_sounds import MAX_OPEN
from earshot.web.app import create_app
from known_sound import noise
from played_files import as_samples, library_of_files, write_noise
from web_client import OWN_PAGE, signed_in, stranger

SUFFIXES = ("flac", "mp3", "alac.m4a", "wma")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A library of four files and two tracks of a cue sheet."""
    folder = tmp_path_factory.mktemp("sound")
    for suffix in SUFFIXES:
        write_noise(folder, suffix)
    (folder / "noise.cue").write_text(
        'FILE "noise.flac" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:02:00\n'
    )
    parts = [folder / "noise.cue" / f"track000{number}" for number in (1, 2)]
    flac, sheet = os.stat(folder / "noise.flac"), os.stat(folder / "noise.cue")
    stamp = flac.st_size // 2, max(flac.st_mtime_ns, sheet.st_mtime_ns)
    files = [folder / f"noise.{suffix}" for suffix in SUFFIXES]
    ids = library_of_files(folder / "library", *files, *parts, stamps=dict.fromkeys(parts, stamp))
    return folder, dict(zip((*SUFFIXES, "part 1", "part 2"), ids, strict=True))


@pytest.fixture(scope="module")
def browser(folder):
    with signed_in(create_app(folder[0] / "library")) as client:
        yield client


@pytest.mark.parametrize(("suffix", "kind"), [("flac", "audio/flac"), ("mp3", "audio/mpeg")])
def test_what_a_browser_plays_is_sent_as_it_is(folder, browser, suffix, kind):
    answer = browser.get(f"/sound/{folder[1][suffix]}")
    assert answer.headers["content-type"] == kind and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == (folder[0] / f"noise.{suffix}").read_bytes()
    part = browser.get(f"/sound/{folder[1][suffix]}", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == answer.content[100:200]


@pytest.mark.parametrize("suffix", ["alac.m4a", "wma"])
def test_what_it_does_not_is_a_wav_file_that_can_seek(folder, browser, suffix):
    address = f"/sound/{folder[1][suffix]}"
    head = browser.head(address)
    whole = browser.get(address)
    assert head.headers["content-length"] == str(len(whole.content)) and whole.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(whole.content)) as file:
        assert file.getframerate() == 44_100 and file.getnframes() / 44_100 == pytest.approx(4.0, abs=0.1)
    begin = 44 + 4 * 3 * 44_100
    part = browser.get(address, headers={"Range": f"bytes={begin}-", "If-Range": head.headers["etag"]})
    assert part.status_code == 206 and len(part.content) == len(whole.content) - begin
    if suffix == "alac.m4a":
        assert part.content == whole.content[begin:]
    else:  # whose container tells times to a thousandth of a second
        heard, around = as_samples(part.content[:120_000])[0], as_samples(whole.content[begin - 400 :][:120_800])[0]
        assert np.correlate(around, heard).max() > 0.99 * (heard @ heard)


def test_a_part_of_a_file_plays_as_that_part(folder, browser):
    whole = noise(4.0, 44_100, 2)
    for name, first in (("part 1", 0), ("part 2", 88_200)):
        answer = browser.get(f"/sound/{folder[1][name]}")
        assert answer.headers["content-type"] == "audio/wav"
        samples = as_samples(answer.content[44:])
        np.testing.assert_allclose(samples, whole[:, first : first + 88_200], atol=2 / 32_768)
    assert browser.get(f"/sound/{folder[1]['part 2']}?format=raw").headers["content-type"] == "audio/wav"


def test_a_stream_is_encoded_for_players(folder, browser):
    answer = browser.get(f"/sound/{folder[1]['flac']}?format=mp3&maxBitRate=64")
    assert answer.headers["content-type"] == "audio/mpeg" and answer.headers["accept-ranges"] == "none"
    with av.open(io.BytesIO(answer.content)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) / 44_100 == pytest.approx(4.0, abs=0.1)
    assert 8 * len(answer.content) / 4_000 == pytest.approx(64, rel=0.2)
    assert browser.get(f"/sound/{folder[1]['flac']}?format=opus").content.startswith(b"OggS")


def test_a_bit_rate_above_the_files_changes_nothing(folder, browser):
    answers = [browser.get(f"/sound/{folder[1]['mp3']}?maxBitRate={rate}") for rate in (0, 320, 64)]
    assert answers[0].content == answers[1].content != answers[2].content
    assert len(answers[2].content) < 0.7 * len(answers[0].content)


def test_raw_is_the_file_whatever_plays_it(folder, browser):
    answer = browser.get(f"/sound/{folder[1]['wma']}?format=raw&maxBitRate=32")
    assert answer.content == (folder[0] / "noise.wma").read_bytes()
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("query", ["format=exe", "maxBitRate=x", "maxBitRate=-1", "maxBitRate=1000000"])
def test_what_is_not_offered_is_refused(folder, browser, query):
    assert browser.get(f"/sound/{folder[1]['flac']}?{query}").status_code == 400


def test_a_stranger_hears_nothing(folder):
    with stranger(create_app(folder[0] / "library")) as client:
        assert client.get(f"/sound/{folder[1]['flac']}").status_code == 401
        assert client.post(f"/sound/{folder[1]['flac']}", headers=OWN_PAGE).status_code == 401


def test_streams_that_ended_leave_their_places(folder, browser):
    for _ in range(MAX_OPEN + 2):
        assert browser.get(f"/sound/{folder[1]['flac']}?format=mp3&maxBitRate=320").status_code == 200
    playing = browser.app.state.playing
    assert playing._n_streams == 0
    playing._n_streams = MAX_OPEN
    answer = browser.get(f"/sound/{folder[1]['flac']}?format=mp3")
    playing._n_streams = 0
    assert answer.status_code == 503 and answer.headers["retry-after"] == "10"
