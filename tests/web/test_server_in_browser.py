"""The page in a real browser, against a real `cli serve`: it plays, and asks for nothing outside."""

import json
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from earshot.data.playlists.playlist_reader import read_playlists
from earshot.index.library import Library
from earshot.index.listens.made_playlists import create_playlist
from earshot.index.listens.playlist_store import import_playlists
from earshot.stages.map_places import _path
from earshot.stages.playing.feedback import opinions, recent_feedback
from real_browser import BROWSER, DRIVER, real_browser

pytest.importorskip("selenium", reason="selenium is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="neither chromium and chromedriver are here"),
]


@pytest.fixture(scope="module")
def folder(heard_library, tmp_path_factory):
    """A library of 18 tracks of six seconds, whose places on the map are on a grid."""
    folder = shutil.copytree(heard_library, tmp_path_factory.mktemp("browser") / "library")
    with Library.open(folder) as library:
        ids = library.ids("SELECT track_id FROM current_vectors WHERE space = 'audio' ORDER BY 1")
        made_of = library.db.execute("SELECT run_id, revision FROM spaces WHERE space = 'audio'").fetchone()
        path = _path(folder, "audio")
    places = np.stack([np.arange(len(ids)) % 6, np.arange(len(ids)) // 6], axis=1).astype(np.float32)
    path.parent.mkdir(exist_ok=True)
    np.savez(path, ids=ids, places=places, made_of=np.array(made_of, dtype=np.int64))
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """The address that `cli serve` prints, with its token."""
    command = [sys.executable, "-m", "earshot.cli", "--library", str(folder), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            lines = iter(server.stdout.readline, "")
            found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+/sign-in\?token=\S+", one) for one in lines)))
            yield found[0]
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture(scope="module")
def browser(address, tmp_path_factory):
    with real_browser(tmp_path_factory.mktemp("profile")) as driver:
        page = Page(driver, address.partition("/sign-in")[0])
        driver.get(address)
        page.until("return location.pathname === '/'")
        yield page


class Page:
    """A browser that waits for what a script of the test says."""

    def __init__(self, driver, root):
        self.driver, self.root = driver, root
        self.messages, self.requests = [], []

    def open(self, path):
        self.driver.get(self.root + path)
        self.until("return document.readyState === 'complete' && !!document.querySelector('#player')")

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def until(self, script, *values, seconds=10):
        end = time.monotonic() + seconds
        while not (answer := self.run(script, *values)):
            assert time.monotonic() < end, f"{script} {values}: {self.run('return document.body.innerText')[:600]}"
            time.sleep(0.03)
        return answer

    def click(self, selector, place=0):
        self.until("return document.querySelectorAll(arguments[0]).length > arguments[1]", selector, place)
        self.run("document.querySelectorAll(arguments[0])[arguments[1]].click()", selector, place)

    def type(self, selector, text):
        self.driver.find_element("css selector", selector).send_keys(text)

    def press(self, key):
        from selenium import webdriver

        webdriver.ActionChains(self.driver).send_keys(key).perform()

    @property
    def playing(self):
        return self.run("return document.getElementById('now-title').textContent")

    def logs(self):
        """The words and requests of the page since the last look."""
        self.messages += [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE"]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])


SOUNDS = "const a = document.getElementById('audio'); return !a.paused && a.currentTime > arguments[0]"


def fullest_album(folder):
    """The tracks of the album that has the most."""
    albums = [one["album_id"] for one in tracks(folder)]
    return tracks(folder, f"album_id = {max(albums, key=albums.count)}")


def kept(folder, playlist_id, expected):
    """Wait until the library has these tracks in a playlist."""
    end = time.monotonic() + 10
    while True:
        with Library.open(folder) as library:
            query = "SELECT track_id FROM playlist_tracks WHERE playlist_id = ? ORDER BY position"
            found = library.column(query, [playlist_id])
        if found == expected:
            return
        assert time.monotonic() < end, (found, expected)
        time.sleep(0.05)


def tracks(folder, where="1"):
    with Library.open(folder) as library:
        query = f"SELECT * FROM tracks WHERE status = 'embedded' AND {where} ORDER BY track_number, path"
        return list(library.db.query(query))


def test_search_finds_while_one_types(browser, folder):
    track = tracks(folder)[4]
    browser.press("/")
    browser.type("#words", track["title"][:-1])
    browser.until("return !!document.querySelector(`#results a[href='/track/${arguments[0]}']`)", track["id"])
    assert browser.run("return document.activeElement.id") == "words"
    browser.driver.back()
    browser.until("return location.pathname === '/'")


def test_it_plays_seeks_and_goes_on_while_one_looks_around(browser, folder):
    album = fullest_album(folder)
    first = album[0]
    browser.open(f"/album/{first['album_id']}")
    browser.click("[data-do=play-all]")
    browser.until(SOUNDS, 0.2)
    assert browser.playing == album[0]["title"]
    browser.run("window.isTheSamePage = true")
    browser.click(f"main a[href='/artist/{first['artist_id']}']")
    browser.until("return location.pathname.startsWith('/artist/')")
    assert browser.run("return window.isTheSamePage") and browser.run(SOUNDS, 0.2)
    browser.run("const s = document.getElementById('seek'); s.value = 4; s.dispatchEvent(new Event('change'))")
    browser.until(SOUNDS, 4.1)
    browser.press("k")  # no key of ours
    browser.press(" ")
    browser.until("return document.getElementById('audio').paused")
    browser.run("document.activeElement.blur()")
    browser.press(" ")
    browser.until(SOUNDS, 4.1)
    browser.click("#next")
    browser.until("return document.getElementById('now-title').textContent === arguments[0]", album[1]["title"])
    browser.until(SOUNDS, 0.2)


def test_the_queue_and_the_place_in_it_outlive_a_reload(browser, folder):
    album = fullest_album(folder)
    browser.open(f"/album/{album[0]['album_id']}")
    browser.click("#main li [data-do=play]", 1)
    browser.until(SOUNDS, 0.2)
    title = browser.playing
    assert title == album[1]["title"]
    browser.run("document.getElementById('audio').pause()")
    browser.driver.refresh()
    browser.until("return document.getElementById('now-title').textContent === arguments[0]", title)
    browser.click("#queue-open")
    assert browser.run("return document.querySelectorAll('#queue li').length") >= 2
    assert browser.run("return document.querySelector('#queue .now .title').textContent") == title
    browser.click("#queue li:last-child [aria-label^=Remove]")
    browser.click("#queue-close")


def test_thumbs_and_plays_reach_the_library(browser, folder):
    track = tracks(folder)[7]
    browser.open(f"/track/{track['id']}")
    browser.click("main .head [data-do=play]")
    browser.until(SOUNDS, 1.3)
    browser.click("#thumb-up")
    browser.until("return document.querySelector('.head [data-do=like]').ariaPressed === 'true'")
    browser.run("document.getElementById('audio').currentTime = 5.7")
    browser.until("return document.getElementById('audio').ended")
    end = time.monotonic() + 10
    while True:
        with Library.open(folder) as library:
            liked = {one.track_id for one in opinions(library, "me") if one.is_like}
            plays = [one for one in recent_feedback(library, "me") if one.track_id == track["id"] and one.played_ms]
        if liked == {track["id"]} and plays:
            break
        assert time.monotonic() < end, (liked, plays)
        time.sleep(0.1)
    assert 1_000 <= plays[0].played_ms <= 3_500, "seconds that were passed over do not count"


def test_both_moments_of_an_answer_can_be_heard(browser, folder):
    track = tracks(folder)[0]
    browser.open(f"/track/{track['id']}")
    for place in (0, 1):
        browser.click("#main [data-moment]", place)
        browser.until("const m = document.getElementById('moment'); return !m.paused && m.currentTime > 0")
        assert browser.run("return document.querySelectorAll('.moment.playing').length") == 1
    assert not browser.run("return document.getElementById('moment').src.endsWith(`/${arguments[0]}`)", track["id"])
    browser.click(".moment.playing")


def test_a_radio_plays_five_songs_and_none_twice(browser, folder):
    track = tracks(folder)[2]
    browser.open(f"/track/{track['id']}")
    browser.click("main .head [data-do=radio]")
    heard = [browser.until("return document.getElementById('now-title').textContent === arguments[0]", track["title"])]
    heard = [track["title"]]
    for _ in range(4):
        browser.until(SOUNDS, 0.05)
        browser.click("#next")
        browser.until("return document.getElementById('now-title').textContent !== arguments[0]", heard[-1])
        heard.append(browser.playing)
    assert len(set(heard)) == 5
    assert browser.run("return !document.getElementById('station').hidden")
    browser.click("#station-stop")


def test_a_path_is_saved_as_a_playlist_that_our_reader_reads(browser, folder, tmp_path):
    first, last = tracks(folder)[1], tracks(folder)[-1]
    browser.open("/path")
    browser.type("#end-from", f"{first['artist']} - {first['title']}")
    browser.type("#end-to", f"{last['artist']} - {last['title']}")
    browser.click("main .form button")
    browser.until("return document.querySelectorAll('#answer li').length === 10")
    ids = browser.run(
        "return [...document.querySelectorAll('#answer li')].map((li) => JSON.parse(li.dataset.track).id)"
    )
    assert (ids[0], ids[-1]) == (first["id"], last["id"])
    browser.click("[data-save]")
    browser.run("document.querySelector('dialog input').value = 'From here to there'")
    browser.click("dialog .first")
    browser.click("#toast button")
    browser.until("return document.querySelector('[data-playlist]')?.dataset.name === 'From here to there'")
    assert browser.run("return document.querySelectorAll('[data-tracks] li').length") == 10
    text = browser.driver.execute_async_script(
        "const done = arguments[0]; fetch(document.querySelector('a[download]').href).then((r) => r.text()).then(done)"
    )
    (tmp_path / "saved.m3u8").write_text(text, encoding="utf-8")
    with Library.open_to_write(folder) as library:
        (imported,) = import_playlists(library, read_playlists(str(tmp_path / "saved.m3u8")))
    assert imported.n_matched == 10


def test_a_playlist_is_reordered_by_keys_and_then_flows(browser, folder):
    rows = (
        "return [...document.querySelectorAll('[data-tracks=playlist] li')]"
        ".map((row) => JSON.parse(row.dataset.track).id)"
    )
    before = [one["id"] for one in tracks(folder)[::2]]
    with Library.open_to_write(folder) as library:
        number = create_playlist(library, "Every other one", before)
    browser.open(f"/playlists/{number}")
    assert browser.run(rows) == before
    browser.run("document.querySelectorAll('[data-grip]')[1].focus()")
    browser.press("\ue013")  # arrow up
    moved = [before[1], before[0], *before[2:]]
    assert browser.run(rows) == moved
    kept(folder, number, moved)
    browser.click("[data-playlist-do=flow]")
    browser.until("return document.getElementById('toast').textContent.startsWith('Reordered')")
    flowing = browser.run(rows)
    assert flowing[0] == moved[0] and sorted(flowing) == sorted(moved)
    kept(folder, number, flowing)


def test_picked_tracks_make_one_search(browser, folder):
    first, second, third = tracks(folder)[:3]
    for track in (first, second, third):
        browser.open(f"/track/{track['id']}")
        browser.click("main .head [data-do=pick]")
    browser.click("#tray li:last-child [aria-label$='as unlike']")
    browser.click("#tray-similar")
    browser.until("return location.pathname === '/similar' && document.querySelectorAll('#answer li').length > 5")
    seeds = f"?seed={first['id']}&seed={second['id']}&unlike={third['id']}"
    assert browser.run("return location.search") == seeds
    browser.click("#tray-clear")
    assert browser.run("return document.getElementById('tray').hidden")


def test_a_lasso_makes_a_playlist(browser, folder):
    browser.open("/map")
    browser.until("return document.querySelector('.legend')?.children.length > 0")
    browser.click("[data-map=lasso]")
    browser.run(
        "const c = document.querySelector('canvas'), box = c.getBoundingClientRect();"
        "const at = (kind, x, y) => c.dispatchEvent(new PointerEvent(kind,"
        " {pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true}));"
        "const right = box.width - 1, low = box.height / 4;"
        "at('pointerdown', 1, 1); at('pointermove', right, 1); at('pointermove', right, low);"
        "at('pointermove', 1, low); at('pointerup', 1, low);"
    )
    title = browser.until("return document.querySelector('dialog[open] h2')?.textContent")
    assert title == "Save 6 tracks as a playlist", "the first row of the grid"
    browser.click("dialog .quiet")


def test_a_dot_of_the_map_plays_its_track(browser, folder):
    browser.open("/map")
    browser.until("return document.querySelector('.legend')?.children.length > 0")
    browser.run(
        "const c = document.querySelector('canvas'); const box = c.getBoundingClientRect();"
        "for (const kind of ['pointerdown', 'pointerup']) c.dispatchEvent(new PointerEvent(kind,"
        " {pointerId: 1, clientX: box.left + 32, clientY: box.top + 16, bubbles: true}))"
    )
    corner = tracks(folder, "1 ORDER BY id LIMIT 1 --")[0]["title"]
    browser.until("return document.getElementById('now-title').textContent === arguments[0]", corner)
    browser.run("document.getElementById('audio').pause()")


def test_on_a_phone_nothing_is_wider_than_the_screen(browser, folder):
    album = tracks(folder)[0]["album_id"]
    metrics = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for path in ("/", "/search?q=a", f"/album/{album}", "/path", "/playlists", "/map", "/library", "/liked"):
            browser.open(path)
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), path
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_what_is_pressed_has_a_name_and_keys_are_told(browser):
    nameless = (
        "return [...document.querySelectorAll('button, a[href], input')].filter((one) => one.type !== 'hidden'"
        " && !one.closest('[hidden]') && !one.closest('[aria-hidden]') && !(one.ariaLabel || one.textContent.trim()"
        " || one.labels?.length)).map((one) => one.outerHTML)"
    )
    for path in ("/", "/search?q=a", "/library", "/playlists"):
        browser.open(path)
        assert browser.run(nameless) == [], path
    browser.press("?")
    browser.until("return document.querySelector('dialog[open] .keys') !== null")
    browser.click("dialog button")


def test_nothing_was_asked_for_outside_and_no_script_failed(browser):
    browser.logs()
    assert len(browser.requests) > 5 and browser.messages == []
    assert {
        url for url in browser.requests if not url.startswith((f"{browser.root}/", "data:", "chrome:", "about:"))
    } == set()
