"""Sound in a real browser: also what it cannot decode has a length, plays and seeks."""

import re
import subprocess
import sys

import pytest

from played_files import EXACT, LOSSY, library_of_files, write_noise
from real_browser import BROWSER, DRIVER, real_browser

pytest.importorskip("selenium", reason="selenium is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="neither chromium and chromedriver are here"),
]
SECONDS = 20.0
PLAY = """
const [address, moment, done] = arguments, audio = new Audio(address);
audio.onerror = () => done({error: audio.error.message});
audio.onloadedmetadata = () => { audio.currentTime = moment; };
audio.onseeked = async () => {
    await audio.play();
    audio.ontimeupdate = () => {
        if (audio.currentTime < moment + 0.2) return;
        done({seconds: audio.duration, at: audio.currentTime});
        audio.ontimeupdate = null;
        audio.pause();
    };
};
"""


def test_every_format_has_a_length_plays_and_seeks(tmp_path):
    suffixes = (*EXACT, *LOSSY)
    for suffix in suffixes:
        write_noise(tmp_path, suffix, seconds=SECONDS)
    ids = library_of_files(tmp_path / "library", *(tmp_path / f"noise.{suffix}" for suffix in suffixes))
    command = [sys.executable, "-m", "earshot.cli", "--library", str(tmp_path / "library"), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            lines = iter(server.stdout.readline, "")
            address = next(filter(None, (re.search(r"http://\S+token=\S+", line) for line in lines)))[0]
            with real_browser(tmp_path / "profile") as driver:
                driver.set_script_timeout(30)
                driver.get(address)
                heard = {
                    suffix: driver.execute_async_script(PLAY, f"/sound/{track_id}", 15.0)
                    for suffix, track_id in zip(suffixes, ids, strict=True)
                }
        finally:
            server.terminate()
            server.wait(10)
    for suffix, played in heard.items():
        assert played.get("seconds") == pytest.approx(SECONDS, abs=0.1), (suffix, played)
        assert 15.2 <= played["at"] < 16.5, (suffix, played)
